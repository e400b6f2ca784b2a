//! A message that cannot be handled blocks its own key, visibly, until somebody decides.

use crate::reacting::ailing::Ailing;
use crate::reacting::domain::{BOOKS, BookCopy, Notes, Opens, mend};
use crate::reacting::library::{event, lent, listed, publish};
use crate::reacting::world::{Desk, PARTITIONS, World, engine, neighbours, until};
use platform_contract::envelope::{Envelope, partition_of};
use platform_ports::broker::Publication;
use platform_ports::engine::{Documents, WriteSet};
use platform_runtime::handler::Handlers;
use platform_runtime::handler::dead_letters::{DeadLetterError, QueueStatus};
use serde_json::json;
use uuid::Uuid;

async fn waits(desk: &Desk, number: usize) {
    until(&format!("{number} dead letters"), async || {
        let letters = desk.handlers.dead_letters(&desk.runtime, None).await;
        (letters.expect("listed").len() == number).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_blocks_its_own_key_only_and_is_retried_in_order() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let [bad, good] = neighbours(2)[..] else {
        panic!("two books")
    };
    let (card, other) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "a").await;
    desk.make_card(other, "b").await;
    let run = [
        lent(good, 1, "one", &[other]),
        lent(bad, 1, "first", &[card]),
        lent(bad, 2, "poison", &[card]),
        lent(good, 2, "two", &[other]),
        lent(bad, 3, "third", &[card]),
        lent(good, 3, "three", &[other]),
        lent(bad, 4, "fourth", &[card]),
    ];
    publish(&*world.broker, BOOKS, &run).await;
    desk.cards_say(&["a first", "b one two three"]).await;
    waits(&desk, 3).await;

    let letters = desk
        .handlers
        .dead_letters(&desk.runtime, Some("notes"))
        .await
        .expect("listed");
    let shown: Vec<_> = letters
        .iter()
        .map(|letter| (letter.key, letter.sequence, letter.failure.is_some()))
        .collect();
    assert_eq!(
        shown,
        [
            (bad, Some(2), true),
            (bad, Some(3), false),
            (bad, Some(4), false)
        ]
    );
    assert!(
        letters[0]
            .failure
            .as_ref()
            .is_some_and(|why| why.contains("poisoned"))
    );
    assert_eq!(letters[0].attempts, 3);

    let runtime = &desk.runtime;
    let settled = desk.handlers.retry(runtime, "notes", bad).await;
    assert!(matches!(settled, Ok(QueueStatus::StillFailing(_))));
    waits(&desk, 3).await;
    mend(bad);
    let settled = desk.handlers.retry(runtime, "notes", bad).await;
    assert_eq!(settled.expect("retried"), QueueStatus::Empty);
    desk.cards_say(&["a first poison third fourth", "b one two three"])
        .await;
    assert_eq!(desk.count(Documents::Blocks).await, 0);
    publish(&*world.broker, BOOKS, &[lent(bad, 5, "fifth", &[card])]).await;
    desk.cards_say(&["a first poison third fourth fifth", "b one two three"])
        .await;
    let nothing = desk.handlers.retry(runtime, "notes", bad).await;
    assert!(matches!(nothing, Err(DeadLetterError::Nothing { .. })));
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_is_passed_over() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "a").await;
    let run = ["one", "poison", "three", "four"];
    let run: Vec<_> = (1..)
        .zip(run)
        .map(|(n, note)| lent(book, n, note, &[card]))
        .collect();
    publish(&*world.broker, BOOKS, &run).await;
    waits(&desk, 3).await;
    let settled = desk.handlers.discard(&desk.runtime, "notes", book).await;
    assert_eq!(settled.expect("discarded"), QueueStatus::Empty);
    desk.cards_say(&["a one three four"]).await;
    assert_eq!(desk.applied("notes", 0, book).await, Some(4));
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_message_of_a_replica_brings_a_snapshot() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let book = Uuid::now_v7();
    // A title that is no text: told that way, but known rightly by the library.
    let bad = event(book, 2, "example.library.BookListed", json!({ "title": 7 }));
    let right = Envelope {
        data: json!({ "title": "Emma" }),
        ..bad.clone()
    };
    world
        .library
        .remember(&[listed(book, 1, "Em"), right])
        .await;
    publish(&*world.broker, BOOKS, &[listed(book, 1, "Em"), bad]).await;
    waits(&desk, 1).await;
    assert_eq!(desk.copy(0, book).await, Some(("Em".to_owned(), 1)));
    let settled = desk
        .handlers
        .discard(&desk.runtime, "book-copy", book)
        .await;
    assert_eq!(settled.expect("discarded"), QueueStatus::Empty);
    until("the copy is right", async || {
        (desk.copy(0, book).await == Some(("Emma".to_owned(), 2))).then_some(())
    })
    .await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_is_kept_and_can_be_discarded() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Opens>()).await;
    let book = Uuid::now_v7();
    let mut wire = listed(book, 1, "Emma").to_wire();
    wire.payload = b"no JSON".to_vec();
    let garbage = Publication {
        topic: BOOKS.to_owned(),
        partition: partition_of(book, PARTITIONS),
        key: book.to_string(),
        wire,
    };
    world.broker.publish(&[garbage]).await.expect("published");
    waits(&desk, 1).await;
    publish(&*world.broker, BOOKS, &[listed(book, 1, "Emma")]).await;
    waits(&desk, 2).await;
    let settled = desk.handlers.discard(&desk.runtime, "opens", book).await;
    assert_eq!(settled.expect("discarded"), QueueStatus::Empty);
    desk.cards_say(&["Emma"]).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_matters_is_kept() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Opens>()).await;
    let book = Uuid::now_v7();
    publish(&*world.broker, BOOKS, &[listed(book, 1, "refuse")]).await;
    waits(&desk, 1).await;
    let refused = until("why it was refused", async || {
        let letters = desk.handlers.dead_letters(&desk.runtime, None).await;
        let letter = letters.expect("listed").pop()?;
        let told = letter.failure.as_ref()?.contains("full: no card is left");
        told.then_some(letter)
    })
    .await;
    assert_eq!(refused.kind, "MakeCard");
    // It blocks nothing.
    publish(&*world.broker, BOOKS, &[listed(book, 2, "Emma")]).await;
    desk.cards_say(&["Emma"]).await;
    let (handlers, runtime) = (&desk.handlers, &desk.runtime);
    let settled = handlers.retry(runtime, "opens", refused.key).await;
    assert_eq!(settled.expect("retried"), QueueStatus::Empty);
    desk.holds(Documents::Commands, 0).await;
    waits(&desk, 1).await;
    let settled = handlers.discard(runtime, "opens", refused.key).await;
    assert_eq!(settled.expect("discarded"), QueueStatus::Empty);
    waits(&desk, 0).await;
    desk.stop().await;
}

/// Consumer and operator work on the same key at the same time: nothing is lost, doubled or turned
/// around, and the block is gone in the end.
#[tokio::test(flavor = "multi_thread")]
async fn consumer_and_operator_do_not_pass_each_other() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    for _ in 0..8 {
        let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
        desk.make_card(card, "a").await;
        publish(&*world.broker, BOOKS, &[lent(book, 1, "poison", &[card])]).await;
        until("the key is blocked", async || {
            (desk.count(Documents::Blocks).await == 1).then_some(())
        })
        .await;
        mend(book);
        let (handlers, runtime) = (desk.handlers.clone(), desk.runtime.clone());
        let operator =
            tokio::spawn(
                async move { while handlers.retry(&runtime, "notes", book).await.is_ok() {} },
            );
        for sequence in 2..=40 {
            let one = lent(book, sequence, &sequence.to_string(), &[card]);
            publish(&*world.broker, BOOKS, &[one]).await;
        }
        operator.await.expect("the operator");
        desk.reaches("notes", book, 40).await;
        desk.holds(Documents::Blocks, 0).await;
        desk.holds(Documents::Commands, 0).await;
        let notes: Vec<_> = (2..=40).map(|n: u64| n.to_string()).collect();
        let card = desk.card(card).await;
        assert_eq!(card, format!("a poison {}", notes.join(" ")));
        assert_eq!(desk.count(Documents::DeadLetters).await, 0);
    }
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_waits_for_an_upgrade() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Opens>()).await;
    let book = Uuid::now_v7();
    let newer = Envelope {
        version: 2,
        ..listed(book, 1, "new form")
    };
    publish(&*world.broker, BOOKS, &[newer, listed(book, 2, "second")]).await;
    desk.holds(Documents::Parked, 2).await;
    assert_eq!(desk.count(Documents::DeadLetters).await, 0);
    assert_eq!(desk.applied("opens", 0, book).await, None);
    desk.stop().await;
}

/// As often as a message is tried before it counts as poison, the database is out of reach.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_out_of_reach_is_no_fault_of_the_message() {
    let world = World::new().await;
    let handlers = Handlers::default().policy::<Notes>();
    world.desk(handlers.clone()).await.stop().await;
    let moves_a_gate = |write: &WriteSet| !write.applied_sequences.is_empty();
    let ailing = Ailing::new(engine(world.folder()).await, moves_a_gate, 3);
    let broker = std::sync::Arc::clone(&world.broker);
    let desk = Desk::start_on(ailing.clone(), broker, handlers);
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "a").await;
    publish(&*world.broker, BOOKS, &[lent(book, 1, "one", &[card])]).await;
    desk.cards_say(&["a one"]).await;
    assert_eq!(ailing.fails(), 0);
    assert_eq!(desk.count(Documents::DeadLetters).await, 0);
    desk.stop().await;
}
