//! A service that is started for the first time misses nothing that others did before.

use std::sync::Arc;

use crate::reacting::domain::{BOOKS, BookCopy, Notes, Opens};
use crate::reacting::library::{lent, listed, publish};
use crate::reacting::world::{Desk, PARTITIONS, World, broker, engine, until};
use platform_ports::engine::{Documents, Found, NEW};
use platform_runtime::handler::Handlers;
use uuid::Uuid;

async fn is_new(desk: &Desk) -> bool {
    let engine = &desk.runtime.engine;
    let mark = engine.document(Documents::Projections, NEW).await;
    mark.expect("the database answers").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_begin_at_the_start_and_those_added_later_at_the_end() {
    let world = World::new().await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    let before = [listed(book, 1, "Emma"), lent(book, 2, "before", &[card])];
    world.library.tell(&*world.broker, &before).await;
    let first = Handlers::default().policy::<Opens>().replica::<BookCopy>();
    let desk = world.desk(first.clone()).await;
    desk.cards_say(&["Emma"]).await;
    assert!(!is_new(&desk).await);
    until("the copy is filled by a snapshot", async || {
        (desk.copy(0, book).await == Some(("Emma".to_owned(), 2))).then_some(())
    })
    .await;
    desk.stop().await;

    let desk = world.desk(first.policy::<Notes>()).await;
    desk.make_card(card, "").await;
    let after = [lent(book, 3, "after", &[card])];
    world.library.tell(&*world.broker, &after).await;
    desk.cards_say(&["Emma", "after"]).await;
    desk.holds(Documents::Commands, 0).await;
    assert_eq!(desk.card(card).await, "after");
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_from_the_topic_is_asked_for() {
    let world = World::new().await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    let notes = ["one", "two", "three"];
    let all: Vec<_> = (1..)
        .zip(notes)
        .map(|(n, note)| lent(book, n, note, &[card]))
        .collect();
    world.library.remember(&all).await;
    publish(&*world.broker, BOOKS, &all[2..]).await;
    let opens = engine(world.folder()).await;
    let desk = Desk::start_on(opens, Arc::clone(&world.broker), Handlers::default());
    desk.make_card(card, "").await;
    assert!(is_new(&desk).await, "it is only made ready");
    desk.stop().await;

    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    desk.cards_say(&["one two three"]).await;
    desk.stop().await;
}

/// It is on record before there is anything to read.
#[tokio::test(flavor = "multi_thread")]
async fn the_start_holds_until_there_is_a_topic() {
    let world = World::new().await;
    world.broker.delete_topic(BOOKS).await.expect("deleted");
    let desk = world.desk(Handlers::default().policy::<Opens>()).await;
    desk.stop().await;
    let broker = broker(world.folder()).await;
    publish(&*broker, BOOKS, &[listed(Uuid::now_v7(), 1, "Emma")]).await;
    let desk = world.desk(Handlers::default().policy::<Opens>()).await;
    desk.cards_say(&["Emma"]).await;
    // A topic that is made while the service waits for it is read from its start, too.
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_instances_begin_at_once() {
    let world = World::new().await;
    publish(&*world.broker, BOOKS, &[listed(Uuid::now_v7(), 1, "Emma")]).await;
    let handlers = Handlers::default().policy::<Opens>();
    let engines = [engine(world.folder()).await, engine(world.folder()).await];
    let begin = |number: usize| handlers.begin_on_new(&*engines[number], PARTITIONS);
    let (one, other) = tokio::join!(begin(0), begin(1));
    one.expect("begun");
    other.expect("begun");
    let desk = world.desk(handlers.clone()).await;
    desk.cards_say(&["Emma"]).await;
    assert!(!is_new(&desk).await);
    desk.stop().await;
}

/// A database that was migrated before there were marks, or that was opened once, is not new.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_handlers_is_not_new_for_long() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default()).await;
    assert!(!is_new(&desk).await);
    let card = Uuid::now_v7();
    desk.make_card(card, "Emma").await;
    desk.stop().await;
    // It is migrated again at every start.
    let engine = engine(world.folder()).await;
    let mark = engine.document(Documents::Projections, NEW).await;
    assert_eq!(mark.expect("the database answers"), None);
    let found = engine
        .load(&crate::reacting::domain::CARDS, 0, card)
        .await
        .expect("the database answers");
    assert!(matches!(found, Found::Live(_)));
}
