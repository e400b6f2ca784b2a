//! Bounded contexts.

use super::{
    Map, RawAbout, RawAggregate, RawCall, RawCommand, RawDatabase, RawDuration, RawEffect, RawEnum,
    RawEvent, RawPolicy, RawQuery, RawReadModel, RawReplica, RawSaga, RawValueType, Spanned, Text,
};
use crate::description::declare::table;
use crate::description::parse::{Node, Parse, Parser};
use crate::description::shape::Shape;

table! {
    /// A bounded context: a service, a crate, a database.
    pub struct RawContext with about: RawAbout {
        /// What it is there for.
        purpose: Option<Text>,
        /// Its database.
        database: Option<Spanned<RawDatabase>> = "`\"sqlite\"`",
        /// The team that owns it, as CODEOWNERS spells it.
        owner: Option<Text>,
        /// Whether it is owned elsewhere: only its contract is generated.
        external: Option<Spanned<bool>> = "`false`",
        /// Its enums, by name.
        enums: Map<RawEnum>,
        /// Its value objects, by name.
        values: Map<RawValueType>,
        /// Its aggregates, by name.
        aggregates: Map<RawAggregate>,
        /// Its commands, by name.
        commands: Map<RawCommand>,
        /// Its events, by name.
        events: Map<RawEvent>,
        /// Its queries, by name.
        queries: Map<RawQuery>,
        /// Its replicas of what other contexts own, by name.
        replicas: Map<RawReplica>,
        /// Its policies, by name.
        policies: Map<RawPolicy>,
        /// Its effects on the outside world, by name.
        effects: Map<RawEffect>,
        /// The sagas it orchestrates, by name.
        sagas: Map<RawSaga>,
        /// Its read models, by name.
        read_models: Map<RawReadModel>,
        /// Its synchronous calls of other contexts, by name.
        calls: Map<RawCall>,
        /// How its reads are scaled.
        scale: Option<Spanned<RawScale>>,
        /// Its feature flags, by name: `false` or `true` is what they are at first.
        flags: Map<RawFlag>,
    }
}

table! {
    /// How a context's reads are scaled, on its engine's own means.
    pub struct RawScale {
        /// How many read replicas its database has (PostgreSQL: streaming standbys). They answer
        /// GETs; a caller is never shown less than its own commands have changed.
        read_replicas: Option<Spanned<u32>> = "`0`",
        /// That answers to GETs of one aggregate are cached in Redis, up to date by events.
        cache: Option<Spanned<RawCache>>,
    }
}

table! {
    /// A cache of answers.
    pub struct RawCache {
        /// How long an answer is kept at most; so long a change can stay unseen of which nobody could
        /// tell the cache.
        ttl: Spanned<RawDuration>,
    }
}

/// A feature flag: what it is at first, or its long form.
#[derive(Debug, Clone, PartialEq)]
pub struct RawFlag {
    /// What it is at first.
    pub default: Spanned<bool>,
    /// What it says of itself.
    pub about: RawAbout,
}

table! {
    /// The long form of a feature flag.
    pub struct RawFlagTable with about: RawAbout {
        /// What it is at first.
        default: Spanned<bool>,
    }
}

impl Parse for RawFlag {
    fn parse(node: Node<'_>, parser: &mut Parser) -> Option<Self> {
        if node.value.is_table() {
            let RawFlagTable { default, about } = RawFlagTable::parse(node, parser)?;
            return Some(Self { default, about });
        }
        let Some(value) = node.value.as_bool() else {
            parser.wrong_type(node, &Self::shape());
            return None;
        };
        Some(Self {
            default: Spanned {
                value,
                span: node.span,
            },
            about: RawAbout::default(),
        })
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::Bool, RawFlagTable::shape()])
    }
}
