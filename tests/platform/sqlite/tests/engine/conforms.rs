//! SQLite does what every engine has to do.

use std::sync::{Arc, Mutex};

use platform_ports::engine::{Engine, Options};
use platform_sqlite::SqliteEngine;

use super::{Database, MIGRATIONS};
use platform_conformance::engine::{self as conformance, Databases};

/// Files in folders of their own.
#[derive(Default)]
struct Files(Mutex<Vec<Database>>);

impl Databases for Files {
    async fn open_with(&self, options: Options) -> Arc<dyn Engine> {
        let database = Database::migrated();
        let engine = SqliteEngine::open(&database.path(), MIGRATIONS, options);
        self.0.lock().expect("no test panics here").push(database);
        Arc::new(engine.expect("the database is to be opened"))
    }
}

#[tokio::test]
async fn rows() {
    conformance::all_of_rows(&Files::default()).await;
}

#[tokio::test]
async fn checks() {
    conformance::all_of_checks(&Files::default()).await;
}

#[tokio::test]
async fn references() {
    conformance::all_of_references(&Files::default()).await;
}

#[tokio::test]
async fn entities() {
    conformance::all_of_entities(&Files::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sharded() {
    conformance::all_of_sharded(&Files::default()).await;
}

#[tokio::test]
async fn outbox() {
    conformance::all_of_outbox(&Files::default()).await;
}

#[tokio::test]
async fn progress() {
    conformance::all_of_progress(&Files::default()).await;
}

#[tokio::test]
async fn documents() {
    conformance::all_of_documents(&Files::default()).await;
}

#[tokio::test]
async fn wholes() {
    conformance::all_of_wholes(&Files::default()).await;
}

#[tokio::test]
async fn paging() {
    conformance::all_of_paging(&Files::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn races() {
    conformance::all_of_races(&Files::default()).await;
}
