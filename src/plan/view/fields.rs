//! What the fields of a struct are filled in with.

use serde::Serialize;

use super::Name;

/// A member of an aggregate that a member of an event or view is made from: the component `moved` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Moved {
    /// What it becomes.
    pub name: Name,
    /// The aggregate's own.
    pub member: Name,
    /// Whether it has to be cloned.
    pub cloned: bool,
}

impl Moved {
    /// The member of this name.
    pub fn new(name: &str, cloned: bool) -> Self {
        Self {
            name: Name::of_field(name),
            member: Name::of_member(name),
            cloned,
        }
    }
}
