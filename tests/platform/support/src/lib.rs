//! What the tests of the runtime have in common: servers, places of a test's own on them, processes.
#![allow(missing_docs)]

pub mod certificates;
pub mod child;
pub mod conventions;
pub mod kafka;
pub mod place;
pub mod redis;
pub mod servers;
pub mod standby;
