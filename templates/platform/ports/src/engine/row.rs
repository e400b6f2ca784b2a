//! Rows of tables, and searches over them.

use serde_json::{Map, Value};
use uuid::Uuid;

use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;

/// A row of a table that a [`Schema`] describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Its version, from 1.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its members in their JSON forms, the collections among them.
    pub members: Map<String, Value>,
}

/// What is found under an id.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing, and never was.
    Nothing,
    /// It was deleted at this version.
    Deleted(u64),
    /// It is there.
    Live(Stored),
}

/// The generation of a projection's rows; aggregates have only generation 0.
pub type Generation = u32;

/// A search over one table.
#[derive(Debug, Clone)]
pub struct Find {
    /// The table.
    pub schema: &'static Schema,
    /// The generation looked at.
    pub generation: Generation,
    /// Members (or `id`) that must equal these values; `null`: be absent.
    pub equals: Vec<(&'static str, Value)>,
    /// A member that must lie in `[from, to)`; an open end is `None`.
    pub range: Option<(&'static str, Option<Value>, Option<Value>)>,
    /// Members the answer is ordered by (`true`: descending); `id` follows, ascending. Absent values
    /// are the least.
    pub order: &'static [(&'static str, bool)],
    /// Where the page starts: after this cursor, as [`Page::next`] gave it.
    pub after: Option<String>,
    /// The greatest number of rows.
    pub limit: u32,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Stored>,
    /// The cursor of the page after this one, when there is one.
    pub next: Option<String>,
}
