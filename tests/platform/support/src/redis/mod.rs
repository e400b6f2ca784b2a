//! Redis servers that a test has for itself.

pub mod certificates;
pub mod server;
