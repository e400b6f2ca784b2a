//! Commands.

use super::{Map, OneOrMany, RawAbout, RawField, RawMember, Spanned, Text};
use crate::description::declare::table;
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

table! {
    /// A command: what may be asked of a context. It has exactly one of `creates`, `updates` and
    /// `deletes`.
    ///
    /// In an update absence is not `null` (RFC 7396, member by member of the input): what the caller
    /// leaves out stays as it is. An input `"note?"` of an optional field is set by a value and
    /// cleared by `null`; its type in Rust is `Patch`: `Keep`, `Clear` or `Set`. One of a required
    /// field or of a collection is an `Option`, and `null` is refused: there is nothing to clear. An
    /// input without `?` has to be given, with a value, whether or not the field is optional. In a
    /// creation, and in `own`, `null` says what absence says. Where an event fills a `Patch`, a field
    /// that the event lacks clears; what no event fills is kept.
    pub struct RawCommand with about: RawAbout {
        /// The aggregate it makes.
        creates: Option<Text>,
        /// The aggregate it changes.
        updates: Option<Text>,
        /// The aggregate it deletes; replicas keep id and sequence only.
        deletes: Option<Text>,
        /// The members of the aggregate the caller sends; `"name?"` may be left out; in an
        /// update the member then stays as it is.
        input: Option<Spanned<Vec<RawMember>>> = "creating: every field without a default and every collection, but for what is in `sets`; else none",
        /// Inputs of the command's own, by name.
        own: Map<RawField>,
        /// The statuses it is allowed in and the one it leads to.
        transition: Option<Spanned<RawTransition>>,
        /// Members of the aggregate the decision may change besides its input. Of what is created, it
        /// works them out (a due date, a total): required ones have to be given by `input`, a default or
        /// `sets`.
        sets: Vec<Text>,
        /// What the decision may look at, by the name it arrives under: a replica, an aggregate, a
        /// query, a call or a flag. A replica or an aggregate is looked up by the reference of the same
        /// name, else by the only one that is always there, else by the only one that may be absent: then so
        /// may be what is looked up. Of an input that an update leaves out, its member is the reference.
        needs: Map<Text>,
        /// Its business refusals, in code `…Refusal::CreditTooLow`; `.because("score 3 of 10")` on one
        /// tells people why.
        refuses: Vec<RawRefusal>,
        /// The events it emits: one or a list. `"Event?"` not always; `{ one_of = […] }` exactly one.
        emits: OneOrMany<Spanned<RawEmission>>,
        /// The roles that may call it; `self` is the aggregate's `subject`.
        allow: Option<Spanned<Vec<Text>>> = "any caller that is known",
        /// Whether it has a route.
        http: Option<Spanned<bool>> = "`true`, unless a policy, effect or saga uses it and it has no `allow`",
        /// Its path in HTTP.
        path: Option<Text> = "derived from its name",
    }
}

/// A business refusal: its name, or its long form.
#[derive(Debug, Clone, PartialEq)]
pub struct RawRefusal {
    /// Its name.
    pub name: Text,
    /// The status of its answer by HTTP.
    pub http: Option<Spanned<u64>>,
    /// What it says of itself.
    pub about: RawAbout,
}

table! {
    /// The long form of a business refusal.
    pub struct RawRefusalTable with about: RawAbout {
        /// Its name.
        name: Text,
        /// The status of its answer by HTTP: 400, 402, 403, 404, 409, 410, 422, 423, 429 or 451.
        http: Option<Spanned<u64>> = "`409`: things are not so that it could be done",
    }
}

impl Parse for RawRefusal {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            let RawRefusalTable { name, http, about } = RawRefusalTable::parse(node, parser)?;
            return Some(Self { name, http, about });
        }
        let value = parser.text(node, &Self::shape())?.to_owned();
        Some(Self {
            name: Spanned {
                value,
                span: node.span,
            },
            http: None,
            about: RawAbout::default(),
        })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::text("a word"), RawRefusalTable::shape()])
    }
}

table! {
    /// A transition of an aggregate's status.
    pub struct RawTransition {
        /// The statuses the command is allowed in: one or a list. Alone it is a guard.
        from: OneOrMany<Text>,
        /// The status afterwards, or a table of them by the event emitted.
        to: Option<Spanned<RawTo>> = "as it was",
    }
}

/// The status after a command.
#[derive(Debug, Clone, PartialEq)]
pub enum RawTo {
    /// Always this one.
    Always(Text),
    /// The one of the event that was emitted.
    ByEvent(Map<Text>),
}

impl Parse for RawTo {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            let map = Map::parse(node, parser)?;
            return map.broken.is_empty().then_some(Self::ByEvent(map));
        }
        let value = parser.text(node, &Self::shape())?.to_owned();
        Some(Self::Always(Spanned {
            value,
            span: node.span,
        }))
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::text("a status"), Map::<Text>::shape()])
    }
}

/// What a command emits, one place of its `emits`.
#[derive(Debug, Clone, PartialEq)]
pub enum RawEmission {
    /// An event; with `?` not always.
    Event(RawMember),
    /// Exactly one of these events.
    OneOf(Vec<Text>),
}

table! {
    /// Exactly one of some events.
    pub struct RawOneOf {
        /// The events.
        one_of: Spanned<Vec<Text>>,
    }
}

impl Parse for RawEmission {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            return RawOneOf::parse(node, parser).map(|choice| Self::OneOf(choice.one_of.value));
        }
        parser.text(node, &Self::shape())?;
        RawMember::parse(node, parser).map(Self::Event)
    }

    fn shape() -> Shape {
        let event = Shape::text("an event as `\"Event\"` or `\"Event?\"`");
        Shape::Either(vec![event, RawOneOf::shape()])
    }
}
