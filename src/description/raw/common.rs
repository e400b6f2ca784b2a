//! What many tables share.

use super::{Spanned, Text};
use crate::description::declare::table;
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

table! {
    /// What every named thing may say of itself.
    #[derive(Default)]
    pub struct RawAbout {
        /// What it is, for readers of the generated code and its documents.
        doc: Option<Text>,
        /// That it should no longer be used: `true`, or why.
        deprecated: Option<Spanned<RawDeprecation>> = "`false`",
        /// What it was called before. Renames are declared, never guessed.
        renamed_from: Option<Text>,
    }
}

/// Whether a thing should no longer be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawDeprecation {
    /// It may be used: `false`.
    No,
    /// It should not: `true`.
    Yes,
    /// It should not, for this reason.
    Because(String),
}

impl Parse for RawDeprecation {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if let Some(reason) = node.value.as_str() {
            return Some(Self::Because(reason.to_owned()));
        }
        let deprecated = node.value.as_bool();
        if deprecated.is_none() {
            parser.wrong_type(node, &Self::shape());
        }
        deprecated.map(|deprecated| if deprecated { Self::Yes } else { Self::No })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Bool, Shape::text("the reason")])
    }
}

/// A word of a list that is a thing of its own: a value of an enum, a state.
#[derive(Debug, Clone, PartialEq)]
pub struct RawWord {
    /// The word.
    pub name: Text,
    /// What its long form says of it.
    pub about: RawAbout,
}

table! {
    /// The long form of a word in a list: of a value of an enum, a state.
    pub struct RawWordTable with about: RawAbout {
        /// The word.
        name: Text,
    }
}

impl Parse for RawWord {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            let RawWordTable { name, about } = RawWordTable::parse(node, parser)?;
            return Some(Self { name, about });
        }
        let value = parser.text(node, &Self::shape())?.to_owned();
        Some(Self {
            name: Spanned {
                value,
                span: node.span,
            },
            about: RawAbout::default(),
        })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::text("a word"), RawWordTable::shape()])
    }
}

/// A member in a list where `?` means that it may be left out: `"email?"`.
#[derive(Debug, Clone, PartialEq)]
pub struct RawMember {
    /// Its name.
    pub name: Text,
    /// Whether a `?` follows.
    pub optional: bool,
}

impl Parse for RawMember {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        let (name, optional) = match text.strip_suffix('?') {
            Some(name) => (name, true),
            None => (text, false),
        };
        Some(Self {
            name: node.part(text, name),
            optional,
        })
    }

    fn shape() -> Shape {
        Shape::text("a member as `\"name\"` or `\"name?\"`")
    }
}

/// A member that an event carries; `!` where the aggregate may lack it, and the event never does: `"quote!"`.
#[derive(Debug, Clone, PartialEq)]
pub struct RawCarried {
    /// Its name.
    pub name: Text,
    /// The `!`, where one follows.
    pub certain: bool,
}

impl Parse for RawCarried {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        let (name, certain) = match text.strip_suffix('!') {
            Some(name) => (name, true),
            None => (text, false),
        };
        Some(Self {
            name: node.part(text, name),
            certain,
        })
    }

    fn shape() -> Shape {
        Shape::text("a member as `\"name\"` or `\"name!\"`")
    }
}

/// A name of this context, or of another one: `"User"`, `"user.User"`.
#[derive(Debug, Clone, PartialEq)]
pub struct RawPath {
    /// The context, when one is named.
    pub context: Option<Text>,
    /// The name there.
    pub name: Text,
}

impl Parse for RawPath {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        let parts: Vec<_> = text.split('.').collect();
        match parts[..] {
            [name] if !name.is_empty() => Some(Self {
                context: None,
                name: node.part(text, name),
            }),
            [context, name] if !context.is_empty() && !name.is_empty() => {
                let context = Some(node.part(text, context));
                Some(Self {
                    context,
                    name: node.part(text, name),
                })
            }
            _ => {
                parser.wrong_text(
                    node,
                    &format!("`{text}` is not {}", Self::shape().words()),
                    None,
                );
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text {
            what: "a name of this context, or `\"context.Name\"`",
            pattern: Some(r"^[^.]+(\.[^.]+)?$"),
        }
    }
}

/// A span of time: `"200ms"`, `"5s"`, `"15m"`, `"24h"`, `"30d"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RawDuration {
    /// Its milliseconds.
    pub millis: u64,
}

impl RawDuration {
    /// Reads one; `None` when it is none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let unit: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        let millis = number.parse::<u64>().ok()?.checked_mul(unit)?;
        // Databases and clocks count in signed numbers.
        i64::try_from(millis).ok().map(|_| Self { millis })
    }
}

impl Parse for RawDuration {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        let duration = Self::read(text);
        if duration.is_none() {
            let help =
                "write a whole number and a unit: `ms`, `s`, `m`, `h`, `d` or `w`".to_owned();
            parser.wrong_text(node, &format!("`{text}` is not a duration"), Some(help));
        }
        duration
    }

    fn shape() -> Shape {
        Shape::Text {
            what: "a duration as `\"30s\"`",
            pattern: Some("^[0-9]+(ms|s|m|h|d|w)$"),
        }
    }
}
