//! Every engine does what every engine has to do; and what is special about each.

#[cfg(feature = "mongodb")]
#[path = "../child.rs"]
mod child;
mod conformance;
#[cfg(feature = "mongodb")]
mod mongodb;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "mongodb", feature = "redis"))]
#[path = "../servers.rs"]
mod servers;
mod sqlite;
