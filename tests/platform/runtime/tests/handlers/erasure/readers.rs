//! Readers of the library, whose names are personal, and what the desk does because of them.

use std::sync::{Arc, Mutex, PoisonError};

use platform_contract::envelope::{Change, Envelope};
use platform_contract::schema::{Column, Kind};
use platform_contract::value::TypedId;
use platform_contract::{AggregateType, Event, EventType, FollowUp, NoStatus, Recorded};
use platform_runtime::context::Context;
use platform_runtime::handler::{Attempt, Attempts, Effect, ErasedOutcome, Policy, Targets};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::reacting::domain::{BOOKS, Card, NoteOnCard};
use crate::reacting::library::event;

/// What nobody may find any more.
pub const NAME: &str = "Ada Lovelace";

#[derive(Debug)]
pub struct ReaderType;

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
pub struct ReaderNamed {
    pub name: String,
    pub card: Uuid,
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
pub struct ReaderGone {
    pub name: String,
}

impl Event for ReaderGone {
    const TYPE: &'static str = "example.library.ReaderGone";
    const VERSION: u32 = 1;
    const FIELDS: &'static [Column] = &[Column::new("name", Kind::Text).pii()];
    type Of = ReaderType;
}

/// Notes names; one with an exclamation mark makes it panic.
pub struct Notes;

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

pub const ATTEMPTS: Attempts = Attempts {
    limit: 1_000,
    timeout_ms: 5_000,
    first_pause_ms: 50,
    max_pause_ms: 50,
    give_up_after_ms: 600_000,
};

/// Greets nobody who has a name.
pub struct Greets;

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
pub struct Farewell(pub Arc<Mutex<Vec<String>>>);

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

pub fn named(reader: Uuid, sequence: u64, name: &str, card: Uuid) -> Envelope {
    let data = json!({ "name": name, "card": card });
    event(reader, sequence, ReaderNamed::TYPE, data)
}

pub fn gone(reader: Uuid, sequence: u64, name: &str) -> Envelope {
    Envelope {
        change: Change::Deleted,
        ..event(reader, sequence, ReaderGone::TYPE, json!({ "name": name }))
    }
}
