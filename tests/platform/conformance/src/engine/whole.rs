//! A row with its event, and with the document of the request or command that it comes from.

use serde_json::{Value, json};

use super::fixture::{OWNER, THING, deleted, event, id, live, saving, stored};
use super::{commit, conflict};
use platform_contract::schema::Schema;
use platform_ports::engine::{Document, DocumentWrite, Documents, Engine, Found, WriteSet};

const REQUESTS: Documents = Documents::Requests;
const COMMANDS: Documents = Documents::Commands;

fn row(schema: &'static Schema, number: u64, version: u64, beside: DocumentWrite) -> WriteSet {
    let members = match schema.collections {
        [] => json!({ "name": "a" }),
        _ => json!({ "name": number.to_string(), "parts": [] }),
    };
    WriteSet {
        events: vec![event(id(number), version)],
        documents: vec![beside],
        ..saving(live(schema, 0, stored(id(number), version, members)))
    }
}

fn put(collection: Documents, key: &str) -> DocumentWrite {
    DocumentWrite::Put {
        collection,
        expected: 0,
        document: Document {
            key: key.to_owned(),
            group: "g".to_owned(),
            position: 7,
            due: None,
            version: 1,
            body: json!({ "answer": key }),
        },
    }
}

fn gone(key: &str, expected: u64) -> DocumentWrite {
    DocumentWrite::Delete {
        collection: COMMANDS,
        key: key.to_owned(),
        expected,
    }
}

async fn version(engine: &dyn Engine, schema: &'static Schema, number: u64) -> Option<u64> {
    let found = engine.load(schema, 0, id(number)).await;
    match found.expect("the engine is to answer") {
        Found::Live(stored) => Some(stored.version),
        _ => None,
    }
}

async fn body(engine: &dyn Engine, collection: Documents, key: &str) -> Option<Value> {
    let found = engine.document(collection, key).await;
    found
        .expect("the engine is to answer")
        .map(|document| document.body)
}

async fn waiting(engine: &dyn Engine) -> u64 {
    let depth = engine.outbox_depth().await;
    depth.expect("the engine is to answer").rows
}

/// The answer to a request is kept with what the request has done, or neither is.
pub async fn a_request_and_its_row_are_one(engine: &dyn Engine) {
    for schema in [&OWNER, &THING] {
        let key = |name: &str| format!("{name} {}", schema.table);
        let before = waiting(engine).await;
        let number = 100 * (before + 1);
        commit(engine, row(schema, number, 1, put(REQUESTS, &key("one")))).await;
        assert_eq!(
            body(engine, REQUESTS, &key("one")).await,
            Some(json!({ "answer": key("one") }))
        );
        conflict(
            engine,
            row(schema, number + 1, 1, put(REQUESTS, &key("one"))),
        )
        .await;
        assert_eq!(version(engine, schema, number + 1).await, None);
        conflict(engine, row(schema, number, 3, put(REQUESTS, &key("late")))).await;
        conflict(engine, row(schema, number, 1, put(REQUESTS, &key("late")))).await;
        assert_eq!(body(engine, REQUESTS, &key("late")).await, None);
        commit(engine, row(schema, number, 2, put(REQUESTS, &key("two")))).await;
        assert_eq!(version(engine, schema, number).await, Some(2));
        assert_eq!(waiting(engine).await, before + 2);
    }
}

/// A command goes with what it has done, or neither does.
pub async fn a_command_and_its_row_are_one(engine: &dyn Engine) {
    for schema in [&OWNER, &THING] {
        let key = |name: &str| format!("{name} {}", schema.table);
        let before = waiting(engine).await;
        let number = 100 * (before + 1);
        for name in ["make", "change"] {
            let documents = vec![put(COMMANDS, &key(name))];
            let write = WriteSet {
                documents,
                ..WriteSet::default()
            };
            commit(engine, write).await;
        }
        conflict(engine, row(schema, number, 1, gone(&key("none"), 1))).await;
        conflict(engine, row(schema, number, 1, gone(&key("make"), 2))).await;
        assert_eq!(version(engine, schema, number).await, None);
        commit(engine, row(schema, number, 1, gone(&key("make"), 1))).await;
        conflict(engine, row(schema, number, 2, gone(&key("make"), 1))).await;
        assert_eq!(version(engine, schema, number).await, Some(1));
        conflict(engine, row(schema, number, 3, gone(&key("change"), 1))).await;
        assert!(body(engine, COMMANDS, &key("change")).await.is_some());
        commit(engine, row(schema, number, 2, gone(&key("change"), 1))).await;
        assert_eq!(body(engine, COMMANDS, &key("change")).await, None);
        assert_eq!(version(engine, schema, number).await, Some(2));
        assert_eq!(waiting(engine).await, before + 2);
    }
}

/// The answers to what an aggregate was asked are found by it, however many there are, also once it is
/// deleted; and change as other documents do.
pub async fn requests_are_found_by_their_aggregate(engine: &dyn Engine) {
    const MANY: u64 = 70;
    let key = |number: u64, request: u64| format!("{}/{}/{request:03}", THING.table, id(number));
    for number in [1, 2] {
        commit(
            engine,
            row(&THING, number, 1, put(REQUESTS, &key(number, 0))),
        )
        .await;
    }
    for request in 1..MANY {
        let answer = put(REQUESTS, &key(1, request));
        commit(engine, WriteSet::of_documents(vec![answer])).await;
    }
    commit(engine, saving(deleted(&THING, 0, id(1), 2))).await;
    let found = async || {
        let found = engine.requests(THING.table, id(1)).await;
        let mut found = found.expect("the engine is to answer");
        found.sort_by(|a, b| a.key.cmp(&b.key));
        found
    };
    let all = found().await;
    assert!(
        all.iter()
            .map(|one| one.key.clone())
            .eq((0..MANY).map(|one| key(1, one)))
    );
    let emptied = all.into_iter().map(|document| DocumentWrite::Put {
        collection: REQUESTS,
        expected: document.version,
        document: Document {
            body: json!({ "empty": true }),
            ..document
        },
    });
    for write in emptied {
        commit(engine, WriteSet::of_documents(vec![write])).await;
    }
    let all = found().await;
    assert_eq!(all.len() as u64, MANY);
    assert!(
        all.iter()
            .all(|one| one.version == 2 && one.body == json!({ "empty": true }))
    );
    let others = engine.requests(THING.table, id(2)).await;
    assert_eq!(others.expect("the engine is to answer").len(), 1);
    let none = engine.requests(THING.table, id(3)).await;
    assert_eq!(none.expect("the engine is to answer"), []);
}
