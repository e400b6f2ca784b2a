//! One command, one transaction: load, guard, decide, save the aggregate with its events.

mod emitted;
mod restore;

pub use restore::{IdOf, restore};
