//! A service that is killed at places where a unit of work is half done.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::Method;
use platform_ports::engine::{Found, Options};
use platform_service::Running;
use platform_testing::http::{Answer, Client};

use crate::domain;
use crate::unit_of_work::{approve, create, events, start};
use platform_support::child::{self, Child};

const BEFORE: &str = "unit-of-work.before-commit";
const AFTER: &str = "unit-of-work.after-commit";

/// Not a test of its own: the child of the ones below, which hold and kill it.
#[tokio::test]
async fn child_process() {
    let Some((role, folder)) = child::role() else {
        return;
    };
    let running = start(&folder).await;
    match role.as_str() {
        "creator" => drop(create(&running, 1).await),
        account => drop(pay(&running, account).await),
    }
}

/// Pays from an account, under a key that is always the same.
async fn pay(running: &Running, account: &str) -> Answer {
    let path = format!("/accounts/{account}/pay");
    let key = [("idempotency-key", "once")];
    let client = Client::new(running.url());
    let answer = client.send(Method::POST, &path, &key, r#"{"amount":"10.00"}"#);
    answer.await.unwrap()
}

/// Starts the child, waits until it is held at `point`, and kills it.
fn kill_at(point: &str, role: &str, folder: &Path) {
    let mut child = Child::start_with("crashes::child_process", role, folder, Some(point));
    let held = format!("held at {point}");
    while !child.line().ends_with(&held) {}
    // SIGKILL: nothing of the child runs any more.
    child.signal("KILL");
    child.rest();
}

/// How many accounts, messages in the outbox and events in the log a crash has left.
async fn left_in(folder: &Path) -> (usize, u64, usize) {
    let (at, database) = (domain::config(folder).database, domain::TABLES.database());
    database.migrate(&at).await.unwrap();
    let engine = database.open(&at, &[], Options::default()).await.unwrap();
    let events = events(&*engine).await;
    let mut accounts = 0;
    for event in &events {
        let found = engine
            .load(&domain::ACCOUNTS, 0, event.aggregate_id)
            .await
            .unwrap();
        accounts += usize::from(matches!(found, Found::Live(_)));
    }
    (
        accounts,
        engine.outbox_depth().await.unwrap().rows,
        events.len(),
    )
}

#[tokio::test]
async fn a_crash_before_the_commit_leaves_nothing() {
    let folder = domain::place();
    kill_at(BEFORE, "creator", folder.path());
    assert_eq!(left_in(folder.path()).await, (0, 0, 0));
}

#[tokio::test]
async fn a_crash_after_the_commit_leaves_all_of_it() {
    let folder = domain::place();
    kill_at(AFTER, "creator", folder.path());
    let (accounts, waiting, events) = left_in(folder.path()).await;
    assert_eq!((accounts, events), (1, 1));
    // The relay of the held process may have published it, or not.
    assert!(waiting <= 1);
    let running = start(folder.path()).await;
    // The lease of the killed relay has to end first.
    let deadline = Instant::now() + Duration::from_secs(20);
    while running.runtime().engine.outbox_depth().await.unwrap().rows > 0 {
        assert!(Instant::now() < deadline, "nobody publishes what was left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whoever got no answer asks again under the same key, and it has happened once.
#[tokio::test]
async fn a_keyed_request_is_known_after_a_crash() {
    for (point, before) in [(BEFORE, 2), (AFTER, 3)] {
        let folder = domain::place();
        let running = start(folder.path()).await;
        let account = create(&running, 1).await;
        approve(&running, account).await;
        running.shutdown().await;
        kill_at(point, &account.to_string(), folder.path());

        let running = start(folder.path()).await;
        let engine = &*running.runtime().engine;
        assert_eq!(events(engine).await.len(), before, "{point}");
        let answer = pay(&running, &account.to_string()).await;
        assert_eq!(answer.status, 200, "{point}: {}", answer.text());
        assert_eq!(answer.json()["balance"], "90.00", "{point}");
        assert_eq!(events(engine).await.len(), 3, "{point}");
    }
}
