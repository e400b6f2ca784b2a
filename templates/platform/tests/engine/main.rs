//! Every engine does what every engine has to do; and what is special about each.

mod conformance;
#[cfg(feature = "redis")]
mod redis;
#[path = "../servers.rs"]
mod servers;
mod sqlite;
