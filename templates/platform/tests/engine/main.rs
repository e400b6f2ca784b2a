//! Every engine does what every engine has to do; and what is special about each.

#[cfg(feature = "mongodb")]
#[path = "../child.rs"]
mod child;
mod conformance;
#[cfg(feature = "mongodb")]
mod mongodb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[path = "../servers.rs"]
mod servers;
mod sqlite;
#[cfg(feature = "postgres")]
#[path = "../postgres/standby.rs"]
mod standby;
