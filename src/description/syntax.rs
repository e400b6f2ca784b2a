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
        let text = file.text().get(range.clone()).unwrap_or_default();
        let message = worded(error.message(), text);
        Diagnostic::error("syntax", message).at(place(range.start, range.end), "")
    });
    let mut mistakes = essential(file, number, mistakes.collect());
    let more = mistakes.len().saturating_sub(SHOWN);
    mistakes.truncate(SHOWN);
    if let Some(last) = mistakes.last_mut().filter(|_| more > 0) {
        last.notes
            .push(format!("{more} more in this file are not shown"));
    }
    (Some(table.into_inner()), mistakes)
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

/// The mistakes by place, without those that only follow from an earlier one: further ones in the
/// same line, and what a bracket that is never closed makes of the text it swallows.
fn essential(file: &SourceFile, number: u32, mut mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let start = |mistake: &Diagnostic| mistake.labels.first().map_or(0, |label| label.span.start);
    let unclosed = |mistake: &Diagnostic| {
        mistake.message.contains("unclosed array") || mistake.message.contains("unclosed inline")
    };
    if mistakes.iter().any(unclosed)
        && let Some((at, bracket)) = open_bracket(file.text())
    {
        let place = place(number, at, at + 1);
        mistakes.retain(|mistake| start(mistake) < place.start);
        let message = format!("the `{bracket}` is never closed");
        mistakes.push(Diagnostic::error(UNCLOSED, message).at(place, ""));
    }
    mistakes.sort_by_key(start);
    mistakes.dedup_by_key(|mistake| file.position(start(mistake) as usize).line);
    mistakes
}

/// The code of a bracket that is never closed: what follows it in the file was not understood.
pub(super) const UNCLOSED: &str = "unclosed-bracket";

/// The first bracket that opens a value and is never closed. Headers are balanced in themselves.
fn open_bracket(text: &str) -> Option<(usize, char)> {
    let mut value = false;
    let mut depth = 0_usize;
    let mut opened = None;
    for token in toml_parser::Source::new(text).lex() {
        let at = token.span().start();
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket if depth > 0 => depth += 1,
            TokenKind::LeftSquareBracket if value => (depth, opened) = (1, Some((at, '['))),
            TokenKind::LeftCurlyBracket if value => (depth, opened) = (1, Some((at, '{'))),
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        value = match token.kind() {
            TokenKind::Equals => true,
            TokenKind::Whitespace => value,
            _ => false,
        };
    }
    opened.filter(|_| depth > 0)
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
