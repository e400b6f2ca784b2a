//! A service: its decisions, its units of work, its HTTP interface, its process.
#![allow(missing_docs)]

#[path = "../child.rs"]
mod child;
mod crashes;
mod decisions;
mod domain;
mod http;
#[cfg(feature = "postgres")]
mod postgres;
mod process;
#[cfg(feature = "redis")]
mod redis;
mod schema;
#[cfg(any(feature = "postgres", feature = "redis"))]
#[path = "../servers.rs"]
mod servers;
#[cfg(feature = "postgres")]
#[path = "../postgres/standby.rs"]
mod standby;
mod unit_of_work;
