//! Events and queries: what a context tells, and what it answers.

use indexmap::IndexMap;

use super::{Field, Ident, TypeName};

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// Why it should no longer be used.
    pub deprecated: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// Its version, from 1.
    pub version: u32,
    /// The aggregate it is of.
    pub aggregate: TypeName,
    /// Its fields, in order: the aggregate's first, then its own.
    pub fields: IndexMap<Ident, EventField>,
    /// Whether it says that the aggregate was deleted: every command that emits it deletes.
    pub deletes: bool,
    /// Whether some command that emits it creates the aggregate.
    pub creates: bool,
}

/// A field of an event.
#[derive(Debug, Clone, PartialEq)]
pub enum EventField {
    /// The aggregate's field of the same name.
    Field,
    /// The aggregate's field of the same name, which the aggregate may lack and the event always has: the
    /// field as the event has it.
    Certain(Box<Field>),
    /// The aggregate's collection of the same name: a list of the named entity, with ids.
    Collection(TypeName),
    /// The event's own.
    Own(Box<Field>),
}

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// The aggregate it finds.
    pub aggregate: TypeName,
    /// The fields it is asked by, all of them equal, in order.
    pub by: Vec<QueryParameter>,
    /// The member it is asked a range of: `<member>_from` (inclusive) and `<member>_to` (exclusive).
    pub range: Option<Ident>,
    /// The members it is ordered by (`true`: descending), then by id.
    pub order_by: Vec<(Ident, bool)>,
    /// Whether `by` covers a unique key: one answer instead of pages.
    pub unique: bool,
    /// The roles that may ask it; `None`: any caller.
    pub allow: Option<Vec<String>>,
    /// Its path in HTTP, without a leading slash.
    pub path: String,
}

/// A parameter of a query: a field, `id` or `status` of its aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryParameter {
    /// The member it equals.
    pub member: Ident,
}
