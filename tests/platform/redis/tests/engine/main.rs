//! Places in Redis servers, each under a prefix of its own.
#![allow(missing_docs)]

mod clients;
mod cluster;
mod conforms;
mod durability;
mod indexes;
mod migrations;
mod pages;
mod restarts;
mod tls;
mod unreleased;

use platform_contract::value::Uuid;
use platform_ports::engine::{Migration, Options};
use platform_redis::{RedisEngine, migrate};

use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

/// What the conformance tests' schemas need.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_initial",
    text: include_str!("fixture.lua"),
}];

/// A server to test on.
pub struct Server {
    url: String,
    _own: Option<Own>,
}

/// The server that the environment names, a cluster of one node, and one that is no cluster; none
/// where the environment names none.
pub fn servers() -> Vec<Server> {
    let Some(url) = server("TEST_REDIS_URL") else {
        return Vec::new();
    };
    let own = Own::start(Settings::default());
    vec![
        Server { url, _own: None },
        Server {
            url: own.url(),
            _own: Some(own),
        },
    ]
}

impl Server {
    /// The URL of a place that nobody else has.
    pub fn place(&self) -> String {
        place(&self.url)
    }
}

/// The URL of a place that nobody else has.
pub fn place(server: &str) -> String {
    let start = server.split('?').next().unwrap_or(server);
    format!("{start}?prefix=test.p{}", Uuid::now_v7().simple())
}

/// An engine over a migrated place.
pub async fn engine(url: &str) -> RedisEngine {
    migrate(url, MIGRATIONS)
        .await
        .expect("the migrations are to be applied");
    open(url).await
}

/// An engine over a place that is migrated already.
pub async fn open(url: &str) -> RedisEngine {
    let engine = RedisEngine::open(url, MIGRATIONS, Options::default()).await;
    engine.expect("the place is to be opened")
}
