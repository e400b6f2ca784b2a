//! A service: its decisions, its units of work, its HTTP interface, its process.
#![allow(missing_docs)]

#[path = "../child.rs"]
mod child;
mod crashes;
mod decisions;
mod domain;
mod http;
mod process;
#[cfg(feature = "postgres")]
mod replicas;
mod schema;
#[cfg(feature = "postgres")]
#[path = "../servers.rs"]
mod servers;
#[cfg(feature = "postgres")]
#[path = "../standby.rs"]
mod standby;
mod unit_of_work;
