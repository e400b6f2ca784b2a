//! PostgreSQL does what every engine has to do.

use std::sync::{Arc, Mutex};

use platform_ports::engine::{Engine, Options};

use super::{Database, administrator};
use platform_conformance::engine::{self as conformance, Databases};

/// Databases on one server.
struct Server {
    administrator: String,
    databases: Mutex<Vec<Database>>,
}

impl Server {
    fn new() -> Option<Self> {
        Some(Self {
            administrator: administrator()?,
            databases: Mutex::default(),
        })
    }
}

impl Databases for Server {
    async fn open_with(&self, options: Options) -> Arc<dyn Engine> {
        let database = Database::new(&self.administrator).await;
        let engine = database.open_with(options).await;
        let mut databases = self.databases.lock().expect("no test panics here");
        databases.push(database);
        Arc::new(engine)
    }
}

#[tokio::test]
async fn rows() {
    if let Some(server) = Server::new() {
        conformance::all_of_rows(&server).await;
    }
}

#[tokio::test]
async fn checks() {
    if let Some(server) = Server::new() {
        conformance::all_of_checks(&server).await;
    }
}

#[tokio::test]
async fn references() {
    if let Some(server) = Server::new() {
        conformance::all_of_references(&server).await;
    }
}

#[tokio::test]
async fn entities() {
    if let Some(server) = Server::new() {
        conformance::all_of_entities(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sharded() {
    if let Some(server) = Server::new() {
        conformance::all_of_sharded(&server).await;
    }
}

#[tokio::test]
async fn outbox() {
    if let Some(server) = Server::new() {
        conformance::all_of_outbox(&server).await;
    }
}

#[tokio::test]
async fn progress() {
    if let Some(server) = Server::new() {
        conformance::all_of_progress(&server).await;
    }
}

#[tokio::test]
async fn documents() {
    if let Some(server) = Server::new() {
        conformance::all_of_documents(&server).await;
    }
}

#[tokio::test]
async fn wholes() {
    if let Some(server) = Server::new() {
        conformance::all_of_wholes(&server).await;
    }
}

#[tokio::test]
async fn paging() {
    if let Some(server) = Server::new() {
        conformance::all_of_paging(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn races() {
    if let Some(server) = Server::new() {
        conformance::all_of_races(&server).await;
    }
}
