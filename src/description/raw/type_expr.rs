//! Type expressions: `string?`, `[Money]`, `decimal(18,2)`.

use super::{RawPath, RawWord, Spanned, Text};
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

/// A type, and whether it is optional or a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RawType {
    /// The type itself.
    pub expr: Spanned<RawTypeExpr>,
    /// Whether it may be absent: `?` or `optional = true`.
    pub optional: bool,
    /// Whether it is a list: `[T]` or `list = true`.
    pub list: bool,
}

/// The type itself.
#[derive(Debug, Clone, PartialEq)]
pub enum RawTypeExpr {
    /// One of the language's own types, a value object or an enum.
    Named(Text),
    /// `decimal(precision,scale)`.
    Decimal {
        /// Digits in all.
        precision: Spanned<u32>,
        /// Digits after the point.
        scale: Spanned<u32>,
    },
    /// `{ enum = […] }`.
    Enum(Vec<RawWord>),
    /// `{ ref = "…" }`.
    Ref(RawPath),
}

impl Parse for RawType {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        let (inner, optional) = strip_optional(text);
        let list = inner
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let ty = match list.map(str::trim) {
            Some(element) if strip_optional(element).1 => {
                Err("is a list of optional elements, which there are not")
            }
            Some(element) => base(node, text, element).map(|expr| (expr, true)),
            None => base(node, text, inner).map(|expr| (expr, false)),
        };
        match ty {
            Ok((expr, list)) => Some(Self {
                expr,
                optional,
                list,
            }),
            Err(problem) => {
                let help = "types are `string`, `decimal(18,2)`, `Money`, `[Money]`, each with `?` \
                            when it is optional";
                parser.wrong_text(node, &format!("`{text}` {problem}"), Some(help.to_owned()));
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::text("a type as `\"string?\"`")
    }
}

fn strip_optional(text: &str) -> (&str, bool) {
    let text = text.trim();
    match text.strip_suffix('?') {
        Some(inner) => (inner.trim(), true),
        None => (text, false),
    }
}

/// Reads a type without `?` and brackets.
fn base(node: Node<'_>, text: &str, part: &str) -> Result<Spanned<RawTypeExpr>, &'static str> {
    let whole = node.part(text, part);
    if let Some(arguments) = part.strip_prefix("decimal") {
        let arguments = arguments
            .trim()
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        if let Some((precision, scale)) = arguments.and_then(|list| list.split_once(',')) {
            let digits = |part: &str| {
                let part = node.part(text, part.trim());
                part.value.parse().map(|value| Spanned {
                    value,
                    span: part.span,
                })
            };
            if let (Ok(precision), Ok(scale)) = (digits(precision), digits(scale)) {
                return Ok(whole.map(|_| RawTypeExpr::Decimal { precision, scale }));
            }
        }
        if arguments.is_some() || part == "decimal" {
            return Err("does not say its digits in all and after the point");
        }
    }
    let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if part.is_empty() || !part.chars().all(named) {
        return Err("is not a type");
    }
    Ok(whole.clone().map(|_| RawTypeExpr::Named(whole)))
}
