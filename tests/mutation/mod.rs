//! Mutations of a generated workspace.

pub mod case;
pub mod stand;
pub mod subject;
