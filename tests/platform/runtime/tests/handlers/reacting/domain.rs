//! Two small contexts: a library, which tells of its books, and a desk, which reacts with cards.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use platform_contract::schema::{Column, Kind, Schema};
use platform_contract::value::{Json, TypedId};
use platform_contract::{AggregateType, Command, Event, NoStatus, Recorded, Refusal};
use platform_ports::engine::Find;
use platform_runtime::context::Context;
use platform_runtime::decision::{
    Access, Aggregate, Creates, Decision, Meta, StatusChange, Updates,
};
use platform_runtime::handler::{Policy, Replicated, Targets, Upcaster};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use platform_support::place::{Tables, initial};

pub const BOOKS: &str = "example.library.book";

#[derive(Debug)]
pub struct BookType;

impl AggregateType for BookType {
    const CONTEXT: &'static str = "library";
    const NAME: &'static str = "book";
    const TOPIC: &'static str = BOOKS;
    type Id = TypedId<Self>;
    type Status = NoStatus;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookListed {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Json>,
}

impl Event for BookListed {
    const TYPE: &'static str = "example.library.BookListed";
    const VERSION: u32 = 1;
    type Of = BookType;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookLent {
    pub note: String,
    pub cards: Vec<Uuid>,
}

impl Event for BookLent {
    const TYPE: &'static str = "example.library.BookLent";
    const VERSION: u32 = 1;
    type Of = BookType;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookReturned {
    pub note: String,
}

impl Event for BookReturned {
    const TYPE: &'static str = "example.library.BookReturned";
    const VERSION: u32 = 1;
    type Of = BookType;
}

pub static BOOK_COPIES: Schema = Schema {
    name: "desk.book",
    table: "book_copy",
    columns: &[
        Column::new("title", Kind::Text),
        Column::new("facts", Kind::Json).optional(),
    ],
    collections: &[],
    unique: &[],
    referenced_by: &[],
    shard_by: None,
    generations: true,
};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookCopy {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Json>,
}

impl Replicated for BookCopy {
    const HANDLER: &'static str = "book-copy";
    type Of = BookType;
    const SCHEMA: &'static Schema = &BOOK_COPIES;
    const STALE_AFTER_MS: u64 = 5_000;
    const UPCASTERS: &'static [Upcaster] = &[Upcaster::of::<BookListed>()];
}

#[derive(Debug)]
pub struct CardType;

impl AggregateType for CardType {
    const CONTEXT: &'static str = "desk";
    const NAME: &'static str = "card";
    const TOPIC: &'static str = "example.desk.card";
    type Id = TypedId<Self>;
    type Status = NoStatus;
}

pub static CARDS: Schema = Schema {
    name: "card",
    table: "card",
    columns: &[Column::new("text", Kind::Text)],
    collections: &[],
    unique: &[],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Card {
    #[serde(skip)]
    meta: Meta<TypedId<CardType>>,
    pub text: String,
}

#[derive(Debug, Serialize)]
pub struct CardView {
    text: String,
}

impl Aggregate for Card {
    type Type = CardType;
    const SCHEMA: &'static Schema = &CARDS;
    const INITIAL_STATUS: Option<&'static str> = None;
    const PUBLISHED: &'static [&'static str] = &["text"];
    type View = CardView;

    fn meta(&self) -> &Meta<TypedId<CardType>> {
        &self.meta
    }

    fn set_meta(&mut self, meta: Meta<TypedId<CardType>>) {
        self.meta = meta;
    }

    fn view(&self) -> CardView {
        CardView {
            text: self.text.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardMade {
    pub text: String,
}

impl Event for CardMade {
    const TYPE: &'static str = "example.desk.CardMade";
    const VERSION: u32 = 1;
    type Of = CardType;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CardNoted {
    pub text: String,
}

impl Event for CardNoted {
    const TYPE: &'static str = "example.desk.CardNoted";
    const VERSION: u32 = 1;
    type Of = CardType;
}

#[derive(Debug, Clone, PartialEq)]
pub struct Full;

impl Refusal for Full {
    fn name(&self) -> &'static str {
        "full"
    }

    fn reason(&self) -> Option<&str> {
        Some("no card is left")
    }
}

/// Makes a card; the words `refuse` are refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MakeCard {
    pub text: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewCard {
    text: String,
}

impl Command for MakeCard {
    const CONTEXT: &'static str = "desk";
    const NAME: &'static str = "MakeCard";
    const INPUT: &'static [Column] = &[Column::new("text", Kind::Text)];
    type Refusal = Full;
}

/// Whose functions decide.
pub struct Domain;

impl Decision<Domain> for MakeCard {
    type Aggregate = Card;
    type Needs = ();
    type Events = CardMade;
    type Kind = Creates<Domain, Self, NewCard>;
    const DECIDE: Self::Kind = Creates::Alone(make_card);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &[],
    };
}

fn make_card(command: MakeCard, _: &Context) -> Result<(NewCard, CardMade), Full> {
    if command.text == "refuse" && !is_mended(Uuid::nil()) {
        return Err(Full);
    }
    let text = command.text;
    Ok((NewCard { text: text.clone() }, CardMade { text }))
}

/// Appends to a card; the words `refuse` are refused, and `burn` panics until the card is mended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NoteOnCard {
    pub text: String,
}

impl Command for NoteOnCard {
    const CONTEXT: &'static str = "desk";
    const NAME: &'static str = "NoteOnCard";
    const INPUT: &'static [Column] = &[Column::new("text", Kind::Text)];
    type Refusal = Full;
}

impl Decision<Domain> for NoteOnCard {
    type Aggregate = Card;
    type Needs = ();
    type Events = CardNoted;
    type Kind = Updates<Domain, Self>;
    const DECIDE: Self::Kind = Updates::Alone(note_on_card);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &["text"],
    };
}

fn note_on_card(card: &mut Card, command: NoteOnCard, _: &Context) -> Result<CardNoted, Full> {
    if command.text == "refuse" {
        return Err(Full);
    }
    let id: Uuid = card.meta.id.into();
    assert!(command.text != "burn" || is_mended(id), "on fire");
    card.text = format!("{} {}", card.text, command.text).trim().to_owned();
    Ok(CardNoted { text: command.text })
}

/// Books whose poison, and cards whose fire, has no effect any more.
static MENDED: Mutex<Option<HashSet<Uuid>>> = Mutex::new(None);

/// Lets a book's poison, or a card's fire, have no effect from now on.
pub fn mend(book: Uuid) {
    let mut mended = MENDED.lock().unwrap_or_else(PoisonError::into_inner);
    mended.get_or_insert_default().insert(book);
}

fn is_mended(book: Uuid) -> bool {
    let mended = MENDED.lock().unwrap_or_else(PoisonError::into_inner);
    mended.as_ref().is_some_and(|books| books.contains(&book))
}

/// Whenever a book is listed, a card is made. The title `poison` makes it panic.
pub struct Opens;

impl Policy for Opens {
    const HANDLER: &'static str = "opens";
    type On = BookListed;
    type Then = MakeCard;
    type Target = Card;
    const DEAD_LETTER_REFUSALS: bool = true;

    fn targets(_: &Recorded<BookListed>, _: usize) -> Targets {
        Targets::New
    }

    fn react(
        event: &Recorded<BookListed>,
        _: usize,
        _: Option<&Card>,
        _: &Context,
    ) -> Option<MakeCard> {
        Some(MakeCard {
            text: event.title.clone(),
        })
    }
}

/// Whenever a book is lent, it is noted on each of the cards. The note `poison` makes it panic.
pub struct Notes;

impl Policy for Notes {
    const HANDLER: &'static str = "notes";
    type On = BookLent;
    type Then = NoteOnCard;
    type Target = Card;
    const DEAD_LETTER_REFUSALS: bool = false;

    fn targets(event: &Recorded<BookLent>, element: usize) -> Targets {
        let card = event.cards.get(element);
        card.map_or(Targets::Nobody, |card| Targets::One(*card))
    }

    fn elements(event: &Recorded<BookLent>) -> usize {
        event.cards.len()
    }

    fn react(
        event: &Recorded<BookLent>,
        _: usize,
        _: Option<&Card>,
        _: &Context,
    ) -> Option<NoteOnCard> {
        let book: Uuid = event.of.into();
        assert!(event.note != "poison" || is_mended(book), "poisoned");
        Some(NoteOnCard {
            text: event.note.clone(),
        })
    }
}

/// Whenever a book is lent, it is noted on its first card, which has to be there.
pub struct NotesStrictly;

impl Policy for NotesStrictly {
    const HANDLER: &'static str = "notes-strictly";
    type On = BookLent;
    type Then = NoteOnCard;
    type Target = Card;
    const DEAD_LETTER_REFUSALS: bool = true;

    fn targets(event: &Recorded<BookLent>, _: usize) -> Targets {
        Notes::targets(event, 0)
    }

    fn react(
        event: &Recorded<BookLent>,
        _: usize,
        card: Option<&Card>,
        _: &Context,
    ) -> Option<NoteOnCard> {
        card.filter(|card| !card.text.contains("enough"))
            .map(|_| NoteOnCard {
                text: event.note.clone(),
            })
    }
}

/// Whenever a book is returned, it is noted on all cards there are.
pub struct NotesAll;

impl Policy for NotesAll {
    const HANDLER: &'static str = "notes-all";
    type On = BookReturned;
    type Then = NoteOnCard;
    type Target = Card;
    const DEAD_LETTER_REFUSALS: bool = false;

    fn targets(_: &Recorded<BookReturned>, _: usize) -> Targets {
        Targets::Found(Box::new(Find {
            schema: &CARDS,
            generation: 0,
            equals: Vec::new(),
            range: None,
            order: &[],
            after: None,
            limit: 100,
        }))
    }

    fn react(
        event: &Recorded<BookReturned>,
        _: usize,
        card: Option<&Card>,
        _: &Context,
    ) -> Option<NoteOnCard> {
        card.map(|_| NoteOnCard {
            text: event.note.clone(),
        })
    }
}

pub static TABLES: Tables = Tables {
    sqlite: &[initial(include_str!("desk/sqlite.sql"))],
    postgres: &[initial(include_str!("desk/postgres.sql"))],
    mongodb: &[initial(include_str!("desk/mongodb.json"))],
    redis: &[initial(include_str!("desk/redis.lua"))],
};
