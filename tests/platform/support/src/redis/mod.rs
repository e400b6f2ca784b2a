//! Redis servers that a test has for itself.

pub mod server;
