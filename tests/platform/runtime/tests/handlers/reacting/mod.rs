//! What the tests of handlers share.

pub mod ailing;
pub mod domain;
pub mod library;
pub mod world;
