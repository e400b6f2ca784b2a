//! TOML: a tree of what can be read, and every mistake in what cannot.

use toml::de::DeTable;
use toml_parser::lexer::TokenKind;

use crate::diagnostics::{Diagnostic, SourceFile, Span};

/// The most parts a dotted key has, far more than the language needs. Trees are read and freed by
/// recursion; together with the limit of the TOML parser on nesting this bounds their depth.
const KEY_PARTS: usize = 20;

/// The most mistakes that are shown of one file.
const SHOWN: usize = 50;

/// The tree of a file and the mistakes in it; no tree when it is too deep to be built.
pub(super) fn tree(file: &SourceFile, number: u32) -> (Option<DeTable<'_>>, Vec<Diagnostic>) {
    let place = |start, end| place(number, start, end);
    if let Some((start, end)) = deep_key(file.text()) {
        let message = format!("a key has more than {KEY_PARTS} parts");
        let diagnostic = Diagnostic::error("syntax", message).at(place(start, end), "");
        return (None, vec![diagnostic]);
    }
    let (table, errors) = DeTable::parse_recoverable(file.text());
    let mistakes = errors.into_iter().map(|error| {
        let range = error.span().unwrap_or_default();
        (range.start, range.end, error.message().to_owned())
    });
    let mistakes = essential(file, mistakes.collect());
    let more = mistakes.len().saturating_sub(SHOWN);
    let mut diagnostics: Vec<_> = mistakes
        .into_iter()
        .take(SHOWN)
        .map(|(start, end, message)| {
            let message = worded(&message, file.text().get(start..end).unwrap_or_default());
            Diagnostic::error("syntax", message).at(place(start, end), "")
        })
        .collect();
    if let Some(last) = diagnostics.last_mut().filter(|_| more > 0) {
        last.notes
            .push(format!("{more} more in this file are not shown"));
    }
    (Some(table.into_inner()), diagnostics)
}

pub(super) fn place(file: u32, start: usize, end: usize) -> Span {
    let offset = |byte| u32::try_from(byte).unwrap_or(u32::MAX);
    Span {
        file,
        start: offset(start),
        end: offset(end),
    }
}

/// Where a dotted key has too many parts.
fn deep_key(text: &str) -> Option<(usize, usize)> {
    let mut start = 0;
    let mut parts = 1;
    for token in toml_parser::Source::new(text).lex() {
        match token.kind() {
            TokenKind::Dot => parts += 1,
            TokenKind::Whitespace
            | TokenKind::Atom
            | TokenKind::BasicString
            | TokenKind::LiteralString => {}
            _ => {
                start = token.span().end();
                parts = 1;
            }
        }
        if parts > KEY_PARTS {
            return Some((start, token.span().end()));
        }
    }
    None
}

type Mistake = (usize, usize, String);

/// The mistakes by place, without those that only follow from an earlier one: further ones in the
/// same line, and what a bracket that is never closed makes of the lines it swallows.
fn essential(file: &SourceFile, mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort();
    let inside = |message: &str| {
        [
            "in array",
            "array element",
            "inline table",
            "key-value pair",
        ]
        .iter()
        .any(|words| message.contains(words))
            && !message.contains("unclosed")
    };
    let first = mistakes.iter().position(|mistake| inside(&mistake.2));
    let unclosed = mistakes.iter().rposition(|(_, _, message)| {
        message.contains("unclosed array") || message.contains("unclosed inline table")
    });
    if let (Some(first), Some(unclosed)) = (first, unclosed)
        && first < unclosed
    {
        mistakes.drain(first + 1..unclosed);
    }
    mistakes.dedup_by_key(|mistake| file.position(mistake.0).line);
    mistakes
}

/// The parser's message with what it is about.
fn worded(message: &str, text: &str) -> String {
    match message {
        "duplicate key" => format!("duplicate key `{text}`"),
        "recursion limit" | "cannot recurse further; max recursion depth met" => {
            "nested too deeply".to_owned()
        }
        "string values must be quoted, expected literal string" if text.is_empty() => {
            "a value is missing".to_owned()
        }
        "string values must be quoted, expected literal string" => {
            format!("`{text}` is not a value; strings are written in quotes")
        }
        _ => message.to_owned(),
    }
}
