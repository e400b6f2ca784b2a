//! Events, queries, replicas.

use super::{Map, RawAbout, RawCarried, RawDuration, RawField, RawPath, Spanned, Text};
use crate::description::declare::table;
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

table! {
    /// An event: what a context tells the world. It carries the aggregate's id, sequence and status
    /// without asking.
    pub struct RawEvent with about: RawAbout {
        /// The aggregate it is of.
        of: Text,
        /// The members of the aggregate it carries. `"quote!"`: the aggregate may lack the member, but
        /// whenever this event happens it is there, so that the event's field is required; the decision
        /// gives it.
        fields: Vec<RawCarried>,
        /// Fields of the event's own, by name. Its commands give them from own inputs of the same name
        /// and type; a required one that a command has no such input for, its decision works out.
        own: Map<RawField>,
        /// Its version, raised by an incompatible change.
        version: Option<Spanned<u32>> = "`1`",
    }
}

table! {
    /// A query: an index and an endpoint.
    pub struct RawQuery with about: RawAbout {
        /// The aggregate it finds.
        of: Text,
        /// The members it is asked by. Where they cover a unique key it has one answer, else pages.
        by: Vec<Text>,
        /// A member it is asked a range of: from the first one that is looked for to the first one that is
        /// not, so that the end is excluded.
        range: Option<Text>,
        /// The members it is ordered by, `"-member"` descending; then by id.
        order_by: Vec<RawOrder>,
        /// The roles that may ask it.
        allow: Option<Spanned<Vec<Text>>> = "any caller",
        /// Its path in HTTP.
        path: Option<Text> = "derived from its name",
    }
}

/// A member to order by: `"-created_at"`.
#[derive(Debug, Clone, PartialEq)]
pub struct RawOrder {
    /// The member.
    pub name: Text,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Parse for RawOrder {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        let text = parser.text(node, &Self::shape())?;
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        Some(Self {
            name: node.part(text, name),
            descending,
        })
    }

    fn shape() -> Shape {
        Shape::text("a member as `\"name\"` or `\"-name\"`")
    }
}

table! {
    /// A replica: a local read-only copy of what another context owns, kept by events.
    pub struct RawReplica with about: RawAbout {
        /// The aggregate it copies, `"context.Aggregate"`.
        of: Spanned<RawPath>,
        /// The members it copies.
        fields: Vec<Text>,
        /// How old it may be before it counts as stale; the owner says three times within it how far it has come. Every replica must say so: there is no default.
        stale_after: Option<Spanned<RawDuration>>,
    }
}
