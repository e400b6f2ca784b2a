//! Aggregates, entities, value objects, enums.

use super::{Map, RawAbout, RawField, RawWord, Spanned, Text};
use crate::description::declare::table;

table! {
    /// An enum: one of some values.
    pub struct RawEnum with about: RawAbout {
        /// Its values, in order.
        values: Spanned<Vec<RawWord>>,
    }
}

table! {
    /// A value object: several fields that mean something together, without an identity.
    pub struct RawValueType with about: RawAbout {
        /// Its fields, by name.
        fields: Map<RawField>,
    }
}

table! {
    /// An aggregate: what is stored and changed as one.
    ///
    /// Besides its fields it has `id`, `version`, `created_at`, `updated_at`, and `status` where it
    /// has `states`; where it has none, `status` is a field like any other.
    pub struct RawAggregate with about: RawAbout {
        /// Its fields, by name.
        fields: Map<RawField>,
        /// Its states; the first is initial, and the field is `status`.
        states: Option<Spanned<Vec<RawWord>>>,
        /// Its entities, by type name.
        entities: Map<RawEntity>,
        /// Unique keys over several fields, besides those of one field.
        unique: Vec<Spanned<Vec<Text>>>,
        /// The field that equals the caller's `sub`: what the role `self` means.
        subject: Option<Text>,
        /// The field that decides the shard; immutable, part of every unique key. On PostgreSQL the
        /// table has 16 hash partitions by it; where Citus is installed, and no foreign key leads out of
        /// it, it is distributed by it instead, which no test has done on Citus itself. On MongoDB the
        /// collection is divided by it where there is a sharded cluster, on which no test has been run.
        shard_by: Option<Text> = "`id`",
        /// The roles that may read it over HTTP.
        read: Option<Spanned<Vec<Text>>> = "any caller",
        /// Its path in HTTP.
        path: Option<Text> = "its plural in kebab-case",
    }
}

table! {
    /// An entity inside an aggregate: a table of its own with a real foreign key. It has an `id`, which
    /// no other entity of that aggregate has.
    pub struct RawEntity with about: RawAbout {
        /// The member of the aggregate that lists them, for `input`, `sets` and events' `fields`.
        collection: Option<Text> = "its plural in snake_case",
        /// Its fields, by name.
        fields: Map<RawField>,
    }
}
