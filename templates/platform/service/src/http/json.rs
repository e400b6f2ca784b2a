//! JSON that can be read in one way only. What parsers disagree about is refused before it is
//! parsed: a member that is there twice, lists and objects that never end.

use std::borrow::Cow;
use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::Value;

use super::{Problem, repeated};
use platform_contract::schema::reference_token;

/// How deep lists and objects may stand in one another: what is read here has to be read by every
/// consumer, and by every engine, with an envelope around it.
const DEPTH: usize = 64;
/// What the names of members begin with by which the JSON library tells itself of numbers.
const RESERVED: &str = "$serde_json::private::";

/// The value of a text.
///
/// # Errors
/// 400, with what is wrong and where.
pub(super) fn parse(text: &[u8]) -> Result<Value, Problem> {
    let text =
        std::str::from_utf8(text).map_err(|error| bad(&format!("it is not UTF-8: {error}")))?;
    Scanner::default().run(text)?;
    serde_json::from_str(text).map_err(|error| bad(&format!("it is not JSON: {error}")))
}

fn bad(what: &str) -> Problem {
    let detail = format!("the body cannot be read: {what}");
    Problem::new(StatusCode::BAD_REQUEST, "bad-json", detail)
}

/// A list or object that is not closed yet, with the place in it that the scan has come to.
enum OpenContainer<'a> {
    List {
        index: usize,
    },
    Object {
        names: HashSet<Cow<'a, str>>,
        name: Cow<'a, str>,
    },
}

/// A walk over the tokens of a text. Where the text is no JSON it sees nothing wrong: the parser will.
#[derive(Default)]
struct Scanner<'a> {
    open: Vec<OpenContainer<'a>>,
}

impl<'a> Scanner<'a> {
    fn run(mut self, text: &'a str) -> Result<(), Problem> {
        let mut at = 0;
        while let Some(byte) = text.as_bytes().get(at) {
            at += 1;
            match byte {
                b'{' => self.enter(OpenContainer::Object {
                    names: HashSet::new(),
                    name: Cow::Borrowed(""),
                })?,
                b'[' => self.enter(OpenContainer::List { index: 0 })?,
                b'}' | b']' => drop(self.open.pop()),
                b',' => self.next_element(),
                b'"' => {
                    let end = end_of_string(text, at);
                    if is_name(text, end) {
                        self.member(text.get(at - 1..end).unwrap_or_default())?;
                    }
                    at = end;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn enter(&mut self, open: OpenContainer<'a>) -> Result<(), Problem> {
        if self.open.len() == DEPTH {
            return Err(bad(&format!(
                "lists and objects are nested more than {DEPTH} deep"
            )));
        }
        self.open.push(open);
        Ok(())
    }

    fn next_element(&mut self) {
        if let Some(OpenContainer::List { index }) = self.open.last_mut() {
            *index += 1;
        }
    }

    /// Notes the name of a member, in its quotes.
    fn member(&mut self, quoted: &'a str) -> Result<(), Problem> {
        let Some(OpenContainer::Object { names, name }) = self.open.last_mut() else {
            return Ok(());
        };
        *name = unquoted(quoted);
        if name.starts_with(RESERVED) {
            return Err(bad(&format!("no member may be called `{name}`")));
        }
        if names.insert(name.clone()) {
            return Ok(());
        }
        Err(repeated::member(self.pointer()))
    }

    /// Where the scan is, as a JSON pointer (RFC 6901).
    fn pointer(&self) -> String {
        let segments = self.open.iter().map(|open| match open {
            OpenContainer::List { index } => format!("/{index}"),
            OpenContainer::Object { name, .. } => format!("/{}", reference_token(name)),
        });
        segments.collect()
    }
}

/// Where the string ends whose first character is at `at`: behind its quotes.
fn end_of_string(text: &str, mut at: usize) -> usize {
    while let Some(byte) = text.as_bytes().get(at) {
        at += match byte {
            b'"' => return at + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    text.len()
}

/// Whether the string that ends there is a member's name.
fn is_name(text: &str, end: usize) -> bool {
    let rest = text.get(end..).unwrap_or_default();
    rest.trim_start_matches([' ', '\t', '\n', '\r'])
        .starts_with(':')
}

/// The text of a string in quotes: two that are written differently may be the same.
fn unquoted(quoted: &str) -> Cow<'_, str> {
    let plain = quoted.trim_matches('"');
    if !quoted.contains('\\') {
        return Cow::Borrowed(plain);
    }
    serde_json::from_str(quoted).map_or(Cow::Borrowed(plain), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::{DEPTH, parse};

    #[track_caller]
    fn refused(text: &str, name: &str, pointer: &str) {
        let problem = parse(text.as_bytes()).expect_err(text);
        let pointers: Vec<_> = problem.violations.iter().map(|one| &one.pointer).collect();
        assert_eq!(problem.name, name, "{text}: {}", problem.detail);
        assert_eq!(
            pointers.first().map_or("", |one| one.as_str()),
            pointer,
            "{text}"
        );
    }

    #[test]
    fn a_member_that_is_there_twice_is_named() {
        refused(r#"{"a":1,"a":2}"#, "repeated", "/a");
        refused(r#"{"a":1,"\u0061" : 1}"#, "repeated", "/a");
        refused(
            r#"{"x":[{},{"a/b":[],"c":{"d":1,"e":"d","d":3}}]}"#,
            "repeated",
            "/x/1/c/d",
        );
        refused(
            r#"[{"a~/":null,"b":{"a~/":1},"a~/":{}}]"#,
            "repeated",
            "/0/a~0~1",
        );
        let fine = r#"{"a":{"a":["a","a",":"]},"b":"\"a\":","\"a":1,"c":[{"a":1},{"a":1}]}"#;
        assert!(parse(fine.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_too_deep_is_said_to_be() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(DEPTH).as_bytes()).is_ok());
        let problem = parse(nested(DEPTH + 1).as_bytes()).unwrap_err();
        assert!(
            problem.detail.contains("nested more than 64 deep"),
            "{}",
            problem.detail
        );
        // However deep it is: nothing recurses.
        refused(&nested(500_000), "bad-json", "");
        assert!(parse(format!("\"{}\"", nested(500)).as_bytes()).is_ok());
    }

    #[test]
    fn what_is_no_json_is_left_to_the_parser() {
        for text in [
            "{",
            "\"",
            "\"\\",
            "{\"a\":1]}",
            "]]",
            "{\"a\":1,}",
            "nul",
            "{\"\\u12\":1}",
        ] {
            refused(text, "bad-json", "");
        }
        assert!(parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_number_keeps_its_digits_and_no_object_passes_for_one() {
        let numbers = "[1e+400,0.10,123456789012345678901234567890,-0.0]";
        assert_eq!(parse(numbers.as_bytes()).unwrap().to_string(), numbers);
        refused(
            r#"{"a":{"$serde_json::private::Number":"1"}}"#,
            "bad-json",
            "",
        );
    }
}
