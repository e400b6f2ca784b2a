//! Events that are gone, from the topic and from their owner's log.

use crate::reacting::domain::{BOOKS, Notes};
use crate::reacting::library::{lent, publish, snapshot};
use crate::reacting::world::{Desk, World, until};
use platform_contract::envelope::{Control, Envelope};
use platform_ports::engine::Documents;
use platform_runtime::handler::Handlers;
use platform_runtime::handler::dead_letters::{DeadLetter, QueueStatus};
use uuid::Uuid;

/// A book that is lent so often, the notes being the sequences.
fn history(book: Uuid, card: Uuid, loans: u64) -> Vec<Envelope> {
    (1..=loans)
        .map(|n| lent(book, n, &n.to_string(), &[card]))
        .collect()
}

async fn lost(desk: &Desk) -> DeadLetter {
    until("what is lost is listed", async || {
        let letters = desk.handlers.dead_letters(&desk.runtime, None).await;
        let letters = letters.expect("listed");
        let why = letters.first()?.failure.as_ref()?;
        let lost = why.contains("neither the event log");
        lost.then(|| letters[0].clone())
    })
    .await
}

async fn resends(world: &World) -> usize {
    let asked = world.library.asked.lock().await;
    let resends = asked
        .iter()
        .filter(|one| matches!(one, Control::ResendRequest { .. }));
    resends.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_nobody_can_fill_is_listed_and_discarded() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let events = history(book, card, 7);
    world.library.remember(&events[4..]).await;
    publish(&*world.broker, BOOKS, &events[..2]).await;
    publish(&*world.broker, BOOKS, &events[4..5]).await;
    let letter = lost(&desk).await;
    assert_eq!((letter.handler.as_str(), letter.key), ("notes", book));
    assert_eq!(letter.sequence, Some(5));
    assert!(
        letter
            .failure
            .is_some_and(|why| why.starts_with("3 is missing"))
    );
    // What comes then waits, and nobody asks in vain any more.
    let asked = resends(&world).await;
    publish(&*world.broker, BOOKS, &events[5..6]).await;
    desk.holds(Documents::Parked, 2).await;
    assert_eq!(resends(&world).await, asked);

    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let again = handlers.retry(runtime, "notes", book).await;
    assert_eq!(again.expect("asked for"), QueueStatus::UnderWay);
    until("it is asked for once more", async || {
        (resends(&world).await == asked + 1).then_some(())
    })
    .await;
    lost(&desk).await;
    let discarded = handlers.discard(runtime, "notes", book).await;
    assert_eq!(discarded.expect("discarded"), QueueStatus::Empty);
    publish(&*world.broker, BOOKS, &events[6..]).await;
    desk.cards_say(&["1 2 5 6 7"]).await;
    desk.holds(Documents::Parked, 0).await;
    let letters = handlers.dead_letters(runtime, None).await;
    assert_eq!(letters.expect("listed"), []);
    desk.stop().await;
}

/// Nothing waits behind it, yet events are missing.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_to_be_missing_from_a_state_only_is_listed_too() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let events = history(book, card, 5);
    publish(&*world.broker, BOOKS, &events[..1]).await;
    desk.reaches("notes", book, 1).await;
    world.library.remember(&events[3..4]).await;
    publish(&*world.broker, BOOKS, &[snapshot(&events[..4])]).await;
    let letter = lost(&desk).await;
    assert_eq!((letter.key, letter.sequence), (book, Some(4)));
    publish(&*world.broker, BOOKS, &events[4..]).await;
    desk.holds(Documents::Parked, 2).await;
    let discarded = desk.handlers.discard(&desk.runtime, "notes", book).await;
    assert_eq!(discarded.expect("discarded"), QueueStatus::Empty);
    desk.cards_say(&["1 5"]).await;
    desk.holds(Documents::Parked, 0).await;
    desk.stop().await;
}

/// Should they come after all, they have their effect.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_may_be_found() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let events = history(book, card, 4);
    publish(&*world.broker, BOOKS, &events[..1]).await;
    desk.reaches("notes", book, 1).await;
    world.library.remember(&events[3..]).await;
    publish(&*world.broker, BOOKS, &[snapshot(&events)]).await;
    lost(&desk).await;
    for at in [3, 2, 1] {
        publish(&*world.broker, BOOKS, &events[at..=at]).await;
    }
    desk.cards_say(&["1 2 3 4"]).await;
    desk.holds(Documents::Parked, 0).await;
    desk.stop().await;
}

/// A service that is started for the first time cannot know more than there is.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_gone_before_the_first_start_is_passed_over() {
    let world = World::new().await;
    let [book, silent, card, other] = [(); 4].map(|()| Uuid::now_v7());
    let (events, quiet) = (history(book, card, 4), history(silent, other, 3));
    world.library.remember(&events[2..]).await;
    world.library.remember(&quiet[1..2]).await;
    publish(&*world.broker, BOOKS, &events[2..]).await;
    publish(&*world.broker, BOOKS, &[snapshot(&quiet[..2])]).await;
    let opens = crate::reacting::world::engine(world.folder()).await;
    let broker = std::sync::Arc::clone(&world.broker);
    let desk = Desk::start_on(opens, broker, Handlers::default());
    desk.make_card(card, "").await;
    desk.make_card(other, "").await;
    desk.stop().await;

    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    desk.reaches("notes", book, 4).await;
    desk.reaches("notes", silent, 2).await;
    publish(&*world.broker, BOOKS, &quiet[2..]).await;
    desk.cards_say(&["3", "3 4"]).await;
    let letters = desk.handlers.dead_letters(&desk.runtime, None).await;
    assert_eq!(letters.expect("listed"), []);
    desk.stop().await;
}
