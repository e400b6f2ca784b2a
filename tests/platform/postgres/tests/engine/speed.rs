//! How many units of work a second the engine commits, to be held against `pgbench` with the same
//! statements over the same tables.

use std::sync::Arc;
use std::time::{Duration, Instant};

use platform_ports::engine::{Engine, Options};
use platform_postgres::PostgresEngine;
use tokio::task::JoinSet;

use super::{Database, administrator};
use platform_conformance::engine::fixture::{OWNER, event, id, live, saving, stored};
use serde_json::json;

/// How many rows each task goes through.
const ROWS: u64 = 200;

/// How long is measured.
const TIME: Duration = Duration::from_secs(8);

/// Rows of their own, one after the other, each with one event.
async fn change(engine: Arc<PostgresEngine>, task: u64) -> u64 {
    let (start, mut done) = (Instant::now(), 0);
    for version in 1.. {
        for row in 0..ROWS {
            if start.elapsed() > TIME {
                return done;
            }
            let row = id(1_000_000 + task * ROWS + row);
            let mut write = saving(live(
                &OWNER,
                0,
                stored(row, version, json!({ "name": "n" })),
            ));
            write.events = vec![event(row, version)];
            engine.commit(write).await.expect("it is to be taken");
            done += 1;
        }
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn commits_a_second() {
    let Some(administrator) = administrator() else {
        return;
    };
    for tasks in [1, 8, 32_u64] {
        let database = Database::new(&administrator).await;
        let options = Options {
            outbox_limit: u64::MAX / 4,
            ..Options::default()
        };
        let engine = Arc::new(database.open_with(options).await);
        let mut running = JoinSet::new();
        for task in 0..tasks {
            running.spawn(change(Arc::clone(&engine), task));
        }
        let done: u64 = running.join_all().await.iter().sum();
        let rate = done as f64 / TIME.as_secs_f64();
        println!("{tasks} tasks: {rate:.0} commits a second");
    }
}
