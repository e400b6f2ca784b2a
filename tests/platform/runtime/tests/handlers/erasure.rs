//! Personal data of what its owner has deleted becomes empty values in all that handlers hold of it, which is
//! still read as before.

use std::sync::{Arc, Mutex, PoisonError};

use platform_contract::envelope::{Change, Envelope};
use platform_contract::schema::{Column, Kind};
use platform_contract::value::{Bytes, TypedId};
use platform_contract::{AggregateType, Event, EventType, FollowUp, NoStatus, Recorded};
use platform_ports::engine::{Document, Documents, DocumentsQuery};
use platform_runtime::context::Context;
use platform_runtime::erasure::Eraser;
use platform_runtime::handler::dead_letters::QueueStatus;
use platform_runtime::handler::{
    Attempt, Attempts, Effect, ErasedOutcome, Handlers, Policy, Targets,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::reacting::domain::{BOOKS, Card, NoteOnCard};
use crate::reacting::library::{event, publish};
use crate::reacting::world::{Desk, World, until};

/// What nobody may find any more.
const NAME: &str = "Ada Lovelace";

#[derive(Debug)]
struct ReaderType;

impl AggregateType for ReaderType {
    const CONTEXT: &'static str = "library";
    const NAME: &'static str = "reader";
    const TOPIC: &'static str = BOOKS;
    const EVENTS: &'static [EventType] = &[
        EventType::of::<ReaderNamed>(),
        EventType::of::<ReaderGone>(),
    ];
    type Id = TypedId<Self>;
    type Status = NoStatus;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ReaderNamed {
    name: String,
    card: Uuid,
}

impl Event for ReaderNamed {
    const TYPE: &'static str = "example.library.ReaderNamed";
    const VERSION: u32 = 1;
    const FIELDS: &'static [Column] = &[
        Column::new("name", Kind::Text).min_length(2).pii(),
        Column::new("card", Kind::Uuid),
    ];
    type Of = ReaderType;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ReaderGone {
    name: String,
}

impl Event for ReaderGone {
    const TYPE: &'static str = "example.library.ReaderGone";
    const VERSION: u32 = 1;
    const FIELDS: &'static [Column] = &[Column::new("name", Kind::Text).pii()];
    type Of = ReaderType;
}

/// Notes names; one with an exclamation mark makes it panic.
struct Notes;

impl Policy for Notes {
    const HANDLER: &'static str = "names";
    type On = ReaderNamed;
    type Then = NoteOnCard;
    type Target = Card;
    const DEAD_LETTER_REFUSALS: bool = false;

    fn targets(event: &Recorded<ReaderNamed>, _: usize) -> Targets {
        Targets::One(event.card)
    }

    fn react(
        event: &Recorded<ReaderNamed>,
        _: usize,
        _: Option<&Card>,
        _: &Context,
    ) -> Option<NoteOnCard> {
        assert!(!event.name.contains('!'), "{} is too loud", event.name);
        let text = format!("<{}>", event.name);
        Some(NoteOnCard { text })
    }
}

const ATTEMPTS: Attempts = Attempts {
    limit: 1_000,
    timeout_ms: 5_000,
    first_pause_ms: 50,
    max_pause_ms: 50,
    give_up_after_ms: 600_000,
};

/// Greets nobody who has a name.
struct Greets;

impl Effect for Greets {
    const HANDLER: &'static str = "greets";
    type On = ReaderNamed;
    const ATTEMPTS: Attempts = ATTEMPTS;

    async fn attempt(&self, event: &Recorded<ReaderNamed>, _: &Attempt) -> ErasedOutcome {
        match event.name.as_str() {
            "" => ErasedOutcome::Done(None),
            name => ErasedOutcome::Retry(format!("{name} does not answer")),
        }
    }

    fn gave_up(&self, _: &Recorded<ReaderNamed>, _: &str) -> Option<FollowUp> {
        None
    }
}

/// Takes its time to say farewell, and remembers whom to.
struct Farewell(Arc<Mutex<Vec<String>>>);

impl Effect for Farewell {
    const HANDLER: &'static str = "farewell";
    type On = ReaderGone;
    const ATTEMPTS: Attempts = ATTEMPTS;

    async fn attempt(&self, event: &Recorded<ReaderGone>, attempt: &Attempt) -> ErasedOutcome {
        if attempt.number < 40 {
            return ErasedOutcome::Retry("not yet".to_owned());
        }
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(event.name.clone());
        ErasedOutcome::Done(None)
    }

    fn gave_up(&self, _: &Recorded<ReaderGone>, _: &str) -> Option<FollowUp> {
        None
    }
}

fn named(reader: Uuid, sequence: u64, name: &str, card: Uuid) -> Envelope {
    let data = json!({ "name": name, "card": card });
    event(reader, sequence, ReaderNamed::TYPE, data)
}

fn gone(reader: Uuid, sequence: u64, name: &str) -> Envelope {
    Envelope {
        change: Change::Deleted,
        ..event(reader, sequence, ReaderGone::TYPE, json!({ "name": name }))
    }
}

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
