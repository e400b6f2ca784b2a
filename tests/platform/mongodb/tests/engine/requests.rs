//! A unit of work of a request with a key is one write; its answer is found, and goes when it has served
//! its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mongodb::bson::{Document as Bson, doc};
use platform_contract::value::{Timestamp, Uuid};
use platform_mongodb::MongodbEngine;
use platform_ports::engine::{
    Check, CommitError, Document, DocumentWrite, Documents, DocumentsQuery, Engine, Found, Options,
    WriteSet,
};
use serde_json::json;

use super::wire::Wire;
use super::{Database, MIGRATIONS};
use platform_conformance::engine::fixture::{THING, deleted, id, live, recorded, saving, thing};
use platform_support::servers::server;

fn key(thing: Uuid, command: &str) -> String {
    format!("things/{thing}/{command}")
}

/// The answer under a key, due in so many seconds.
fn answer(key: &str, seconds: i64, words: &str) -> DocumentWrite {
    let due = Timestamp::now().as_microseconds() + seconds * 1_000_000;
    DocumentWrite::Put {
        collection: Documents::Requests,
        expected: 0,
        document: Document {
            key: key.to_owned(),
            group: String::new(),
            position: 0,
            due: Timestamp::from_microseconds(due),
            version: 0,
            body: json!({ "said": words }),
        },
    }
}

/// A thing at a version, as a command with a key makes it.
fn keyed(number: u64, version: u64, key: &str) -> WriteSet {
    WriteSet {
        checks: vec![Check::Version {
            schema: &THING,
            generation: 0,
            id: id(number),
            version: version - 1,
        }],
        documents: vec![answer(key, 3_600, "done")],
        ..recorded(thing(id(number), version, &format!("n{number}")))
    }
}

/// The answer to a command on nothing, or on something that it does not change.
fn refused(number: u64, version: u64, key: &str) -> WriteSet {
    WriteSet {
        checks: vec![Check::Version {
            schema: &THING,
            generation: 0,
            id: id(number),
            version,
        }],
        documents: vec![answer(key, 3_600, "refused")],
        ..WriteSet::default()
    }
}

async fn commit(engine: &dyn Engine, write: WriteSet) {
    engine.commit(write).await.expect("it is to be committed");
}

async fn said(engine: &dyn Engine, key: &str) -> Option<String> {
    let found = engine.document(Documents::Requests, key).await;
    let found = found.expect("an answer")?;
    assert_eq!((found.key.as_str(), found.version), (key, 1));
    found.body["said"].as_str().map(str::to_owned)
}

async fn in_database(database: &Database, number: u64) -> Option<Bson> {
    let things = database.raw().await.collection::<Bson>("things");
    let found = things
        .find_one(doc! { "_id": id(number).to_string() })
        .await;
    found.expect("an answer")
}

/// Deletes what is due, as the service's cleanup does; how many.
async fn cleanup(engine: &dyn Engine, now: Timestamp) -> usize {
    let query = DocumentsQuery {
        collection: Documents::Requests,
        group: None,
        due_by: Some(now),
        heads_only: false,
        after: None,
        limit: 50,
    };
    let mut swept = 0;
    loop {
        let due = engine.documents(&query).await.expect("an answer");
        if due.is_empty() {
            return swept;
        }
        swept += due.len();
        let delete = due.into_iter().map(|document| DocumentWrite::Delete {
            collection: Documents::Requests,
            key: document.key,
            expected: document.version,
        });
        let write = WriteSet {
            documents: delete.collect(),
            ..WriteSet::default()
        };
        commit(engine, write).await;
    }
}

/// The commands by which write sets are committed over a wire that is listened to.
async fn commands(database: &Database, writes: Vec<WriteSet>) -> Vec<Vec<String>> {
    let (_, after) = database.url.split_once("://").expect("a URL");
    let (host, name) = after.split_once('/').expect("a database");
    let name = name.split('?').next().unwrap_or(name);
    let host = host.rsplit('@').next().unwrap_or(host);
    let wire = Wire::before(host);
    let url = format!("mongodb://{}/{name}?directConnection=true", wire.address());
    let engine = MongodbEngine::open(&url, MIGRATIONS, Options::default()).await;
    let engine = engine.expect("the database is to be opened");
    // The first message has all of the outbox counted.
    commit(&engine, recorded(thing(id(999), 1, "counted"))).await;
    wire.commands();
    let mut all = Vec::new();
    for write in writes {
        commit(&engine, write).await;
        all.push(wire.commands());
    }
    all
}

#[tokio::test]
async fn a_keyed_unit_of_work_is_one_write() {
    let Some(database) = Database::new().await else {
        return;
    };
    let writes = vec![
        keyed(1, 1, &key(id(1), "make")),
        keyed(1, 2, &key(id(1), "mend")),
        refused(1, 2, &key(id(1), "no")),
        refused(2, 0, &key(id(2), "no")),
        // An answer that is not under the key of an aggregate has a document of its own.
        keyed(1, 3, "elsewhere"),
    ];
    let all = commands(&database, writes).await;
    let made = ["find", "insert"].map(str::to_owned);
    let changed = ["find", "update"].map(str::to_owned);
    let [make, mend, no, nothing, elsewhere] = &all[..] else {
        panic!("{all:?}");
    };
    assert_eq!((make, nothing), (&made.to_vec(), &made.to_vec()));
    assert_eq!((mend, no), (&changed.to_vec(), &changed.to_vec()));
    let writes = elsewhere.iter().filter(|name| *name != "find").count();
    assert!(writes > 5, "{elsewhere:?}");
    println!("one document: {mend:?}\ntwo documents: {elsewhere:?}");
    database.remove().await;
}

#[tokio::test]
async fn answers_are_found_and_go() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    let [make, mend, no] = ["make", "mend", "no"].map(|command| key(id(1), command));
    commit(&engine, keyed(1, 1, &make)).await;
    commit(&engine, keyed(1, 2, &mend)).await;
    let waiting = engine.outbox(0, 10).await.expect("an answer");
    let ids: Vec<Uuid> = waiting.iter().map(|row| row.event.id).collect();
    engine.acknowledge(&ids).await.expect("they go");
    commit(&engine, refused(1, 2, &no)).await;
    assert!(engine.outbox(0, 10).await.expect("an answer").is_empty());
    for (key, words) in [(&make, "done"), (&mend, "done"), (&no, "refused")] {
        assert_eq!(said(&engine, key).await.as_deref(), Some(words), "{key}");
        let again = engine.commit(refused(1, 2, key)).await;
        assert!(matches!(again, Err(CommitError::Conflict)), "{key}");
    }
    assert_eq!(said(&engine, &key(id(1), "other")).await, None);
    assert_eq!(
        engine.count(Documents::Requests).await.expect("a number"),
        3
    );
    commit(&engine, saving(deleted(&THING, 0, id(1), 3))).await;
    assert_eq!(said(&engine, &make).await.as_deref(), Some("done"));
    let now = Timestamp::now();
    assert_eq!(cleanup(&engine, now).await, 0);
    assert_eq!(cleanup(&engine, now.plus_millis(3_700_000)).await, 3);
    assert_eq!(said(&engine, &make).await, None);
    let found = engine.load(&THING, 0, id(1)).await.expect("an answer");
    assert_eq!(found, Found::Deleted(3));
    database.remove().await;
}

/// What refuses a creation leaves its answer, and nothing else that anybody sees.
#[tokio::test]
async fn a_refused_creation_leaves_its_answer_alone() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    for number in [1, 2] {
        commit(&engine, refused(number, 0, &key(id(number), "make"))).await;
        let found = engine.load(&THING, 0, id(number)).await;
        assert_eq!(found.expect("an answer"), Found::Nothing);
    }
    let gone = engine.deleted(&THING, 0, None, 10).await;
    assert!(gone.expect("an answer").is_empty());
    commit(&engine, keyed(1, 1, &key(id(1), "again"))).await;
    let found = engine.load(&THING, 0, id(1)).await.expect("an answer");
    assert!(matches!(found, Found::Live(_)));
    let later = Timestamp::now().plus_millis(3_700_000);
    assert_eq!(cleanup(&engine, later).await, 3);
    assert!(in_database(&database, 1).await.is_some());
    assert!(in_database(&database, 2).await.is_none());
    database.remove().await;
}

/// An aggregate of many requests stays small, and none of their answers is lost.
#[tokio::test]
async fn many_answers_move_out() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    let keys: Vec<String> = (1..=80).map(|n| key(id(1), &n.to_string())).collect();
    for (version, key) in (1..).zip(&keys) {
        commit(&engine, keyed(1, version, key)).await;
        if version % 10 > 0 {
            continue;
        }
        let document = in_database(&database, 1).await.expect("it is there");
        let held = document.get_array("_requests").expect("a list").len();
        assert!((1..=64).contains(&held), "{held}");
    }
    let large = key(id(1), "large");
    let words = "x".repeat(100_000);
    let write = WriteSet {
        documents: vec![answer(&large, 3_600, &words)],
        ..recorded(thing(id(1), 81, "n1"))
    };
    commit(&engine, write).await;
    let document = in_database(&database, 1).await.expect("it is there");
    let size = document.to_vec().expect("BSON").len();
    assert!(size < 100_000 + 64 * 1_000, "{size}");
    assert_eq!(said(&engine, &large).await, Some(words));
    for key in &keys {
        assert_eq!(said(&engine, key).await.as_deref(), Some("done"), "{key}");
        let again = engine.commit(refused(1, 81, key)).await;
        assert!(matches!(again, Err(CommitError::Conflict)), "{key}");
    }
    assert_eq!(
        engine.count(Documents::Requests).await.expect("a number"),
        81
    );
    let later = Timestamp::now().plus_millis(3_700_000);
    assert_eq!(cleanup(&engine, later).await, 81);
    assert_eq!(
        engine.count(Documents::Requests).await.expect("a number"),
        0
    );
    database.remove().await;
}

/// What becomes of an answer that is due is for the cleanup, however many come after it.
#[tokio::test]
async fn answers_that_are_due_stay_until_they_are_swept_out() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    let due = key(id(1), "make");
    let make = WriteSet {
        documents: vec![answer(&due, -60, "done")],
        ..recorded(thing(id(1), 1, "n1"))
    };
    commit(&engine, make).await;
    for version in 2..=100 {
        commit(
            &engine,
            keyed(1, version, &key(id(1), &version.to_string())),
        )
        .await;
    }
    assert_eq!(said(&engine, &due).await.as_deref(), Some("done"));
    assert_eq!(cleanup(&engine, Timestamp::now()).await, 1);
    database.remove().await;
}

/// An answer may come with a change of other documents, and then all happens or nothing.
#[tokio::test]
async fn an_answer_is_part_of_a_transaction() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    commit(&engine, recorded(thing(id(1), 1, "n1"))).await;
    commit(&engine, keyed(1, 2, &key(id(1), "first"))).await;
    let mut both = keyed(1, 3, &key(id(1), "second"));
    both.saves.push(live(&THING, 0, thing(id(2), 1, "n2")));
    commit(&engine, both).await;
    let mut taken = keyed(1, 4, &key(id(1), "third"));
    taken.saves.push(live(&THING, 0, thing(id(3), 1, "n2")));
    let failed = engine.commit(taken).await;
    assert!(matches!(failed, Err(CommitError::Taken("name"))));
    for (command, words) in [
        ("first", Some("done")),
        ("second", Some("done")),
        ("third", None),
    ] {
        let said = said(&engine, &key(id(1), command)).await;
        assert_eq!(said.as_deref(), words, "{command}");
    }
    let waiting = engine.outbox(0, 10).await.expect("an answer");
    assert_eq!(waiting.len(), 3);
    database.remove().await;
}

/// Of the same request many times at once, one is carried out.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_happens_once() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = Arc::new(database.open().await);
    for number in 1..=10 {
        let key = key(id(number), "make");
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let (engine, write) = (Arc::clone(&engine), keyed(number, 1, &key));
                tokio::spawn(async move { engine.commit(write).await })
            })
            .collect();
        let mut done = 0;
        for one in tries {
            match one.await.expect("no panic") {
                Ok(()) => done += 1,
                Err(CommitError::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(done, 1);
    }
    assert_eq!(
        engine.count(Documents::Requests).await.expect("a number"),
        10
    );
    database.remove().await;
}

/// How long a unit of work with a key takes whose answer is held by its aggregate, and one whose answer
/// has a document of its own.
#[tokio::test]
#[ignore = "a measurement"]
async fn speed_of_requests() {
    if server("TEST_MONGODB_URL").is_none() {
        return;
    }
    for own in [false, true] {
        let database = Database::new().await.expect("there is a server");
        let engine = database.open().await;
        let start = Instant::now();
        let mut count = 0_u32;
        while start.elapsed() < Duration::from_secs(10) {
            count += 1;
            let turn = u64::from(count - 1);
            let (number, version) = (turn % 200, turn / 200 + 1);
            let key = match own {
                true => count.to_string(),
                false => key(id(number), &count.to_string()),
            };
            commit(&engine, keyed(number, version, &key)).await;
        }
        let rate = f64::from(count) / start.elapsed().as_secs_f64();
        println!("a document of its own: {own}: {rate:.0} commits/s");
        database.remove().await;
    }
}
