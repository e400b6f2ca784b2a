//! From a TOML tree to declared types: every finding is recorded, whatever can be read is read.

use indexmap::IndexMap;
use toml::de::{DeTable, DeValue};

use super::shape::Shape;
use crate::diagnostics::{Diagnostic, Span, did_you_mean};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A value under a name of the user's, and where that name stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Keyed<T> {
    /// Where the name stands.
    pub key: Span,
    /// What is under it.
    pub value: T,
}

/// Things by name, in the order of the text.
///
/// A thing that could not be read is not among them; its name is kept in `broken`, so that whoever
/// refers to it is not told that it does not exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Map<T> {
    /// What could be read.
    pub entries: IndexMap<String, Keyed<T>>,
    /// The names of what could not, and where they stand; an error was reported for each.
    pub broken: IndexMap<String, Span>,
}

/// One value, or a list of them.
#[derive(Debug, Clone, PartialEq)]
pub struct OneOrMany<T>(pub Vec<T>);

/// A type that can be read from a description, and says what it looks like there.
pub(crate) trait Parse: Sized {
    /// Reads `node`; `None` after an error was reported.
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self>;

    /// What it looks like.
    fn shape() -> Shape;

    /// What a key of this type is when it is left out; `None` when it may not be.
    fn absent() -> Option<Self> {
        None
    }
}

/// A place in the TOML tree.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    /// The key it is under, as errors call it.
    pub name: &'a str,
    /// Where that key stands.
    pub key: Span,
    /// Whether it is an element of the list under that key.
    pub element: bool,
    /// What is there.
    pub value: &'a DeValue<'a>,
    /// Where that stands.
    pub span: Span,
    /// How many values it is inside of.
    pub depth: u32,
}

impl Node<'_> {
    /// What errors call it.
    fn title(&self) -> String {
        if self.element {
            format!("an element of `{}`", self.name)
        } else {
            format!("`{}`", self.name)
        }
    }
}

impl<'a> Node<'a> {
    /// The tree of a whole file.
    pub fn root(value: &'a DeValue<'a>, file: u32) -> Self {
        let span = Span {
            file,
            ..Span::default()
        };
        Self {
            name: "",
            key: span,
            element: false,
            value,
            span,
            depth: 0,
        }
    }

    /// The `part` of its `text`, at its own place where the text is written without escapes.
    pub fn part(&self, text: &'a str, part: &'a str) -> Spanned<String> {
        let start = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
        let plain = (self.span.end.saturating_sub(self.span.start)) as usize == text.len() + 2;
        let span = if plain && start + part.len() <= text.len() {
            let start = self.span.start + 1 + start as u32;
            Span {
                start,
                end: start + part.len() as u32,
                ..self.span
            }
        } else {
            self.span
        };
        Spanned {
            value: part.to_owned(),
            span,
        }
    }
}

/// The state of reading one file.
pub(crate) struct Parser {
    /// The number of the file.
    pub file: u32,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parser {
    /// The span of `range` in the file.
    pub fn span(&self, range: std::ops::Range<usize>) -> Span {
        super::syntax::place(self.file, range.start, range.end)
    }

    /// Reports that `node` is not of the shape.
    pub fn wrong_type(&mut self, node: Node<'_>, expected: &Shape) {
        let found = found(node.value);
        let message = format!("{} must be {}, not {found}", node.title(), expected.words());
        let help = match (node.value, expected) {
            (DeValue::Datetime(value), _) => Some(format!("write it as a string: `\"{value}\"`")),
            (DeValue::Array(_), _) => None,
            (DeValue::Table(_), Shape::List(_)) => Some(format!("write `[[…{}]]`", node.name)),
            (_, Shape::List(_)) => Some("put it in brackets: `[…]`".to_owned()),
            _ => None,
        };
        let mut diagnostic = Diagnostic::error("wrong-type", message).at(node.span, "");
        diagnostic.helps.extend(help);
        self.diagnostics.push(diagnostic);
    }

    /// Reports that the text of `node` does not say what it should.
    pub fn wrong_text(&mut self, node: Node<'_>, problem: &str, help: Option<String>) {
        let message = format!(
            "invalid {}: {problem}",
            node.title().trim_start_matches("an ")
        );
        let mut diagnostic = Diagnostic::error("wrong-value", message).at(node.span, "");
        diagnostic.helps.extend(help);
        self.diagnostics.push(diagnostic);
    }

    /// The text of `node`, or an error that calls it what the shape does.
    pub fn text<'a>(&mut self, node: Node<'a>, expected: &Shape) -> Option<&'a str> {
        let text = node.value.as_str();
        if text.is_none() {
            self.wrong_type(node, expected);
        }
        text
    }

    /// The keys of `node` as a table that may have the `known` ones.
    pub fn table<'a>(&mut self, node: Node<'a>, known: &[&'static str]) -> Option<TableReader<'a>> {
        let Some(table) = node.value.as_table() else {
            self.wrong_type(node, &Shape::Table(super::raw::no_table));
            return None;
        };
        let mut misspelt = false;
        // A thing made of others is not left out, and all of them with it, for one plain value.
        let is_known = |key: &str| known.contains(&key);
        let is_container = table
            .iter()
            .any(|(key, value)| is_known(key.get_ref()) && value.get_ref().is_table());
        for (key, value) in table {
            if !is_known(key.get_ref()) {
                let span = self.span(key.span());
                let resembles = self.unknown_key(key.get_ref(), span, known);
                misspelt |= resembles && (!is_container || value.get_ref().is_table());
            }
        }
        Some(TableReader {
            node,
            table,
            broken: misspelt,
            misspelt,
        })
    }

    /// Reports an unknown key; says whether it was probably meant to be a known one.
    pub fn unknown_key(&mut self, key: &str, span: Span, known: &[&'static str]) -> bool {
        let message = format!("unknown key `{key}`");
        let diagnostic = Diagnostic::error("unknown-key", message).at(span, "");
        let meant = did_you_mean(key, known.iter().copied());
        let misspelt = meant.is_some();
        self.diagnostics.push(match meant {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.note(format!("the keys here are {}", list(known))),
        });
        misspelt
    }
}

/// The names as a list in words.
fn list(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// What a TOML value is, in words.
fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Reads the keys of one table.
pub(crate) struct TableReader<'a> {
    node: Node<'a>,
    table: &'a DeTable<'a>,
    /// Whether something in it could not be read, so that the table as a whole says too little.
    pub broken: bool,
    /// Whether a key is misspelt, so that what seems missing may be there.
    pub misspelt: bool,
}

impl<'a> TableReader<'a> {
    /// Reads the key `name`; `None` (and the table is broken) after an error was reported.
    pub fn member<T: Parse>(&mut self, name: &'static str, parser: &mut Parser) -> Option<T> {
        let member = match self.table.get_key_value(name) {
            Some((key, value)) => T::parse(
                Node {
                    name,
                    key: parser.span(key.span()),
                    element: false,
                    value: value.get_ref(),
                    span: parser.span(value.span()),
                    depth: self.node.depth + 1,
                },
                parser,
            ),
            None => T::absent().or_else(|| self.missing(name, parser)),
        };
        self.broken |= member.is_none();
        member
    }

    /// Reads the things under the key `name`; none when they cannot be read.
    pub fn map<T: Parse>(&mut self, name: &'static str, parser: &mut Parser) -> Map<T> {
        self.member(name, parser).unwrap_or_default()
    }

    /// Where the key `name` stands, when it is there.
    pub fn key(&self, name: &str, parser: &Parser) -> Option<Span> {
        self.table
            .get_key_value(name)
            .map(|(key, _)| parser.span(key.span()))
    }

    fn missing<T: Parse>(&self, name: &'static str, parser: &mut Parser) -> Option<T> {
        // A misspelt key was reported as such; that it is missing would be the same mistake again.
        if !self.misspelt {
            let message = format!("{} needs the key `{name}`", self.node.title());
            let place = if self.node.element {
                self.node.span
            } else {
                self.node.key
            };
            let diagnostic = Diagnostic::error("missing-key", message).at(place, "");
            let what = T::shape().words();
            parser
                .diagnostics
                .push(diagnostic.help(format!("add `{name}`: {what}")));
        }
        None
    }
}
