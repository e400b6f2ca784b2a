//! Read models and synchronous calls.

use super::{Map, RawAbout, RawDuration, RawPath, Spanned, Text};
use crate::description::declare::{choice, table};
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

table! {
    /// A read model: a declared join, kept by events, in a database of its own.
    pub struct RawReadModel with about: RawAbout {
        /// The aggregate it has a row for.
        of: Spanned<RawPath>,
        /// How old it may be before it counts as stale. Every read model must say so: there is no
        /// default.
        stale_after: Option<Spanned<RawDuration>>,
        /// Its columns, by name.
        columns: Map<RawColumn>,
        /// The columns it may be filtered by.
        filter: Vec<Text>,
        /// The columns it may be sorted by.
        sort: Vec<Text>,
        /// Counts and sums, by name, over the rows of each group.
        measures: Map<RawMeasure>,
        /// The columns whose values make a group.
        group_by: Vec<Text>,
        /// The roles that may read it.
        allow: Option<Spanned<Vec<Text>>> = "any caller",
        /// Its path in HTTP.
        path: Option<Text> = "its name in kebab-case",
    }
}

/// A column of a read model: `"borrower.name"`, or its long form.
#[derive(Debug, Clone, PartialEq)]
pub struct RawColumn {
    /// The members that lead to it, over references.
    pub of: Spanned<Vec<Text>>,
    /// What it says of itself.
    pub about: RawAbout,
}

table! {
    /// The long form of a column.
    pub struct RawColumnTable with about: RawAbout {
        /// A member of the aggregate, or a path over references: `"borrower.name"`.
        of: Spanned<MemberPath>,
    }
}

impl Parse for RawColumn {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            let RawColumnTable { of, about } = RawColumnTable::parse(node, parser)?;
            return Some(Self {
                of: of.map(|path| path.0),
                about,
            });
        }
        parser.text(node, &Self::shape())?;
        let MemberPath(value) = MemberPath::parse(node, parser)?;
        Some(Self {
            of: Spanned {
                value,
                span: node.span,
            },
            about: RawAbout::default(),
        })
    }

    fn shape() -> Shape {
        Shape::Either(vec![MemberPath::shape(), RawColumnTable::shape()])
    }
}

/// Members that lead somewhere over references: `"borrower.name"`.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberPath(pub Vec<Text>);

impl Parse for MemberPath {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        if text.split('.').any(str::is_empty) {
            parser.wrong_text(
                node,
                &format!("`{text}` is not {}", Self::shape().words()),
                None,
            );
            return None;
        }
        Some(Self(
            text.split('.').map(|part| node.part(text, part)).collect(),
        ))
    }

    fn shape() -> Shape {
        Shape::Text {
            what: "a member or a path over references as `\"borrower.name\"`",
            pattern: Some(r"^[^.]+(\.[^.]+)*$"),
        }
    }
}

/// A measure of a read model.
#[derive(Debug, Clone, PartialEq)]
pub enum RawMeasure {
    /// How many rows.
    Count,
    /// The sum of a column.
    Sum(Text),
}

impl Parse for RawMeasure {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        let column = text
            .strip_prefix("sum(")
            .and_then(|rest| rest.strip_suffix(')'));
        match column.map(str::trim) {
            Some(column) if !column.is_empty() => Some(Self::Sum(node.part(text, column))),
            None if text == "count" => Some(Self::Count),
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
            what: "`\"count\"` or `\"sum(column)\"`",
            pattern: Some(r"^(count|sum\(.+\))$"),
        }
    }
}

table! {
    /// A synchronous call of another context's query: allowed, bounded, linted.
    pub struct RawCall with about: RawAbout {
        /// The query, `"context.Query"`.
        to: Spanned<RawPath>,
        /// The query's parameters by name: the member each is taken from.
        with: Map<Text> = "by name and type",
        /// How long it may take. Every call must say so: there is no default.
        timeout: Option<Spanned<RawDuration>>,
        /// What happens when the other side is down.
        fallback: Option<Spanned<RawFallback>> = "`\"refuse\"`",
    }
}

choice! {
    /// What happens when the other side of a call is down.
    pub enum RawFallback {
        /// The command is refused.
        Refuse = "refuse",
        /// The last answer is used.
        Stale = "stale",
        /// The decision sees that there is no answer.
        Absent = "absent",
    }
}
