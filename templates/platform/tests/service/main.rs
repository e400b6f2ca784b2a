//! A service: its decisions, its units of work, its HTTP interface, its process.
#![allow(missing_docs)]

#[path = "../child.rs"]
mod child;
mod crashes;
mod decisions;
mod domain;
mod http;
#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
#[path = "../servers.rs"]
mod named;
#[path = "../place/mod.rs"]
mod place;
mod process;
#[cfg(feature = "redis")]
#[path = "../engine/redis/server.rs"]
mod redis_server;
mod schema;
#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
mod servers;
mod unit_of_work;
