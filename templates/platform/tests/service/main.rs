//! A service: its decisions, its units of work, its HTTP interface, its process.
#![allow(missing_docs)]

mod admission;
#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
mod away;
mod blame;
#[path = "../child.rs"]
mod child;
mod connections;
mod constraints;
mod contacts;
#[path = "../conventions.rs"]
mod conventions;
mod crashes;
mod decisions;
mod domain;
mod hardship;
mod http;
mod idempotency;
#[cfg(feature = "kafka")]
#[path = "../kafka/server.rs"]
mod kafka;
mod metrics;
mod patches;
#[path = "../place/mod.rs"]
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod problems;
mod process;
mod raw;
#[cfg(feature = "redis")]
mod redis;
mod schema;
#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
#[path = "../servers.rs"]
mod servers;
#[cfg(feature = "postgres")]
#[path = "../postgres/standby.rs"]
mod standby;
mod strict;
mod unit_of_work;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod writes;
