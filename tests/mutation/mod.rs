//! Mutations of a generated workspace.

// Each test program uses a part of it.
#![allow(dead_code)]

pub mod case;
pub mod stand;
pub mod subject;
