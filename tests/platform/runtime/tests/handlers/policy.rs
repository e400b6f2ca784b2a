//! Whenever an event, then a command: once each, in order, to all targets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::reacting::ailing::Ailing;
use crate::reacting::domain::{BOOKS, BookCopy, Notes, NotesAll, NotesStrictly, Opens};
use crate::reacting::library::{lent, listed, publish, returned};
use crate::reacting::world::{Desk, World, engine, until};
use platform_ports::engine::{Documents, Save, SaveTo, WriteSet};
use platform_runtime::handler::{Handlers, ReplayError};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread")]
async fn each_element_is_a_command_of_its_own() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let cards: Vec<_> = (0..5).map(|_| Uuid::now_v7()).collect();
    for card in &cards {
        desk.make_card(*card, "").await;
    }
    let missing = Uuid::now_v7();
    let book = Uuid::now_v7();
    let all = [&cards[..], &[missing]].concat();
    let run = [
        lent(book, 1, "one", &all),
        lent(book, 2, "refuse", &cards[..2]),
        lent(book, 3, "three", &cards[..3]),
    ];
    publish(&*world.broker, BOOKS, &run).await;
    desk.cards_say(&["one", "one", "one three", "one three", "one three"])
        .await;
    // Refusals (no such card, and the word itself) are done with, not repeated.
    desk.holds(Documents::Commands, 0).await;
    assert_eq!(desk.count(Documents::DeadLetters).await, 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_on_nothing_is_a_refusal_and_can_be_tried_again() {
    let world = World::new().await;
    let desk = world
        .desk(Handlers::default().policy::<NotesStrictly>())
        .await;
    let (book, card, other) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    publish(&*world.broker, BOOKS, &[lent(book, 1, "late", &[card])]).await;
    publish(&*world.broker, BOOKS, &[lent(book, 2, "never", &[other])]).await;
    desk.holds(Documents::DeadLetters, 2).await;
    desk.holds(Documents::Commands, 0).await;
    desk.make_card(card, "").await;
    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let explained =
        |why: &Option<String>| why.as_ref().is_some_and(|why| why.contains("not_found"));
    let letters = until("both refusals are explained", async || {
        let letters = handlers.dead_letters(runtime, None).await.expect("letters");
        let all = letters.iter().all(|letter| explained(&letter.failure));
        all.then_some(letters)
    })
    .await;
    for letter in &letters {
        let again = handlers.retry(runtime, "notes-strictly", letter.key).await;
        again.expect("tried again");
    }
    desk.cards_say(&["late"]).await;
    desk.holds(Documents::DeadLetters, 1).await;
    // Asked again, the policy may want nothing any more.
    desk.make_card(other, "enough").await;
    let never = handlers.dead_letters(runtime, None).await.expect("letters");
    let again = handlers
        .retry(runtime, "notes-strictly", never[0].key)
        .await;
    again.expect("tried again");
    desk.holds(Documents::Commands, 0).await;
    desk.cards_say(&["enough", "late"]).await;
    assert_eq!(desk.count(Documents::DeadLetters).await, 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn very_many_targets_are_met_page_by_page_and_the_next_event_waits() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<NotesAll>()).await;
    for _ in 0..230 {
        desk.make_card(Uuid::now_v7(), "").await;
    }
    let book = Uuid::now_v7();
    let run = [returned(book, 1, "a"), returned(book, 2, "b")];
    publish(&*world.broker, BOOKS, &run).await;
    desk.reaches("notes-all", book, 2).await;
    desk.holds(Documents::Commands, 0).await;
    assert_eq!(desk.cards().await, vec!["a b"; 230]);
    assert_eq!(desk.count(Documents::Cursors).await, 0);
    assert_eq!(desk.count(Documents::Parked).await, 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_created_is_created_once() {
    let world = World::new().await;
    let one = world.desk(Handlers::default().policy::<Opens>()).await;
    let other = world.desk(Handlers::default().policy::<Opens>()).await;
    let titles: Vec<_> = (10..40).map(|n| n.to_string()).collect();
    for title in &titles {
        let event = listed(Uuid::now_v7(), 1, title);
        publish(&*world.broker, BOOKS, &[event.clone(), event]).await;
    }
    let titles: Vec<_> = titles.iter().map(String::as_str).collect();
    one.cards_say(&titles).await;
    one.holds(Documents::Commands, 0).await;
    assert_eq!(one.cards().await, titles);
    one.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_waits_for_the_replicas_of_its_cause() {
    let world = World::new().await;
    let handlers = Handlers::default().policy::<Opens>().replica::<BookCopy>();
    let desk = world.desk(handlers).await;
    let book = Uuid::now_v7();
    // The copy cannot be made, so the command has to wait for an operator.
    let mut event = listed(book, 1, "Emma");
    event.kind = "example.library.BookListed".to_owned();
    event.data = serde_json::json!({ "title": "Emma" });
    let blocked = crate::reacting::library::event(
        book,
        2,
        "example.library.BookPriced",
        serde_json::json!({ "title": 3 }),
    );
    publish(&*world.broker, BOOKS, &[event, blocked]).await;
    desk.cards_say(&["Emma"]).await;
    desk.holds(Documents::Blocks, 1).await;
    publish(&*world.broker, BOOKS, &[listed(book, 3, "Later")]).await;
    desk.reaches("opens", book, 3).await;
    let waited = Instant::now();
    while waited.elapsed() < Duration::from_millis(400) {
        assert_eq!(desk.cards().await, ["Emma"], "decided on a copy too old");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let settled = desk
        .handlers
        .discard(&desk.runtime, "book-copy", book)
        .await;
    settled.expect("discarded");
    desk.cards_say(&["Emma", "Later"]).await;
    desk.stop().await;
}

/// Those behind it are not tried while it rests.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_holds_up_its_target() {
    let world = World::new().await;
    let handlers = Handlers::default().policy::<Notes>();
    world.desk(handlers.clone()).await.stop().await;
    let notes_the_first = |write: &WriteSet| {
        let first =
            |save: &Save| matches!(&save.to, SaveTo::Live(card) if card.members["text"] == "a one");
        write.saves.iter().any(first)
    };
    let ailing = Ailing::new(engine(world.folder()).await, notes_the_first, 2);
    let broker = Arc::clone(&world.broker);
    let desk = Desk::start_on(ailing.clone(), broker, handlers);
    let (book, card, other) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "a").await;
    desk.make_card(other, "b").await;
    let lent = [
        lent(book, 1, "one", &[card]),
        lent(book, 2, "two", &[card, other]),
    ];
    publish(&*world.broker, BOOKS, &lent).await;
    desk.cards_say(&["a one two", "b two"]).await;
    assert_eq!(ailing.fails(), 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_does_nothing_again_unless_it_is_told_to() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Opens>()).await;
    let books: Vec<_> = (0..4).map(|_| Uuid::now_v7()).collect();
    for (book, title) in books.iter().zip(["a", "b", "c", "d"]) {
        world
            .library
            .tell(&*world.broker, &[listed(*book, 1, title)])
            .await;
    }
    desk.cards_say(&["a", "b", "c", "d"]).await;
    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let refused = handlers.replay(runtime, "opens", false).await;
    assert!(matches!(refused, Err(ReplayError::WouldReExecute(_))));
    let unknown = handlers.replay(runtime, "closes", true).await;
    assert!(matches!(unknown, Err(ReplayError::Unknown(_))));
    handlers
        .replay(runtime, "opens", true)
        .await
        .expect("begun");
    desk.cards_say(&["a", "a", "b", "b", "c", "c", "d", "d"])
        .await;
    // It goes on with what comes, once, when the replay is over.
    world
        .library
        .tell(&*world.broker, &[listed(books[0], 2, "e")])
        .await;
    desk.cards_say(&["a", "a", "b", "b", "c", "c", "d", "d", "e"])
        .await;
    until("the replay is over", async || {
        let again = handlers.replay(runtime, "opens", false).await;
        let applied = desk.applied("opens", 1, books[0]).await;
        (again.is_err() && applied.is_none()).then_some(())
    })
    .await;
    assert_eq!(desk.cards().await.len(), 9);
    desk.stop().await;
}
