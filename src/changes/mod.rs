//! What differs between two descriptions of a system: on the wire, in databases, over HTTP, and in what is
//! left to users.

mod api;
mod duties;
mod events;
mod members;
mod schema;

use serde::Serialize;

use crate::model::System;

pub use api::ApiChange;
pub use duties::{Duty, Files, duties};
pub use events::EventChange;
pub use schema::SchemaChange;

/// What changes between services and towards their callers.
#[derive(Debug, Default, Serialize)]
pub struct Changes {
    /// What changes on the wire.
    pub events: Vec<EventChange>,
    /// What changes over HTTP.
    pub api: Vec<ApiChange>,
    /// What changes in databases.
    pub schema: Vec<SchemaChange>,
}

/// What differs between two systems.
pub fn between(old: &System, new: &System) -> Changes {
    Changes {
        events: events::between(old, new),
        api: api::between(old, new),
        schema: schema::between(old, new),
    }
}

/// What is in one sorted list and not in the other.
fn without<'a, T: Ord>(one: &'a [T], other: &[T]) -> impl Iterator<Item = &'a T> {
    one.iter().filter(|it| other.binary_search(it).is_err())
}
