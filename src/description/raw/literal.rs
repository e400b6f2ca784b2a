//! Values: defaults and bounds.

use indexmap::IndexMap;
use toml::de::DeValue;

use super::{Keyed, Spanned};
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

/// A value as written; whether it suits its type is validation's to say.
#[derive(Debug, Clone, PartialEq)]
pub enum RawLiteral {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// A list.
    List(Vec<Spanned<RawLiteral>>),
    /// A table: a value object.
    Table(IndexMap<String, Keyed<Spanned<RawLiteral>>>),
}

impl RawLiteral {
    /// What it is, in words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "a boolean",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// How deep a value may be nested, counted from the top of the file: literals are read and used by
/// recursion.
const DEPTH: u32 = 40;

impl Parse for RawLiteral {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.depth > DEPTH {
            parser.wrong_text(node, "nested too deeply", None);
            return None;
        }
        match node.value {
            DeValue::String(text) => Some(Self::Text(text.to_string())),
            DeValue::Boolean(value) => Some(Self::Bool(*value)),
            DeValue::Integer(_) => i64::parse(node, parser).map(Self::Integer),
            DeValue::Float(float) => float.as_str().parse().ok().map(Self::Float).or_else(|| {
                parser.wrong_type(node, &Shape::Number);
                None
            }),
            DeValue::Array(_) => Vec::parse(node, parser).map(Self::List),
            DeValue::Table(table) => {
                let map = super::Map::parse(node, parser)?;
                (map.entries.len() == table.len()).then_some(Self::Table(map.entries))
            }
            DeValue::Datetime(_) => {
                parser.wrong_type(node, &Self::shape());
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Any
    }
}

/// A bound: a number, or a string for the types that are written as strings.
#[derive(Debug, Clone, PartialEq)]
pub enum RawBound {
    /// A string: a decimal, a duration, a date.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
}

impl Parse for RawBound {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if matches!(
            node.value,
            DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_)
        ) {
            return match RawLiteral::parse(node, parser)? {
                RawLiteral::Text(text) => Some(Self::Text(text)),
                RawLiteral::Integer(integer) => Some(Self::Integer(integer)),
                RawLiteral::Float(float) => Some(Self::Float(float)),
                _ => None,
            };
        }
        parser.wrong_type(node, &Self::shape());
        None
    }

    fn shape() -> Shape {
        Shape::Either(vec![
            Shape::Number,
            Shape::text("a string as `\"0.01\"` or `\"2026-01-01\"`"),
        ])
    }
}
