//! What the tests of handlers share.

// Each test binary uses a part of it.
#![allow(dead_code, missing_docs)]

pub mod domain;
pub mod library;
pub mod world;
