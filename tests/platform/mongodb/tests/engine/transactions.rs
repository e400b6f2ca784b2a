//! Write sets over several documents happen as a whole or not at all: whatever stops who is at it,
//! and whoever goes on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;

use platform_contract::value::Uuid;
use platform_mongodb::MongodbEngine;
use platform_ports::engine::{
    AppliedSequence, Check, CommitError, Document, DocumentWrite, Documents, Engine, Find, Found,
    OffsetAdvance, Options, SequenceAdvance, WriteSet,
};

use super::{Database, MIGRATIONS};
use platform_conformance::engine::fixture::{
    OWNER, THING, all, deleted, event, id, live, recorded, saving, stored, thing,
};
use platform_support::child::{Child, role};

/// A change of documents in five collections, one of which carries a message.
fn wide(number: u64) -> WriteSet {
    let thing = thing(id(number), 1, &format!("n{number}"));
    let applied = SequenceAdvance {
        handler: "h".to_owned(),
        generation: 1,
        aggregate: id(number),
        from: None,
        to: AppliedSequence {
            sequence: 1,
            event: None,
        },
    };
    let offset = OffsetAdvance {
        handler: "h".to_owned(),
        generation: 1,
        topic: format!("t{number}"),
        partition: 0,
        topic_id: "i".to_owned(),
        next: 7,
        as_of: None,
    };
    WriteSet {
        checks: vec![Check::EmptyGroup {
            collection: Documents::Jobs,
            group: number.to_string(),
        }],
        applied_sequences: vec![applied],
        documents: vec![job(&number.to_string(), &number.to_string())],
        offsets: vec![offset],
        ..recorded(thing)
    }
}

fn job(key: &str, group: &str) -> DocumentWrite {
    DocumentWrite::Put {
        collection: Documents::Jobs,
        expected: 0,
        document: Document {
            key: key.to_owned(),
            group: group.to_owned(),
            position: 0,
            due: None,
            version: 0,
            body: json!({}),
        },
    }
}

/// How many parts of the change are there: none, or all six.
async fn there(engine: &dyn Engine, number: u64) -> usize {
    // Whoever looks for messages applies what has happened.
    let waiting = engine.outbox(0, 10_000).await.expect("an answer");
    let messages = waiting
        .iter()
        .filter(|row| row.event.aggregate_id == id(number));
    let row = engine.load(&THING, 0, id(number)).await.expect("an answer");
    let document = engine.document(Documents::Jobs, &number.to_string()).await;
    let applied_sequences = engine.applied_sequences("h", 1, &[id(number)]).await;
    let offsets = engine.offsets("h", 1).await.expect("an answer");
    let topic = format!("t{number}");
    let name = Find {
        equals: vec![("name", json!(format!("n{number}")))],
        ..all(&THING)
    };
    [
        messages.count(),
        usize::from(row != Found::Nothing),
        document.expect("an answer").iter().count(),
        applied_sequences.expect("an answer").len(),
        offsets.iter().filter(|one| one.topic == topic).count(),
        engine.find(&name).await.expect("an answer").rows.len(),
    ]
    .iter()
    .sum()
}

/// A future that is polled so many times at most.
struct Polled<F> {
    inner: Pin<Box<F>>,
    left: u32,
}

impl<F: Future> Future for Polled<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.inner.as_mut().poll(context).map(Some)
    }
}

fn polled<F: Future>(future: F, left: u32) -> Polled<F> {
    Polled {
        inner: Box::pin(future),
        left,
    }
}

/// Commits the same unless it is there; whether it was not. Who competes with many may meet with a
/// conflict that is none of its own.
async fn carry_on(engine: &dyn Engine, number: u64) -> bool {
    while !is_taken(&engine.commit(wide(number)).await) {
        match there(engine, number).await {
            0 => {}
            parts => {
                assert_eq!(parts, 6);
                return false;
            }
        }
    }
    true
}

/// At most so many steps are tried; the commit is through before.
const STEPS: u32 = 120;

async fn engines(database: &Database) -> (Arc<MongodbEngine>, Arc<MongodbEngine>) {
    (
        Arc::new(database.open().await),
        Arc::new(database.open().await),
    )
}

fn is_taken(result: &Result<(), CommitError>) -> bool {
    match result {
        Ok(()) => true,
        Err(CommitError::Conflict) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn given_up_anywhere_it_is_all_or_nothing() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (first, second) = engines(&database).await;
    let mut tasks = JoinSet::new();
    for steps in (1..STEPS).step_by(2) {
        let (first, second) = (Arc::clone(&first), Arc::clone(&second));
        while tasks.len() >= 16 {
            tasks.join_next().await.expect("one").expect("no panic");
        }
        let number = u64::from(steps);
        tasks.spawn(async move {
            let done = polled(first.commit(wide(number)), steps).await;
            // What was on its way to the server is let through.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let parts = there(&*second, number).await;
            assert!(parts == 0 || parts == 6, "{parts} after {steps} steps");
            let again = carry_on(&*second, number).await;
            assert_eq!(again, parts == 0, "after {steps} steps");
            if let Some(done) = done {
                assert!(is_taken(&done) && !again);
            }
            assert_eq!(there(&*second, number).await, 6, "after {steps} steps");
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    database.remove().await;
}

#[tokio::test]
async fn who_was_held_up_and_goes_on_changes_nothing() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (first, second) = engines(&database).await;
    let mut tasks = JoinSet::new();
    for steps in (2..STEPS).step_by(2) {
        let (first, second) = (Arc::clone(&first), Arc::clone(&second));
        while tasks.len() >= 16 {
            tasks.join_next().await.expect("one").expect("no panic");
        }
        let number = u64::from(steps);
        tasks.spawn(async move {
            let mut slow = polled(first.commit(wide(number)), steps);
            let early = (&mut slow).await;
            let other = carry_on(&*second, number).await;
            let own = match early {
                Some(early) => is_taken(&early),
                None => is_taken(&slow.inner.await),
            };
            assert!(own != other, "both or none after {steps} steps");
            assert_eq!(there(&*second, number).await, 6, "after {steps} steps");
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    database.remove().await;
}

const KILLED: &str = "transactions::killed_between_any_two_steps";

#[tokio::test]
async fn killed_between_any_two_steps() {
    if let Some((url, _)) = role() {
        let engine = MongodbEngine::open(&url, MIGRATIONS, Options::default()).await;
        let engine = engine.expect("the database is to be opened");
        let _ = engine.commit(wide(1)).await;
        return;
    }
    let points = [
        ("planned", false),
        ("recorded", false),
        ("locked-some", false),
        ("locked", false),
        ("checked", false),
        ("committed", true),
        ("applied-some", true),
    ];
    for (point, happened) in points {
        let Some(database) = Database::new().await else {
            return;
        };
        let hold = format!("mongodb.{point}");
        let folder = std::env::temp_dir();
        let mut child = Child::start_with(KILLED, &database.url, &folder, Some(&hold));
        assert_eq!(child.line(), format!("held at {hold}"));
        drop(child);
        let engine = database.open().await;
        let parts = there(&engine, 1).await;
        assert_eq!(parts, if happened { 6 } else { 0 }, "killed at {point}");
        let again = is_taken(&engine.commit(wide(1)).await);
        assert_eq!(again, !happened, "killed at {point}");
        assert_eq!(there(&engine, 1).await, 6, "killed at {point}");
        let left = database.raw().await;
        let left = left.collection::<mongodb::bson::Document>("microdb_transactions");
        let left = left.count_documents(mongodb::bson::doc! { "state": "committed" });
        assert_eq!(left.await.expect("an answer"), 0);
        database.remove().await;
    }
}

/// Money goes from one to another, while some who carry it vanish.
#[tokio::test(flavor = "multi_thread")]
async fn transfers_keep_the_total() {
    const ACCOUNTS: u64 = 6;
    let Some(database) = Database::new().await else {
        return;
    };
    let (first, second) = engines(&database).await;
    for number in 1..=ACCOUNTS {
        let account = json!({ "name": number.to_string(), "group": 100 });
        let write = saving(live(&THING, 0, stored(id(number), 1, account)));
        first.commit(write).await.expect("it is to be taken");
    }
    let mut tasks = JoinSet::new();
    for task in 0..6_u64 {
        let engine = Arc::clone(if task % 2 == 0 { &first } else { &second });
        tasks.spawn(async move {
            for round in 0..8 {
                let from = 1 + (task + round) % ACCOUNTS;
                let to = 1 + (task * 5 + round * 2 + 3) % ACCOUNTS;
                // Each other round somebody else gives up on the way.
                let steps = if round % 2 == 0 {
                    10_000
                } else {
                    12 + 3 * round as u32
                };
                if from != to {
                    let _ = polled(transfer(&*engine, from, to), steps).await;
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
    let waiting = second.outbox(0, 10_000).await.expect("an answer");
    // Takes over from those who gave up.
    for number in 1..=ACCOUNTS {
        transfer(&*second, number, number % ACCOUNTS + 1).await;
    }
    let after = second.outbox(0, 10_000).await.expect("an answer");
    assert!(after.len() >= waiting.len());
    let rows = second.find(&all(&THING)).await.expect("an answer").rows;
    let sum: i64 = rows
        .iter()
        .filter_map(|row| row.members["group"].as_i64())
        .sum();
    assert_eq!(sum, i64::try_from(ACCOUNTS).expect("small") * 100);
    for row in rows {
        let own = after.iter().filter(|one| one.event.aggregate_id == row.id);
        let sequences: Vec<u64> = own.map(|one| one.event.sequence).collect();
        let expected: Vec<u64> = (2..=row.version).collect();
        assert_eq!(sequences, expected, "each change has its message, in order");
    }
    database.remove().await;
}

async fn transfer(engine: &dyn Engine, from: u64, to: u64) {
    loop {
        let mut writes = Vec::new();
        for (number, amount) in [(from, -1), (to, 1)] {
            let found = engine.load(&THING, 0, id(number)).await.expect("an answer");
            let Found::Live(mut row) = found else {
                panic!("there is an account {number}")
            };
            let balance = row.members["group"].as_i64().expect("a balance");
            row.members["group"] = json!(balance + amount);
            row.version += 1;
            writes.push(recorded(row));
        }
        match engine.commit_all(writes).await {
            Ok(()) => return,
            Err((_, CommitError::Conflict)) => {}
            Err((_, error)) => panic!("{error}"),
        }
    }
}

/// Two who each find that the other's is not there do not both write.
#[tokio::test(flavor = "multi_thread")]
async fn conditions_on_sets_hold_until_the_commit() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (first, second) = engines(&database).await;
    for round in 0..12_u64 {
        let group = i64::try_from(round).expect("small");
        let find = || Find {
            equals: vec![("group", json!(group))],
            ..all(&THING)
        };
        let with_thing = |number: u64, check: Check| WriteSet {
            checks: vec![check],
            ..saving(live(
                &THING,
                0,
                stored(
                    id(number),
                    1,
                    json!({ "name": number.to_string(), "group": group }),
                ),
            ))
        };
        let nothing_found = || Check::Answer {
            find: find(),
            rows: Vec::new(),
        };
        let no_job = || Check::EmptyGroup {
            collection: Documents::Jobs,
            group: group.to_string(),
        };
        let with_job = |check: Check| WriteSet {
            checks: vec![check],
            documents: vec![job(&group.to_string(), &group.to_string())],
            ..WriteSet::default()
        };
        let number = 1_000 + round * 2;
        let (one, other) = if round % 2 == 0 {
            (
                with_thing(number, nothing_found()),
                with_thing(number + 1, nothing_found()),
            )
        } else {
            (with_thing(number, no_job()), with_job(nothing_found()))
        };
        let (one, other) = tokio::join!(first.commit(one), second.commit(other));
        assert!(
            !(is_taken(&one) && is_taken(&other)),
            "both in round {round}"
        );
    }
    database.remove().await;
}

/// A name is somebody's from the moment it is prepared, and free again when that comes to nothing.
#[tokio::test(flavor = "multi_thread")]
async fn names_in_flight_are_taken_once() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (first, second) = engines(&database).await;
    let named = |number: u64, name: &str| WriteSet {
        documents: vec![job(&number.to_string(), "g")],
        ..saving(live(&THING, 0, thing(id(number), 1, name)))
    };
    for round in 0..10_u64 {
        let name = format!("round {round}");
        let (one, other) = (named(round * 2, &name), named(round * 2 + 1, &name));
        let (one, other) = tokio::join!(first.commit(one), second.commit(other));
        let outcomes = [one, other];
        let taken = outcomes.iter().filter(|one| one.is_ok()).count();
        assert_eq!(taken, 1, "{outcomes:?}");
        assert!(
            outcomes
                .iter()
                .all(|one| matches!(one, Ok(()) | Err(CommitError::Taken("name")))),
            "{outcomes:?}"
        );
    }
    // Some of these are given up while the name is prepared.
    for steps in (4..40).step_by(6) {
        let name = format!("given up {steps}");
        let number = 500 + u64::from(steps) * 2;
        let given_up = polled(first.commit(named(number, &name)), steps).await;
        let other = second.commit(named(number + 1, &name)).await;
        let happened = second.load(&THING, 0, id(number)).await.expect("an answer");
        assert_eq!(
            other.is_ok(),
            happened == Found::Nothing,
            "{other:?} {given_up:?}"
        );
    }
    database.remove().await;
}

/// What is referenced is not deleted while the reference is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn references_in_flight_hold() {
    let Some(database) = Database::new().await else {
        return;
    };
    let (first, second) = engines(&database).await;
    for round in 1..=10_u64 {
        let owner = stored(id(round), 1, json!({ "name": "o" }));
        let made = first.commit(saving(live(&OWNER, 0, owner))).await;
        made.expect("it is to be taken");
        let referencing = json!({ "name": round.to_string(), "owner": id(round).to_string() });
        let save = saving(live(&THING, 0, stored(id(round), 1, referencing)));
        let delete = saving(deleted(&OWNER, 0, id(round), 2));
        let (saved, gone) = tokio::join!(first.commit(save), second.commit(delete));
        let found = first.load(&OWNER, 0, id(round)).await.expect("an answer");
        let is_live = matches!(found, Found::Live(_));
        assert_eq!(gone.is_err(), is_live);
        assert!(saved.is_err() || is_live, "it references nothing");
    }
    database.remove().await;
}

/// A message that was committed is found by whoever looks, and once.
#[tokio::test]
async fn messages_without_a_change_have_a_home() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    let loose: Vec<_> = (1..=3).map(|number| event(id(number), 1)).collect();
    let ids: Vec<Uuid> = loose.iter().map(|event| event.id).collect();
    let write = WriteSet {
        events: loose,
        ..WriteSet::default()
    };
    engine.commit(write).await.expect("it is to be taken");
    let after = engine.commit(recorded(thing(id(4), 1, "a"))).await;
    after.expect("it is to be taken");
    let rows = engine.outbox(0, 10).await.expect("an answer");
    let order: Vec<Uuid> = rows.iter().map(|row| row.event.aggregate_id).collect();
    assert_eq!(order, [id(1), id(2), id(3), id(4)]);
    engine.acknowledge(&ids).await.expect("they are to go");
    engine
        .acknowledge(&ids)
        .await
        .expect("once more is nothing");
    assert_eq!(engine.outbox(0, 10).await.expect("an answer").len(), 1);
    let log = engine
        .event_log("thing", None, 10)
        .await
        .expect("an answer");
    let places: Vec<Uuid> = log.iter().map(|event| event.aggregate_id).collect();
    assert_eq!(places, order, "in the log, whether they have left or not");
    database.remove().await;
}

/// Messages of one aggregate that do not leave fill its document, and no other.
#[tokio::test]
async fn a_full_document_refuses() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    let heavy = |number: u64, version: u64| {
        let mut write = recorded(thing(id(number), version, &number.to_string()));
        write.events[0].wire.payload = vec![7; 1 << 20];
        write
    };
    let mut version = 1;
    let error = loop {
        match engine.commit(heavy(1, version)).await {
            Ok(()) => version += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CommitError::OutboxFull), "{error}");
    assert!((4..=7).contains(&version), "{version}");
    let other = engine.commit(heavy(2, 1)).await;
    other.expect("another has room");
    let waiting = engine.outbox(0, 100).await.expect("an answer");
    let ids: Vec<Uuid> = waiting.iter().map(|row| row.event.id).collect();
    engine.acknowledge(&ids).await.expect("they are to go");
    let again = engine.commit(heavy(1, version)).await;
    again.expect("there is room again");
    database.remove().await;
}
