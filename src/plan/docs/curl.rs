//! Requests as lines for a shell.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::plan::rust::names;

/// What is known of an aggregate that a line made: the variable with its id, and its members as
/// they were sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Made {
    /// The shell variable that holds its id.
    pub variable: String,
    /// Its members.
    pub members: Map<String, Value>,
}

/// A shell variable for the id of an aggregate: `ORDER_ID`. The ending keeps it apart from
/// variables that shells have themselves.
pub(super) fn variable(aggregate: &str) -> String {
    format!("{}_ID", names::snake(aggregate).to_uppercase())
}

/// What stands for the value of a variable inside a body.
pub(super) fn placeholder(variable: &str) -> String {
    format!("${{{variable}}}")
}

/// A request as a line for a shell: the component `request` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Request {
    /// The variable that keeps the id of what it makes; `None` where it makes nothing.
    creates: Option<String>,
    /// Where it goes, as a word of a shell.
    url: String,
    /// What tells it from others; `None` for one that only reads.
    key: Option<String>,
    /// What it sends, as a word of a shell.
    body: Option<String>,
    /// What it asks by, each as a word of a shell.
    parameters: Vec<String>,
}

impl Request {
    /// One that creates: its answer is shown, the id kept in a variable.
    pub(super) fn create(variable: &str, url: &str, key: &str, body: &Value) -> Self {
        Self {
            creates: Some(variable.to_owned()),
            ..Self::update(url, key, body)
        }
    }

    /// One that changes.
    pub(super) fn update(url: &str, key: &str, body: &Value) -> Self {
        Self {
            key: Some(key.to_owned()),
            body: Some(quoted(&body.to_string())),
            ..Self::read(url)
        }
    }

    /// One that reads.
    pub(super) fn read(url: &str) -> Self {
        Self {
            creates: None,
            url: address(url),
            key: None,
            body: None,
            parameters: Vec::new(),
        }
    }

    /// One that asks, with parameters.
    pub(super) fn query(url: &str, parameters: &[(String, String)]) -> Self {
        let parameters = parameters.iter();
        let parameters = parameters.map(|(name, value)| quoted(&format!("{name}={value}")));
        Self {
            parameters: parameters.collect(),
            ..Self::read(url)
        }
    }
}

/// An address, in which `${…_ID}` stands for the variable's value; paths need no other quotes.
fn address(url: &str) -> String {
    match url.contains("${") {
        true => format!("\"{}\"", url.replace("${", "$").replace('}', "")),
        false => quoted(url),
    }
}

/// A text as one word of a shell, in which `${…_ID}` stands for the variable's value.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:.-_".contains(c);
    if text.chars().all(plain) {
        return text.to_owned();
    }
    let mut word = String::from("'");
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let name = after.split_once('}').filter(|(name, _)| is_variable(name));
        word.push_str(&before.replace('\'', "'\\''"));
        match name {
            Some((name, behind)) => {
                word.push_str(&format!("'\"${name}\"'"));
                rest = behind;
            }
            None => {
                word.push_str("${");
                rest = after;
            }
        }
    }
    word.push_str(&rest.replace('\'', "'\\''"));
    word.push('\'');
    // An empty pair of quotes next to a variable says nothing.
    word.strip_suffix("\"''")
        .map_or(word.clone(), |word| format!("{word}\""))
}

fn is_variable(name: &str) -> bool {
    name.ends_with("_ID")
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_says_what_its_text_said() {
        assert_eq!(
            quoted("http://127.0.0.1:8101/a-b"),
            "http://127.0.0.1:8101/a-b"
        );
        assert_eq!(quoted("it's ${x}"), "'it'\\''s ${x}'");
        assert_eq!(quoted("/a/${A_ID}"), "'/a/'\"$A_ID\"");
        assert_eq!(quoted("{\"a\":\"${A_ID}\"}"), "'{\"a\":\"'\"$A_ID\"'\"}'");
    }
}
