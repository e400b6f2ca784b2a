//! Conditions on what is not there, against writers who check nothing, and locks in one order.
//!
//! A writer is stalled in the middle of its transaction, by a row that another session has locked,
//! after it has written what the condition says is not there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use platform_ports::engine::{
    Check, CommitError, Document, DocumentWrite, Documents, Engine, Find, Found, Save, WriteSet,
};
use platform_postgres::PostgresEngine;
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use tokio::task::JoinSet;

use super::{Database, administrator};
use platform_conformance::engine::fixture::{
    COPY, OWNER, THING, all, at, deleted, event, id, live, members, saving, stored, thing,
};

fn put(collection: Documents, expected: u64, key: &str, group: &str) -> DocumentWrite {
    DocumentWrite::Put {
        collection,
        expected,
        document: Document {
            key: key.to_owned(),
            group: group.to_owned(),
            position: 1,
            due: Some(at(0)),
            version: 1,
            body: json!({}),
        },
    }
}

fn checking(check: Check) -> WriteSet {
    WriteSet {
        checks: vec![check],
        events: vec![event(id(900), 1)],
        ..saving(live(&THING, 0, thing(id(900), 1, "relies on it")))
    }
}

/// Lets `check` be committed while `write` is stalled after its writes: it has to wait, and then to
/// meet with a conflict.
async fn waits_for(write: WriteSet, check: Check) {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = Arc::new(database.open().await);
    let first = WriteSet {
        documents: vec![put(Documents::Jobs, 0, "stall", "stall")],
        ..WriteSet::default()
    };
    engine.commit(first).await.expect("it is to be taken");
    let mut session = PgConnection::connect(&database.url())
        .await
        .expect("a session");
    let lock = "BEGIN; SELECT 1 FROM microdb_jobs WHERE key = 'stall' FOR UPDATE";
    session
        .execute(sqlx::raw_sql(lock))
        .await
        .expect("the row is to be locked");

    let mut write = write;
    write
        .documents
        .push(put(Documents::Jobs, 1, "stall", "stall"));
    let stalled = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { engine.commit(write).await }
    });
    let mut observer = PgConnection::connect(&database.url())
        .await
        .expect("a session");
    waiting(&mut observer, 1).await;
    let checked = tokio::spawn({
        let engine = Arc::clone(&engine);
        async move { engine.commit(checking(check)).await }
    });
    waiting(&mut observer, 2).await;
    assert!(!checked.is_finished());
    session
        .execute(sqlx::raw_sql("ROLLBACK"))
        .await
        .expect("the lock is to go");
    stalled.await.expect("no panic").expect("it is to be taken");
    let checked = checked.await.expect("no panic");
    assert!(matches!(checked, Err(CommitError::Conflict)), "{checked:?}");
}

/// Until so many sessions wait for a lock.
async fn waiting(session: &mut PgConnection, count: i64) {
    let start = Instant::now();
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        let row = session.fetch_one(sql).await.expect("an answer");
        if row.get::<i64, _>(0) >= count {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "nobody waits");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_for_writers_of_its_table() {
    let grouped = stored(id(1), 1, json!({ "name": "n", "group": 7 }));
    let find = Find {
        equals: vec![("group", json!(7))],
        ..all(&THING)
    };
    waits_for(
        saving(live(&THING, 0, grouped)),
        Check::Answer { find, rows: vec![] },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_group_waits_for_writers_of_it() {
    let write = WriteSet {
        documents: vec![put(Documents::Commands, 0, "a", "g")],
        ..WriteSet::default()
    };
    let check = Check::EmptyGroup {
        collection: Documents::Commands,
        group: "g".to_owned(),
    };
    waits_for(write, check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_id_waits_for_writers_of_its_table() {
    let check = Check::Version {
        schema: &THING,
        generation: 0,
        id: id(1),
        version: 0,
    };
    waits_for(saving(live(&THING, 0, thing(id(1), 1, "n"))), check).await;
}

/// How often the server had to break a deadlock in this database.
async fn deadlocks(database: &Database) -> i64 {
    // What sessions count is told at their end, at the latest.
    let mut session = PgConnection::connect(&database.url())
        .await
        .expect("a session");
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    session.fetch_one(sql).await.expect("an answer").get(0)
}

/// Write sets over the same rows, each in another order: no error, and no deadlock.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_locked_in_one_order() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = Arc::new(database.open().await);
    let mut tasks = JoinSet::new();
    for task in 0..8_u64 {
        let engine = Arc::clone(&engine);
        tasks.spawn(async move {
            let mut taken = 0;
            for round in 0..20 {
                taken += u64::from(all_rows(&*engine, task % 2 == 0, round).await);
            }
            taken
        });
    }
    let mut taken = 0;
    while let Some(done) = tasks.join_next().await {
        taken += done.expect("no panic");
    }
    let rows = engine.find(&all(&COPY)).await.expect("an answer").rows;
    assert!(taken > 0);
    assert!(
        rows.iter().all(|row| row.version == taken),
        "{taken}: {rows:?}"
    );
    drop(engine);
    assert_eq!(deadlocks(&database).await, 0);
}

/// Changes all rows by one write set; whether it was taken.
async fn all_rows(engine: &dyn Engine, forwards: bool, round: u64) -> bool {
    let mut saves: Vec<Save> = Vec::new();
    for number in 1..=10 {
        let found = engine.load(&COPY, 0, id(number)).await.expect("an answer");
        let version = match found {
            Found::Live(stored) => stored.version,
            _ => 0,
        };
        let object = json!({ "name": format!("{round}") });
        saves.push(live(&COPY, 0, stored(id(number), version + 1, object)));
    }
    if !forwards {
        saves.reverse();
    }
    let write = WriteSet {
        saves,
        ..WriteSet::default()
    };
    match engine.commit(write).await {
        Ok(()) => true,
        Err(CommitError::Conflict) => false,
        Err(error) => panic!("{error}"),
    }
}

/// An owner is deleted while things come to name it, in a list and in a column.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_meanwhile_is_not_deleted() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = Arc::new(database.open().await);
    for round in 1..=20_u64 {
        let (owner, naming) = (id(round), id(1_000 + round));
        let named = owner.to_string();
        let made = stored(owner, 1, json!({ "name": "o" }));
        engine
            .commit(saving(live(&OWNER, 0, made)))
            .await
            .expect("it is to be taken");
        let mut row = thing(naming, 1, &naming.to_string());
        row.members.extend(members(match round % 2 {
            0 => json!({ "owner": named }),
            _ => json!({ "helpers": [named] }),
        }));
        let (one, other) = tokio::join!(
            spawned(&engine, saving(live(&THING, 0, row))),
            spawned(&engine, saving(deleted(&OWNER, 0, owner, 2))),
        );
        match (one, other) {
            (Ok(()), Err(CommitError::StillReferenced("things")))
            | (Err(CommitError::MissingReference("owner" | "helpers", _)), Ok(())) => {}
            (one, other) => panic!("round {round}: {one:?}, {other:?}"),
        }
    }
}

async fn spawned(engine: &Arc<PostgresEngine>, write: WriteSet) -> Result<(), CommitError> {
    let engine = Arc::clone(engine);
    let task = tokio::spawn(async move { engine.commit(write).await });
    task.await.expect("no panic")
}

/// A text with U+0000, which PostgreSQL cannot store, is refused for good and harms nothing.
#[tokio::test]
async fn a_text_that_cannot_be_stored_is_refused_for_good() {
    use platform_ports::engine::EngineError;
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    let bad = [
        saving(live(&COPY, 0, stored(id(1), 1, json!({ "name": "a\0b" })))),
        WriteSet {
            documents: vec![put(Documents::Jobs, 0, "a\0b", "g")],
            ..WriteSet::default()
        },
    ];
    for write in bad {
        let error = engine.commit(write).await.expect_err("it cannot be stored");
        assert!(
            matches!(&error, CommitError::Engine(EngineError::Corrupt(why)) if why.contains("U+0000")),
            "{error}"
        );
    }
    // In JSON it is an escape, and is kept.
    let kept = stored(
        id(1),
        1,
        json!({ "name": "n", "extra": { "a": "\0" }, "parts": [] }),
    );
    engine
        .commit(saving(live(&THING, 0, kept.clone())))
        .await
        .expect("it is to be taken");
    let found = engine.load(&THING, 0, id(1)).await.expect("an answer");
    assert_eq!(found, Found::Live(kept));
}

/// The log is read over its partitions, and old ones are dropped as a whole.
#[tokio::test]
async fn old_partitions_of_the_log_are_dropped() {
    use platform_contract::value::Timestamp;
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    let emitting = |sequence| WriteSet {
        events: vec![event(id(1), sequence)],
        ..WriteSet::default()
    };
    engine.commit(emitting(1)).await.expect("it is to be taken");
    let mut session = PgConnection::connect(&database.url())
        .await
        .expect("a session");
    // An old month, with what was written then; and this month's partition is lost.
    let old = "CREATE TABLE microdb_event_log_2020_01 PARTITION OF microdb_event_log
            FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-02-01 00:00:00+00');
        UPDATE microdb_event_log SET written_at = '2020-01-15 00:00:00+00'";
    session
        .execute(sqlx::raw_sql(old))
        .await
        .expect("it is to be made");
    let row = session
        .fetch_one("SELECT 'DROP TABLE microdb_event_log_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
        .await
        .expect("an answer");
    let drop: String = row.get(0);
    session
        .execute(AssertSqlSafe(drop))
        .await
        .expect("it is to be dropped");
    engine
        .commit(emitting(2))
        .await
        .expect("a partition is made for it");
    let log = engine
        .event_log("thing", None, 10)
        .await
        .expect("an answer");
    let sequences: Vec<u64> = log.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2]);
    let hour_ago = Timestamp::from_microseconds(Timestamp::now().as_microseconds() - 3_600_000_000);
    let trimmed = engine.trim_event_log(hour_ago.expect("in range")).await;
    assert_eq!(trimmed.expect("it is to be trimmed"), 1);
    let row = session
        .fetch_one("SELECT to_regclass('microdb_event_log_2020_01') IS NULL")
        .await;
    assert!(row.expect("an answer").get::<bool, _>(0), "it is dropped");
}

/// What had been deleted is not made as if it were new, in one statement with its event either.
#[tokio::test]
async fn a_deleted_row_is_not_made_anew() {
    use platform_conformance::engine::fixture::recorded;
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    let owner = |version| WriteSet {
        events: vec![event(id(1), version)],
        ..saving(live(
            &OWNER,
            0,
            stored(id(1), version, json!({ "name": "o" })),
        ))
    };
    // The second finds out how much room there is, and the others rely on it.
    for number in 2..4 {
        let first = recorded(thing(id(number), 1, &number.to_string()));
        engine.commit(first).await.expect("it is to be taken");
    }
    engine.commit(owner(1)).await.expect("it is to be taken");
    let gone = saving(deleted(&OWNER, 0, id(1), 2));
    engine.commit(gone).await.expect("it is to be taken");
    engine
        .acknowledge(&[event(id(1), 1).id])
        .await
        .expect("it is to be deleted");
    for version in [1, 2] {
        let anew = engine.commit(owner(version)).await;
        assert!(matches!(anew, Err(CommitError::Conflict)), "{anew:?}");
    }
    engine.commit(owner(3)).await.expect("it goes on counting");
    let waiting = engine.outbox(0, 10).await.expect("an answer");
    assert_eq!(waiting.len(), 3);
}

/// Many rows at once, of which some had been deleted: made anew on the condition of that version, and
/// on no other.
#[tokio::test]
async fn many_rows_with_deleted_ones_among_them() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    let copy = |number, version| {
        let object = json!({ "name": "c", "price": "1.50" });
        live(&COPY, 2, stored(id(number), version, object))
    };
    let all = |saves| WriteSet {
        saves,
        ..WriteSet::default()
    };
    let first = all(vec![copy(3, 1), copy(1, 1), copy(2, 1)]);
    engine.commit(first).await.expect("it is to be taken");
    let gone = saving(deleted(&COPY, 2, id(2), 2));
    engine.commit(gone).await.expect("it is to be taken");
    for wrong in [copy(2, 1), copy(2, 2)] {
        let anew = engine.commit(all(vec![copy(1, 2), wrong])).await;
        assert!(matches!(anew, Err(CommitError::Conflict)), "{anew:?}");
    }
    let mixed = all(vec![copy(4, 1), copy(2, 3), copy(1, 2)]);
    engine.commit(mixed).await.expect("it is to be taken");
    let find = Find {
        generation: 2,
        ..platform_conformance::engine::fixture::all(&COPY)
    };
    let rows = engine.find(&find).await.expect("an answer").rows;
    let versions: Vec<_> = rows.iter().map(|row| (row.id, row.version)).collect();
    assert_eq!(versions, [(id(1), 2), (id(2), 3), (id(3), 1), (id(4), 1)]);
    let deleted = engine.deleted(&COPY, 2, None, 10).await.expect("an answer");
    assert_eq!(deleted, []);
}
