//! Many writers at once.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::commit;
use super::fixture::{THING, all, id, live, recorded, saving, thing};
use super::outbox::assert_ordered;
use platform_ports::engine::{CommitError, Engine, Find, Found, WriteSet};

/// Of many that are committed at once, those that cannot be take nobody with them.
pub async fn a_conflict_hurts_nobody_else(engine: Arc<dyn Engine>) {
    commit(&*engine, saving(live(&THING, 0, thing(id(1), 1, "taken")))).await;
    let mut tasks = JoinSet::new();
    for number in 0..120_u64 {
        let engine = Arc::clone(&engine);
        let write = match number % 3 {
            0 => recorded(thing(id(1_000 + number), 1, &format!("n{number}"))),
            1 => recorded(thing(id(1_000 + number), 2, &format!("n{number}"))),
            _ => recorded(thing(id(1_000 + number), 1, "taken")),
        };
        tasks.spawn(async move { (number, engine.commit(write).await) });
    }
    while let Some(done) = tasks.join_next().await {
        match done.expect("no panic") {
            (number, Ok(())) => assert_eq!(number % 3, 0),
            (number, Err(CommitError::Conflict)) => assert_eq!(number % 3, 1),
            (number, Err(CommitError::Taken("name"))) => assert_eq!(number % 3, 2),
            (number, Err(error)) => panic!("{number}: {error}"),
        }
    }
    let rows = engine
        .find(&all(&THING))
        .await
        .expect("the engine is to answer")
        .rows;
    assert_eq!(rows.len(), 41);
    assert_eq!(
        engine
            .outbox(0, 1_000)
            .await
            .expect("the engine is to answer")
            .len(),
        40
    );
}

/// Several write sets as one: all, or none and the first that failed.
pub async fn all_or_none(engine: Arc<dyn Engine>) {
    let three = |middle| {
        [1, middle, 3]
            .map(|number| recorded(thing(id(number), 1, &format!("n{number}"))))
            .into()
    };
    let (at, error) = engine
        .commit_all(three(1))
        .await
        .expect_err("the second is the first again");
    assert_eq!(at, 1);
    assert!(matches!(error, CommitError::Conflict), "{error}");
    assert_eq!(
        engine
            .load(&THING, 0, id(1))
            .await
            .expect("the engine is to answer"),
        Found::Nothing
    );
    assert_eq!(
        engine
            .outbox(0, 10)
            .await
            .expect("the engine is to answer")
            .len(),
        0
    );
    engine
        .commit_all(three(2))
        .await
        .expect("they are to be taken");
    assert_eq!(
        engine
            .outbox(0, 10)
            .await
            .expect("the engine is to answer")
            .len(),
        3
    );
    engine
        .commit_all(Vec::<WriteSet>::new())
        .await
        .expect("nothing is always taken");
}

/// Read, decide, commit, from many tasks over a few things: every commit that was answered counts,
/// and the outbox has the events of each thing in order without a gap.
pub async fn increments_are_not_lost(engine: Arc<dyn Engine>) {
    let mut tasks = JoinSet::new();
    for task in 0..16_u64 {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            for round in 0..10 {
                increment(&*engine, id(1 + (task + round) % 3)).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    let rows = engine
        .find(&Find {
            limit: 10,
            ..all(&THING)
        })
        .await;
    let rows = rows.expect("the engine is to answer").rows;
    assert_eq!(rows.iter().map(|row| row.version).sum::<u64>(), 160);
    let waiting = engine
        .outbox(0, 1_000)
        .await
        .expect("the engine is to answer");
    assert_eq!(waiting.len(), 160);
    assert_ordered(&waiting);
}

/// A unit of work on one thing, tried until it is committed.
pub async fn increment(engine: &dyn Engine, id: uuid::Uuid) {
    loop {
        let version = match engine
            .load(&THING, 0, id)
            .await
            .expect("the engine is to answer")
        {
            Found::Live(stored) => stored.version,
            Found::Deleted(version) => version,
            Found::Nothing => 0,
        };
        match engine
            .commit(recorded(thing(id, version + 1, &id.to_string())))
            .await
        {
            Ok(()) => return,
            Err(CommitError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
