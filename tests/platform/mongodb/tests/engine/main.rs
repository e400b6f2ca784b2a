//! Databases on the server that `TEST_MONGODB_URL` names, with the collections of the conformance
//! tests.
#![allow(missing_docs)]

mod conforms;
mod constraints;
mod migrations;
mod processes;
mod requests;
mod shards;
mod transactions;
mod unreleased;
mod wire;

use std::sync::atomic::{AtomicU32, Ordering};

use mongodb::Client;
use platform_mongodb::{MongodbEngine, migrate};
use platform_ports::engine::{Migration, Options};

use platform_support::servers::server;

/// The collections of the conformance tests' schemas.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_initial",
    text: include_str!("fixture.json"),
}];

/// A database of its own, which goes with [`Database::remove`].
pub struct Database {
    pub url: String,
    pub name: String,
}

impl Database {
    /// A migrated database; `None` without a server.
    pub async fn new() -> Option<Self> {
        let database = Self::empty()?;
        let migrated = migrate(&database.url, MIGRATIONS).await;
        migrated.expect("the migrations are to be applied");
        Some(database)
    }

    /// A database that is not there yet.
    pub fn empty() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = server("TEST_MONGODB_URL")?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("microdb_{}_{number}", std::process::id());
        Some(Self {
            url: with_database(&server, &name),
            name,
        })
    }

    /// An engine over it.
    pub async fn open(&self) -> MongodbEngine {
        let engine = MongodbEngine::open(&self.url, MIGRATIONS, Options::default()).await;
        engine.expect("the database is to be opened")
    }

    /// A connection to it beside the engine.
    pub async fn raw(&self) -> mongodb::Database {
        let client = Client::with_uri_str(&self.url).await.expect("a client");
        client.database(&self.name)
    }

    /// Removes it.
    pub async fn remove(&self) {
        self.raw().await.drop().await.expect("it is to be removed");
    }
}

/// The URL with the name of a database, whatever else it has.
fn with_database(server: &str, name: &str) -> String {
    let (server, query) = match server.split_once('?') {
        Some((server, query)) => (server, format!("?{query}")),
        None => (server, String::new()),
    };
    let (scheme, hosts) = server.split_once("://").expect("a URL");
    let hosts = hosts.split('/').next().expect("hosts");
    format!("{scheme}://{hosts}/{name}{query}")
}
