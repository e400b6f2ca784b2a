//! MongoDB does what every engine has to do.

use std::sync::Arc;
use std::sync::Mutex;

use platform_mongodb::MongodbEngine;
use platform_ports::engine::{Engine, Options};

use super::{Database, MIGRATIONS};
use platform_conformance::engine::{self as conformance, Databases};
use platform_support::servers::server;

/// Databases on the server.
#[derive(Default)]
struct Made(Mutex<Vec<Database>>);

impl Databases for Made {
    async fn open_with(&self, options: Options) -> Arc<dyn Engine> {
        let database = Database::new().await.expect("there is a server");
        let engine = MongodbEngine::open(&database.url, MIGRATIONS, options).await;
        self.0.lock().expect("no test panics here").push(database);
        Arc::new(engine.expect("the database is to be opened"))
    }
}

impl Made {
    async fn remove(self) {
        let databases = self.0.into_inner().expect("no test panics here");
        for database in databases {
            database.remove().await;
        }
    }
}

async fn conforms(group: impl AsyncFn(&Made)) {
    if server("TEST_MONGODB_URL").is_none() {
        return;
    }
    let made = Made::default();
    group(&made).await;
    made.remove().await;
}

#[tokio::test]
async fn rows() {
    conforms(conformance::all_of_rows).await;
}

#[tokio::test]
async fn checks() {
    conforms(conformance::all_of_checks).await;
}

#[tokio::test]
async fn references() {
    conforms(conformance::all_of_references).await;
}

#[tokio::test]
async fn entities() {
    conforms(conformance::all_of_entities).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharded() {
    conforms(conformance::all_of_sharded).await;
}

#[tokio::test]
async fn outbox() {
    conforms(conformance::all_of_outbox).await;
}

#[tokio::test]
async fn progress() {
    conforms(conformance::all_of_progress).await;
}

#[tokio::test]
async fn documents() {
    conforms(conformance::all_of_documents).await;
}

#[tokio::test]
async fn wholes() {
    conforms(conformance::all_of_wholes).await;
}

#[tokio::test]
async fn paging() {
    conforms(conformance::all_of_paging).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn races() {
    conforms(conformance::all_of_races).await;
}
