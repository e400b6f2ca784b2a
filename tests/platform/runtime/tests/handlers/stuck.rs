//! Commands and jobs that cannot go on are dead letters, and stop no others.

use std::time::Duration;

use crate::reacting::domain::{BOOKS, BookListed, Notes, mend};
use crate::reacting::library::{lent, listed, publish};
use crate::reacting::world::{Desk, World, neighbours, until};
use platform_contract::{FollowUp, Recorded};
use platform_ports::engine::{Document, DocumentWrite, Documents, WriteSet};
use platform_runtime::handler::dead_letters::{DeadLetter, QueueStatus};
use platform_runtime::handler::{Attempt, Attempts, Effect, ErasedOutcome, Handlers};
use serde_json::json;
use uuid::Uuid;

const FEW: Attempts = Attempts {
    limit: 2,
    timeout_ms: 300,
    first_pause_ms: 10,
    max_pause_ms: 20,
    give_up_after_ms: 60_000,
};

/// Makes a card of every book. `poison` is never done, and cannot be given up; `odd` comes back as a
/// command that nobody knows.
struct Files;

impl Effect for Files {
    const HANDLER: &'static str = "files";
    type On = BookListed;
    const ATTEMPTS: Attempts = FEW;

    async fn attempt(&self, event: &Recorded<BookListed>, _: &Attempt) -> ErasedOutcome {
        let command = match event.title.as_str() {
            "poison" => return ErasedOutcome::Retry("it sticks".to_owned()),
            "odd" => "DoNobodyKnowsWhat",
            _ => "MakeCard",
        };
        ErasedOutcome::Done(Some(FollowUp {
            command,
            target: None,
            input: json!({ "text": event.title }),
        }))
    }

    fn gave_up(&self, _: &Recorded<BookListed>, why: &str) -> Option<FollowUp> {
        panic!("{why}, and nobody is to know")
    }
}

/// Never succeeds, and is removed.
struct Removed;

impl Effect for Removed {
    const HANDLER: &'static str = "removed";
    type On = BookListed;
    const ATTEMPTS: Attempts = Attempts {
        limit: u32::MAX,
        ..FEW
    };

    async fn attempt(&self, _: &Recorded<BookListed>, _: &Attempt) -> ErasedOutcome {
        ErasedOutcome::Retry("not yet".to_owned())
    }

    fn gave_up(&self, _: &Recorded<BookListed>, _: &str) -> Option<FollowUp> {
        None
    }
}

/// Waits until so many are listed.
async fn letters(desk: &Desk, number: usize) -> Vec<DeadLetter> {
    until(&format!("{number} dead letters"), async || {
        let letters = desk.handlers.dead_letters(&desk.runtime, None).await;
        let letters = letters.expect("listed");
        (letters.len() == number).then_some(letters)
    })
    .await
}

fn says(letter: &DeadLetter, what: &str) -> bool {
    let why = letter.failure.as_ref();
    why.is_some_and(|why| why.contains(what))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_for_good_is_a_dead_letter_of_its_target() {
    let world = World::new().await;
    let handlers = Handlers::default().policy::<Notes>().effect(Files);
    let desk = world.desk(handlers).await;
    let [burning, lost, other] = [(); 3].map(|()| Uuid::now_v7());
    for (card, text) in [(burning, "a"), (lost, "b"), (other, "c")] {
        desk.make_card(card, text).await;
    }
    let (book, second, odd) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let run = [
        lent(book, 1, "burn", &[burning]),
        lent(book, 2, "two", &[burning, other]),
        lent(second, 1, "burn", &[lost]),
        lent(second, 2, "after", &[lost]),
        listed(odd, 1, "odd"),
    ];
    publish(&*world.broker, BOOKS, &run).await;
    desk.cards_say(&["a", "b", "c two"]).await;
    let all = letters(&desk, 5).await;
    let of = |key: Uuid| all.iter().filter(move |letter| letter.key == key);
    for card in [burning, lost] {
        let queue: Vec<_> = of(card).collect();
        assert_eq!([queue[0].position, queue[1].position], [0, 1]);
        assert_eq!(
            (queue[0].kind.as_str(), queue[0].attempts),
            ("NoteOnCard", 8)
        );
        assert!(says(queue[0], "panicked: on fire"), "{queue:?}");
        assert_eq!(queue[1].failure, None, "it waits behind the one before");
    }
    let unknown = all.iter().find(|letter| letter.kind == "DoNobodyKnowsWhat");
    assert!(unknown.is_some_and(|letter| says(letter, "none of this program's commands")));

    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    mend(burning);
    let again = handlers.retry(runtime, "notes", burning).await;
    assert_eq!(again.expect("tried again"), QueueStatus::UnderWay);
    desk.cards_say(&["a burn two", "b", "c two"]).await;
    let discarded = handlers.discard(runtime, "notes", lost).await;
    assert_eq!(discarded.expect("discarded"), QueueStatus::UnderWay);
    desk.cards_say(&["a burn two", "b after", "c two"]).await;
    letters(&desk, 1).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_effect_that_cannot_say_that_it_was_given_up_is_a_dead_letter() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().effect(Files)).await;
    let book = Uuid::now_v7();
    let run = [listed(book, 1, "poison"), listed(book, 2, "Emma")];
    publish(&*world.broker, BOOKS, &run).await;
    let all = until("it is given up", async || {
        let letters = desk
            .handlers
            .dead_letters(&desk.runtime, Some("files"))
            .await;
        let letters = letters.expect("listed");
        (letters.len() == 2).then_some(letters)
    })
    .await;
    assert_eq!((all[0].key, all[0].attempts), (book, 2));
    assert!(says(&all[0], "it sticks"), "{all:?}");
    assert_eq!(all[1].failure, None);
    let discarded = desk.handlers.discard(&desk.runtime, "files", book).await;
    assert_eq!(discarded.expect("discarded"), QueueStatus::UnderWay);
    desk.cards_say(&["Emma"]).await;
    desk.holds(Documents::Jobs, 0).await;
    desk.stop().await;
}

/// As many as are tried at a time, and one more.
const MANY: usize = 17;

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_an_effect_that_was_removed_stop_no_others() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().effect(Removed)).await;
    for _ in 0..MANY {
        publish(&*world.broker, BOOKS, &[listed(Uuid::now_v7(), 1, "old")]).await;
    }
    desk.holds(Documents::Jobs, MANY as u64).await;
    desk.stop().await;

    let desk = world.desk(Handlers::default().effect(Files)).await;
    // It was there before, but not for this one.
    publish(&*world.broker, BOOKS, &[listed(Uuid::now_v7(), 1, "Emma")]).await;
    desk.cards_say(&["Emma"]).await;
    let all = letters(&desk, MANY).await;
    assert!(
        all.iter()
            .all(|letter| says(letter, "there is no effect `removed`"))
    );
    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let discarded = handlers.discard(runtime, "removed", all[0].key).await;
    assert_eq!(discarded.expect("discarded"), QueueStatus::UnderWay);
    desk.holds(Documents::Jobs, MANY as u64 - 1).await;
    // It may come back.
    handlers
        .retry(runtime, "removed", all[1].key)
        .await
        .expect("tried again");
    letters(&desk, MANY - 1).await;
    desk.stop().await;

    // Nobody does jobs any more, and still they can be given up.
    let desk = world.desk(Handlers::default()).await;
    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let discarded = handlers.discard(runtime, "removed", all[1].key).await;
    assert_eq!(discarded.expect("discarded"), QueueStatus::UnderWay);
    letters(&desk, MANY - 2).await;
    desk.stop().await;
}

fn garbage(collection: Documents, group: String) -> DocumentWrite {
    DocumentWrite::Put {
        collection,
        expected: 0,
        document: Document {
            key: Uuid::now_v7().to_string(),
            group,
            position: 0,
            due: Some(platform_contract::value::Timestamp::constant(0)),
            version: 0,
            body: json!({ "what": "is this" }),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_stops_itself_only() {
    let world = World::new().await;
    let handlers = Handlers::default().effect(Files).policy::<Notes>();
    world.desk(handlers.clone()).await.stop().await;
    let engine = crate::reacting::world::engine(world.folder()).await;
    let [book, other] = neighbours(2)[..] else {
        panic!("two books")
    };
    let mut documents: Vec<_> = (0..MANY)
        .flat_map(|_| {
            let id = Uuid::now_v7();
            let jobs = garbage(Documents::Jobs, format!("files/{id}"));
            [
                jobs,
                garbage(Documents::Commands, format!("notes/{id}/{id}")),
            ]
        })
        .collect();
    let mut parked = garbage(Documents::Parked, format!("notes/0/{book}"));
    if let DocumentWrite::Put { document, .. } = &mut parked {
        document.key = format!("notes/0/{book}/{:020}", 2);
        document.position = 2;
    }
    documents.push(parked);
    let write = WriteSet {
        documents,
        ..WriteSet::default()
    };
    engine.commit(write).await.expect("written");

    let desk = world.desk(handlers).await;
    let card = Uuid::now_v7();
    desk.make_card(card, "").await;
    let run = [
        listed(other, 1, "Emma"),
        lent(other, 2, "two", &[card]),
        lent(book, 1, "one", &[card]),
    ];
    world
        .library
        .remember(&[lent(book, 2, "again", &[card])])
        .await;
    publish(&*world.broker, BOOKS, &run[..2]).await;
    desk.cards_say(&["Emma", "two"]).await;
    publish(&*world.broker, BOOKS, &run[2..]).await;
    let all = until("all are listed", async || {
        let letters = desk.handlers.dead_letters(&desk.runtime, None).await;
        let letters = letters.expect("listed");
        let parked = letters.iter().any(|letter| letter.key == book);
        let rest = letters.len() > 2 * MANY;
        (parked && rest).then_some(letters)
    })
    .await;
    let unreadable = all
        .iter()
        .filter(|letter| letter.kind.starts_with("unreadable"));
    assert_eq!(unreadable.count(), 2 * MANY + 1);
    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let discarded = handlers.discard(runtime, "notes", book).await;
    assert_eq!(discarded.expect("discarded"), QueueStatus::Empty);
    let end = lent(book, 3, "end", &[card]);
    publish(&*world.broker, BOOKS, &[end]).await;
    until("what nobody could read was sent again", async || {
        (desk.card(card).await == "two one again end").then_some(())
    })
    .await;
    for letter in letters(&desk, 2 * MANY).await {
        let discarded = handlers.discard(runtime, &letter.handler, letter.key);
        discarded.await.expect("discarded");
    }
    desk.holds(Documents::Jobs, 0).await;
    desk.holds(Documents::Commands, 0).await;
    desk.stop().await;
}

/// What waits for a handler that was removed can be forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_removed_policy_is_listed() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let book = Uuid::now_v7();
    publish(&*world.broker, BOOKS, &[lent(book, 2, "early", &[])]).await;
    desk.holds(Documents::Parked, 1).await;
    desk.stop().await;
    let desk = world.desk(Handlers::default()).await;
    let all = letters(&desk, 1).await;
    assert!(says(&all[0], "there is no handler `notes`"));
    let discarded = desk.handlers.discard(&desk.runtime, "notes", book).await;
    assert_eq!(discarded.expect("forgotten"), QueueStatus::Empty);
    letters(&desk, 0).await;
    tokio::time::timeout(Duration::from_secs(30), desk.stop())
        .await
        .expect("it stops");
}
