//! Personal data of what its owner has deleted becomes empty values in all that handlers hold of it, which is
//! still read as before.

mod readers;

use std::sync::{Arc, PoisonError};

use platform_contract::value::{Bytes, Timestamp};
use platform_ports::engine::{Document, DocumentWrite, Documents, DocumentsQuery, WriteSet};
use platform_runtime::erasure::Eraser;
use platform_runtime::handler::Handlers;
use platform_runtime::handler::dead_letters::QueueStatus;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use self::readers::{Farewell, Greets, NAME, Notes, gone, named};
use crate::reacting::domain::BOOKS;
use crate::reacting::library::publish;
use crate::reacting::world::{Desk, World, until};

fn erasing(desk: &Desk) -> JoinHandle<()> {
    let runtime = Arc::clone(&desk.runtime);
    let eraser = Eraser::new(runtime, Vec::new(), desk.handlers.clone());
    tokio::spawn(eraser.expect("a handler holds personal data").run())
}

async fn all(desk: &Desk, collection: Documents) -> Vec<Document> {
    let query = DocumentsQuery {
        collection,
        group: None,
        due_by: None,
        heads_only: false,
        after: None,
        limit: 1_000,
    };
    desk.runtime.engine.documents(&query).await.expect("listed")
}

/// Writes a document of what is to be erased.
async fn record(desk: &Desk, document: Document) {
    let write = DocumentWrite::Put {
        collection: Documents::Cursors,
        expected: document.version,
        document,
    };
    let write = WriteSet::of_documents(vec![write]);
    desk.runtime.engine.commit(write).await.expect("recorded");
}

/// All texts in a value, those in base64 too.
fn texts(value: &Value, found: &mut String) {
    match value {
        Value::String(text) => {
            found.push_str(text);
            if let Ok(Bytes(bytes)) = Bytes::deserialize(value) {
                found.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(all) => all.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

/// How many documents have the name somewhere.
async fn naming(desk: &Desk, collection: Documents) -> usize {
    let says = |document: &Document| {
        let mut found = String::new();
        texts(&document.body, &mut found);
        found.contains(NAME)
    };
    all(desk, collection)
        .await
        .iter()
        .filter(|one| says(one))
        .count()
}

/// Waits until so many documents of a collection have the name.
async fn names_left(desk: &Desk, collection: Documents, left: usize) {
    let what = format!("{left} of {collection:?} have the name");
    until(&what, async || {
        (naming(desk, collection).await == left).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_are_emptied_before_their_turn() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (reader, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let waiting = [named(reader, 2, NAME, card), gone(reader, 3, NAME)];
    publish(&*world.broker, BOOKS, &waiting).await;
    desk.holds(Documents::Parked, 2).await;
    assert_eq!(naming(&desk, Documents::Parked).await, 2);
    let eraser = erasing(&desk);
    // The deletion itself stays whole.
    names_left(&desk, Documents::Parked, 1).await;
    desk.holds(Documents::Cursors, 0).await;
    let first = named(reader, 1, "first", card);
    publish(&*world.broker, BOOKS, &[first]).await;
    desk.cards_say(&["<first> <>"]).await;
    desk.holds(Documents::Parked, 0).await;
    eraser.abort();
    desk.stop().await;
}

/// One that nobody can read stops no other; it stays, and is tried by the next program.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_set_aside() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let unreadable = Document {
        key: "erasure/0".to_owned(),
        group: "erasures".to_owned(),
        position: 0,
        due: Some(Timestamp::constant(0)),
        version: 0,
        body: json!("of a newer program"),
    };
    record(&desk, unreadable).await;
    let eraser = erasing(&desk);
    let (reader, card) = (Uuid::now_v7(), Uuid::now_v7());
    let waiting = [named(reader, 2, NAME, card), gone(reader, 3, NAME)];
    publish(&*world.broker, BOOKS, &waiting).await;
    desk.holds(Documents::Parked, 2).await;
    names_left(&desk, Documents::Parked, 1).await;
    desk.holds(Documents::Cursors, 1).await;
    // Its one write, in which it is not due any more.
    let aside = all(&desk, Documents::Cursors).await;
    assert_eq!(
        aside.first().map(|one| (one.due, one.version)),
        Some((None, 2))
    );
    eraser.abort();
    let known = json!({ "handler": {
        "handler": "names", "generation": 0, "aggregate": reader, "sequence": 3,
    } });
    let mended = Document {
        body: known,
        ..aside.into_iter().next().expect("one")
    };
    record(&desk, mended).await;
    let eraser = erasing(&desk);
    desk.holds(Documents::Cursors, 0).await;
    eraser.abort();
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_emptied_and_can_be_tried_again() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (reader, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let loud = format!("{NAME}!");
    let events = [
        named(reader, 1, &loud, card),
        named(reader, 2, NAME, card),
        gone(reader, 3, NAME),
    ];
    publish(&*world.broker, BOOKS, &events).await;
    desk.holds(Documents::DeadLetters, 3).await;
    let eraser = erasing(&desk);
    names_left(&desk, Documents::DeadLetters, 1).await;
    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let letters = handlers.dead_letters(runtime, None).await.expect("listed");
    let why = letters.first().and_then(|one| one.failure.clone());
    assert!(why.is_some_and(|why| !why.contains(NAME)));
    let retried = handlers.retry(runtime, "names", reader).await;
    assert_eq!(retried.expect("retried"), QueueStatus::Empty);
    desk.cards_say(&["<> <>"]).await;
    desk.holds(Documents::DeadLetters, 0).await;
    desk.holds(Documents::Cursors, 0).await;
    eraser.abort();
    desk.stop().await;
}

/// What comes late, and is given up when the deletion waits behind it already, is emptied as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_before_a_deletion_that_waits_is_emptied() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (reader, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let eraser = erasing(&desk);
    publish(&*world.broker, BOOKS, &[gone(reader, 2, "")]).await;
    desk.holds(Documents::Parked, 1).await;
    desk.holds(Documents::Cursors, 0).await;
    let loud = format!("{NAME}!");
    publish(&*world.broker, BOOKS, &[named(reader, 1, &loud, card)]).await;
    desk.holds(Documents::DeadLetters, 1).await;
    names_left(&desk, Documents::DeadLetters, 0).await;
    eraser.abort();
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_emptied_but_those_of_the_deletion() {
    let world = World::new().await;
    let said = Arc::default();
    let handlers = Handlers::default()
        .effect(Greets)
        .effect(Farewell(Arc::clone(&said)));
    let desk = world.desk(handlers).await;
    let (reader, other) = (Uuid::now_v7(), Uuid::now_v7());
    let eraser = erasing(&desk);
    publish(&*world.broker, BOOKS, &[named(other, 1, NAME, other)]).await;
    publish(&*world.broker, BOOKS, &[named(reader, 1, NAME, reader)]).await;
    desk.holds(Documents::Jobs, 2).await;
    publish(&*world.broker, BOOKS, &[gone(reader, 2, NAME)]).await;
    until("somebody has said farewell", async || {
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        (*said == [NAME.to_owned()]).then_some(())
    })
    .await;
    // Nobody else is forgotten.
    desk.holds(Documents::Jobs, 1).await;
    desk.holds(Documents::Cursors, 0).await;
    assert_eq!(naming(&desk, Documents::Jobs).await, 1);
    eraser.abort();
    desk.stop().await;
}
