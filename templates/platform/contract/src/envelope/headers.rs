//! The headers of a message.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// How many headers, and how many bytes of them, a message has room for at first: the runtime's own
/// have fewer.
const ROOM: (usize, usize) = (16, 1_024);

/// Names and values, in the order in which they were put in.
///
/// They are most of what there is to do with a message, so all their texts lie in one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Name, value, name, value.
    text: String,
    /// Where each name ends, and where its value does.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// No headers, and room for those of a message.
    pub fn new() -> Self {
        Self {
            text: String::with_capacity(ROOM.1),
            ends: Vec::with_capacity(ROOM.0),
        }
    }

    /// Puts one behind the others. Of those with one name the last counts.
    pub fn push(&mut self, name: &str, value: &str) {
        self.text.push_str(name);
        let name = self.text.len();
        self.text.push_str(value);
        self.ends.push((name, self.text.len()));
    }

    /// The value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        (0..self.len())
            .rev()
            .map(|number| self.at(number))
            .find_map(|(its, value)| (its == name).then_some(value))
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        (0..self.len()).map(|number| self.at(number))
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes names and values have together.
    pub const fn size(&self) -> usize {
        self.text.len()
    }

    fn at(&self, number: usize) -> (&str, &str) {
        let start = number
            .checked_sub(1)
            .map_or(0, |before| self.ends[before].1);
        let (name, value) = self.ends[number];
        (&self.text[start..name], &self.text[name..value])
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Headers {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(headers: I) -> Self {
        let mut all = Self::new();
        for (name, value) in headers {
            all.push(name, value);
        }
        all
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(All)
    }
}

/// Reads a map of texts.
struct All;

impl<'de> Visitor<'de> for All {
    type Value = Headers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("headers with texts as their values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Headers::new();
        while let Some(name) = map.next_key_seed(End(&mut headers.text))? {
            let value = map.next_value_seed(End(&mut headers.text))?;
            headers.ends.push((name, value));
        }
        Ok(headers)
    }
}

/// Reads a text behind this one, and says where it ends.
struct End<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for End<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for End<'_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<usize, E> {
        self.0.push_str(text);
        Ok(self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Headers;

    #[test]
    fn headers_are_what_was_put_in() {
        let all = [("b", "1"), ("a", ""), ("ü", "zwei\n")];
        let headers: Headers = all.into_iter().collect();
        assert_eq!(headers.iter().collect::<Vec<_>>(), all);
        assert_eq!((headers.len(), headers.size()), (3, 10));
        assert_eq!(headers.get("a"), Some(""));
        assert_eq!(headers.get("ü"), Some("zwei\n"));
        assert_eq!(headers.get("c"), None);
        assert!(Headers::default().get("a").is_none() && Headers::new().is_empty());
    }

    #[test]
    fn of_headers_with_one_name_the_last_counts() {
        let headers: Headers = [("a", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(headers.get("a"), Some("3"));
    }

    #[test]
    fn headers_are_stored_as_a_map_of_texts() {
        let headers: Headers = [("b", "1\u{e9}\n"), ("a", "\"")].into_iter().collect();
        let text = serde_json::to_string(&headers).unwrap();
        assert_eq!(text, r#"{"b":"1é\n","a":"\""}"#);
        assert_eq!(serde_json::from_str::<Headers>(&text).unwrap(), headers);
        assert!(serde_json::from_str::<Headers>(r#"{"a": 1}"#).is_err());
    }
}
