//! A cluster whose keys move from one node to another while they are used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use platform_ports::engine::{CommitError, Engine, EngineError, Find, Found};

use super::{engine, place};
use platform_conformance::engine::fixture::{THING, all, id, recorded, thing};
use platform_support::redis::server::{Own, Settings};
use platform_support::servers::server;

/// Counts a thing up until told to stop; how often it was answered.
async fn count(engine: Arc<dyn Engine>, number: u64, stop: Arc<AtomicBool>) -> u64 {
    let mut answered = 0;
    while !stop.load(Ordering::Relaxed) {
        let version = match engine.load(&THING, 0, id(number)).await {
            Ok(Found::Live(stored)) => stored.version,
            Ok(Found::Nothing) => 0,
            Ok(Found::Deleted(_)) => panic!("nobody deletes it"),
            Err(EngineError::Unavailable(_)) => continue,
            Err(error) => panic!("{error}"),
        };
        let write = recorded(thing(id(number), version + 1, &format!("n{number}")));
        match engine.commit(write).await {
            Ok(()) => answered += 1,
            Err(CommitError::Engine(EngineError::Unavailable(_))) => {}
            Err(error) => panic!("{error}"),
        }
    }
    answered
}

/// Two nodes, the first of which has all slots.
fn two() -> (Own, Own) {
    let settings = Settings {
        cluster: true,
        ..Settings::default()
    };
    let (first, second) = (Own::start(settings), Own::start_without_slots(settings));
    let (host, port) = second.address();
    first.command(&["cluster", "meet", &host, &port]);
    let end = Instant::now() + Duration::from_secs(20);
    for node in [&first, &second] {
        while !node
            .command(&["cluster", "info"])
            .contains("cluster_known_nodes:2")
            || !node
                .command(&["cluster", "info"])
                .contains("cluster_state:ok")
        {
            assert!(Instant::now() < end, "the cluster is to come about");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    (first, second)
}

/// Moves a slot, slowly; the number of keys that were in it.
fn move_slot(slot: &str, from: &Own, to: &Own) -> u32 {
    let name = |node: &Own| node.command(&["cluster", "myid"]).trim().to_owned();
    let (from_name, to_name) = (name(from), name(to));
    to.command(&["cluster", "setslot", slot, "importing", &from_name]);
    from.command(&["cluster", "setslot", slot, "migrating", &to_name]);
    let (host, port) = to.address();
    let mut moved = 0;
    loop {
        let key = from.command(&["cluster", "getkeysinslot", slot, "1"]);
        let key = key.trim_end_matches('\n');
        if key.is_empty() {
            break;
        }
        let answer = from.command(&["migrate", &host, &port, key, "0", "5000"]);
        assert_eq!(answer.trim(), "OK");
        moved += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    for node in [to, from] {
        node.command(&["cluster", "setslot", slot, "node", &to_name]);
    }
    moved
}

/// Nothing is lost or applied in part while keys move, and all goes on at the other node, which has had
/// no library of functions so far.
#[tokio::test(flavor = "multi_thread")]
async fn keys_move_while_they_are_used() {
    if server("TEST_REDIS_URL").is_none() {
        return;
    }
    let (first, second) = two();
    let url = place(&first.url());
    let engine: Arc<dyn Engine> = Arc::new(engine(&url).await);
    let prefix = url.split("prefix=").nth(1).expect("a prefix");
    let slot = first.command(&["cluster", "keyslot", &format!("{{{prefix}}}:")]);
    let stop = Arc::new(AtomicBool::new(false));
    let counts: Vec<_> = (1..=4)
        .map(|number| tokio::spawn(count(Arc::clone(&engine), number, Arc::clone(&stop))))
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let moved = tokio::task::spawn_blocking(move || {
        let moved = move_slot(slot.trim(), &first, &second);
        (moved, first, second)
    });
    let (moved, _first, second) = moved.await.expect("no panic");
    assert!(moved > 5, "{moved}");
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    stop.store(true, Ordering::Relaxed);
    let mut answered = 0;
    for count in counts {
        answered += count.await.expect("no panic");
    }
    let find = Find {
        limit: 10,
        ..all(&THING)
    };
    let rows = engine.find(&find).await.expect("an answer").rows;
    let versions: u64 = rows.iter().map(|row| row.version).sum();
    let waiting = engine.outbox(0, 1_000_000).await.expect("an answer").len();
    // An answer that was lost may have been one of a change.
    assert!(versions >= answered, "{versions} of {answered}");
    assert_eq!(versions, u64::try_from(waiting).expect("small"));
    assert!(answered > 100, "{answered}");
    let there = second.command(&["dbsize"]);
    assert_ne!(there.trim(), "0", "it went on at the other node");
}
