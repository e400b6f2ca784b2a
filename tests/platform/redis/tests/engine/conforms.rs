//! Redis does what every engine has to do, as a server of its own and as a cluster.

use std::sync::Arc;

use platform_ports::engine::{Engine, Options};
use platform_redis::{RedisEngine, migrate};

use super::{MIGRATIONS, Server, servers};
use platform_conformance::engine::{self as conformance, Databases};

impl Databases for Server {
    async fn open_with(&self, options: Options) -> Arc<dyn Engine> {
        let url = self.place();
        migrate(&url, MIGRATIONS)
            .await
            .expect("the migrations are to be applied");
        let engine = RedisEngine::open(&url, MIGRATIONS, options).await;
        Arc::new(engine.expect("the place is to be opened"))
    }
}

#[tokio::test]
async fn rows() {
    for server in servers() {
        conformance::all_of_rows(&server).await;
    }
}

#[tokio::test]
async fn checks() {
    for server in servers() {
        conformance::all_of_checks(&server).await;
    }
}

#[tokio::test]
async fn references() {
    for server in servers() {
        conformance::all_of_references(&server).await;
    }
}

#[tokio::test]
async fn entities() {
    for server in servers() {
        conformance::all_of_entities(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sharded() {
    for server in servers() {
        conformance::all_of_sharded(&server).await;
    }
}

#[tokio::test]
async fn outbox() {
    for server in servers() {
        conformance::all_of_outbox(&server).await;
    }
}

#[tokio::test]
async fn progress() {
    for server in servers() {
        conformance::all_of_progress(&server).await;
    }
}

#[tokio::test]
async fn documents() {
    for server in servers() {
        conformance::all_of_documents(&server).await;
    }
}

#[tokio::test]
async fn wholes() {
    for server in servers() {
        conformance::all_of_wholes(&server).await;
    }
}

#[tokio::test]
async fn paging() {
    for server in servers() {
        conformance::all_of_paging(&server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn races() {
    for server in servers() {
        conformance::all_of_races(&server).await;
    }
}
