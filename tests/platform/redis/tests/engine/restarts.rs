//! Servers that are killed, stopped and held up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use platform_contract::value::Uuid;
use platform_ports::engine::{CommitError, Engine, EngineError, Found};

use super::{engine, place};
use platform_conformance::engine::fixture::{THING, recorded, thing};
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

fn kinds() -> Vec<Settings> {
    if server("TEST_REDIS_URL").is_none() {
        return Vec::new();
    }
    [false, true]
        .map(|cluster| Settings {
            cluster,
            ..Settings::default()
        })
        .into()
}

/// Makes things until told to stop; the ids of those that were answered, and of those of which nobody
/// knows. An answer is either, or a refusal.
async fn make(engine: Arc<dyn Engine>, stop: Arc<AtomicBool>) -> (Vec<Uuid>, Vec<Uuid>) {
    let (mut made, mut open) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let id = Uuid::now_v7();
        match engine.commit(recorded(thing(id, 1, &id.to_string()))).await {
            Ok(()) => made.push(id),
            Err(CommitError::Engine(EngineError::Unavailable(_))) => {
                open.push(id);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    (made, open)
}

/// Waits until the engine has found its server again.
async fn answers(engine: &dyn Engine) {
    let end = Instant::now() + Duration::from_secs(20);
    while let Err(error) = engine.now().await {
        assert!(matches!(error, EngineError::Unavailable(_)), "{error}");
        assert!(Instant::now() < end, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn waiting(engine: &dyn Engine) -> BTreeSet<Uuid> {
    let rows = engine.outbox(0, 1_000_000).await.expect("an answer");
    rows.iter().map(|row| row.event.aggregate_id).collect()
}

/// A server that is killed over and over has all it has answered, each with its event, and is used again
/// without anybody's doing.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_killed_server() {
    for settings in kinds() {
        let mut own = Own::start(settings);
        let engine: Arc<dyn Engine> = Arc::new(engine(&place(&own.url())).await);
        let stop = Arc::new(AtomicBool::new(false));
        let makers: Vec<_> = (0..8)
            .map(|_| tokio::spawn(make(Arc::clone(&engine), Arc::clone(&stop))))
            .collect();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            own.kill();
            tokio::time::sleep(Duration::from_millis(200)).await;
            own.again();
            answers(&*engine).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        stop.store(true, Ordering::Relaxed);
        let (mut made, mut open) = (Vec::new(), Vec::new());
        for maker in makers {
            let (answered, unknown) = maker.await.expect("no panic");
            made.extend(answered);
            open.extend(unknown);
        }
        assert!(
            made.len() > 100 && !open.is_empty(),
            "{} {}",
            made.len(),
            open.len()
        );
        let events = waiting(&*engine).await;
        for id in &made {
            let found = engine.load(&THING, 0, *id).await.expect("an answer");
            assert!(
                matches!(found, Found::Live(_)),
                "{id} was answered, and is lost"
            );
            assert!(events.contains(id), "{id} has lost its event");
        }
        for id in &open {
            let found = engine.load(&THING, 0, *id).await.expect("an answer");
            let is_there = matches!(found, Found::Live(_));
            assert_eq!(is_there, events.contains(id), "all of it, or nothing");
        }
        // Who was not answered tries again with the same versions: it is applied once in all.
        for id in &open {
            let again = engine
                .commit(recorded(thing(*id, 1, &id.to_string())))
                .await;
            match again {
                Ok(()) => assert!(!events.contains(id)),
                Err(CommitError::Conflict) => assert!(events.contains(id)),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(waiting(&*engine).await.len(), made.len() + open.len());
    }
}

/// While the server is away everything is not available, and it is used again when it is back.
#[tokio::test]
async fn a_stopped_server_is_not_available() {
    for settings in kinds() {
        let mut own = Own::start(settings);
        let engine = engine(&place(&own.url())).await;
        own.kill();
        let start = Instant::now();
        for _ in 0..3 {
            let error = engine.now().await.expect_err("nobody is there");
            assert!(matches!(error, EngineError::Unavailable(_)), "{error}");
        }
        assert!(start.elapsed() < Duration::from_secs(30), "it is told soon");
        own.again();
        answers(&engine).await;
    }
}

/// A commit whose answer does not come is not available; it was done once, when the server goes on.
#[tokio::test]
async fn a_lost_answer_is_not_applied_twice() {
    for settings in kinds() {
        let own = Own::start(settings);
        let engine = engine(&place(&own.url())).await;
        own.signal("STOP");
        let id = Uuid::now_v7();
        let write = || recorded(thing(id, 1, "a"));
        let error = engine.commit(write()).await.expect_err("no answer");
        assert!(
            matches!(error, CommitError::Engine(EngineError::Unavailable(_))),
            "{error}"
        );
        own.signal("CONT");
        let end = Instant::now() + Duration::from_secs(20);
        let again = loop {
            match engine.commit(write()).await {
                Err(CommitError::Engine(EngineError::Unavailable(why))) => {
                    assert!(Instant::now() < end, "{why}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                answer => break answer,
            }
        };
        assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
        assert_eq!(waiting(&engine).await.len(), 1);
    }
}

/// What has become a replica takes no commits, until it is none any more.
#[tokio::test]
async fn a_replica_is_not_available() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let (own, other) = (
        Own::start(Settings::default()),
        Own::start(Settings::default()),
    );
    let engine = engine(&place(&own.url())).await;
    let (host, port) = other.address();
    own.command(&["replicaof", &host, &port]);
    let id = Uuid::now_v7();
    let write = || recorded(thing(id, 1, "a"));
    let error = engine.commit(write()).await.expect_err("it is a replica");
    assert!(
        matches!(error, CommitError::Engine(EngineError::Unavailable(_))),
        "{error}"
    );
    own.command(&["replicaof", "no", "one"]);
    answers(&engine).await;
    engine.commit(write()).await.expect("it is to be committed");
}
