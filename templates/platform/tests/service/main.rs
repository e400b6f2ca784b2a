//! A service: its decisions, its units of work, its HTTP interface, its process.
#![allow(missing_docs)]

#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
mod away;
#[cfg(feature = "redis")]
#[path = "../engine/redis/certificates.rs"]
mod certificates;
#[path = "../child.rs"]
mod child;
mod crashes;
mod decisions;
mod domain;
mod http;
#[path = "../place/mod.rs"]
mod place;
mod process;
#[cfg(feature = "redis")]
#[path = "../engine/redis/server.rs"]
mod redis_server;
#[cfg(feature = "postgres")]
mod replicas;
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
#[path = "../standby.rs"]
mod standby;
mod unit_of_work;
