//! Each event takes effect once and in order, whatever the wire does.

use crate::reacting::domain::{BOOKS, BookCopy, Notes};
use crate::reacting::library::{lent, listed, publish};
use crate::reacting::world::{World, neighbours, until};
use platform_contract::envelope::{Control, Envelope};
use platform_ports::engine::Documents;
use platform_runtime::handler::Handlers;
use uuid::Uuid;

/// A card with a book that is listed and then lent `loans` times, the notes being the sequences.
fn history(book: Uuid, card: Uuid, loans: u64) -> Vec<Envelope> {
    let lent = (2..=loans + 1).map(|n| lent(book, n, &n.to_string(), &[card]));
    std::iter::once(listed(book, 1, "Emma"))
        .chain(lent)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_have_no_effect() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let events = history(book, card, 4);
    for _ in 0..3 {
        publish(&*world.broker, BOOKS, &events).await;
    }
    publish(&*world.broker, BOOKS, &events[2..4]).await;
    let end = lent(book, 6, "end", &[card]);
    publish(&*world.broker, BOOKS, &[end]).await;
    desk.cards_say(&["2 3 4 5 end"]).await;
    desk.holds(Documents::Commands, 0).await;
    assert_eq!(desk.cards().await, ["2 3 4 5 end"]);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_early_waits_for_what_it_follows() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let events = history(book, card, 5);
    for at in [4, 5, 2, 3] {
        publish(&*world.broker, BOOKS, &events[at..=at]).await;
    }
    desk.holds(Documents::Parked, 4).await;
    assert_eq!(desk.applied("notes", 0, book).await, None);
    publish(&*world.broker, BOOKS, &events[1..2]).await;
    desk.holds(Documents::Parked, 5).await;
    publish(&*world.broker, BOOKS, &events[0..1]).await;
    desk.cards_say(&["2 3 4 5 6"]).await;
    assert_eq!(desk.count(Documents::Parked).await, 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_asked_for() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let (book, card) = (Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(card, "").await;
    let events = history(book, card, 5);
    world.library.remember(&events).await;
    publish(&*world.broker, BOOKS, &events[..2]).await;
    publish(&*world.broker, BOOKS, &events[4..]).await;
    desk.cards_say(&["2 3 4 5 6"]).await;
    let asked = world.library.asked.lock().await.clone();
    let resends: Vec<_> = asked
        .iter()
        .filter_map(|one| match one {
            Control::ResendRequest {
                aggregate, from, ..
            } => Some((*aggregate, *from)),
            _ => None,
        })
        .collect();
    assert_eq!(resends, [(book, 3)]);
    assert_eq!(desk.count(Documents::Parked).await, 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_found_and_the_copy_follows_the_source() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let book = Uuid::now_v7();
    let one = listed(book, 1, "Emma");
    let lost = listed(book, 2, "Lost");
    publish(&*world.broker, BOOKS, &[one.clone(), lost]).await;
    desk.reaches("book-copy", book, 2).await;
    // The library was restored from a backup that knew the first event only, and went on.
    let other = Envelope {
        id: Uuid::now_v7(),
        ..listed(book, 2, "Persuasion")
    };
    world.library.remember(&[one]).await;
    world.library.tell(&*world.broker, &[other]).await;
    until("the copy follows the source", async || {
        let copy = desk.copy(0, book).await;
        (copy == Some(("Persuasion".to_owned(), 2))).then_some(())
    })
    .await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_work_and_nothing_is_done_twice() {
    let world = World::new().await;
    let one = world.desk(Handlers::default().policy::<Notes>()).await;
    let books: Vec<_> = (0..12).map(|_| Uuid::now_v7()).collect();
    let cards: Vec<_> = (0..12).map(|_| Uuid::now_v7()).collect();
    for card in &cards {
        one.make_card(*card, "").await;
    }
    let histories: Vec<_> = books
        .iter()
        .zip(&cards)
        .map(|(book, card)| history(*book, *card, 9))
        .collect();
    let mut other = None;
    for at in 0..10 {
        for history in &histories {
            // Each is told twice, and the one before again.
            let again = at.max(1) - 1;
            let told = [&history[at..=at], &history[again..=at]].concat();
            publish(&*world.broker, BOOKS, &told).await;
        }
        if at == 3 {
            other = Some(world.desk(Handlers::default().policy::<Notes>()).await);
        }
    }
    let other = other.expect("the other process");
    for book in &books {
        one.reaches("notes", *book, 10).await;
    }
    one.cards_say(&["2 3 4 5 6 7 8 9 10"; 12]).await;
    one.stop().await;
    let late = lent(books[0], 11, "late", &cards[..1]);
    publish(&*world.broker, BOOKS, &[late]).await;
    other.reaches("notes", books[0], 11).await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_handler_begins_with_what_comes_after_its_start() {
    let world = World::new().await;
    // The service was there before the handler.
    world.desk(Handlers::default()).await.stop().await;
    let [book, other] = neighbours(2)[..] else {
        panic!("two books")
    };
    let (card, others) = (Uuid::now_v7(), Uuid::now_v7());
    publish(&*world.broker, BOOKS, &history(book, card, 3)).await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    desk.make_card(card, "").await;
    desk.make_card(others, "").await;
    let baseline = lent(book, 5, "baseline", &[card]);
    publish(&*world.broker, BOOKS, &[baseline]).await;
    publish(&*world.broker, BOOKS, &[lent(book, 6, "next", &[card])]).await;
    publish(&*world.broker, BOOKS, &history(book, card, 3)).await;
    publish(&*world.broker, BOOKS, &[lent(other, 1, "new", &[others])]).await;
    desk.cards_say(&["baseline next", "new"]).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_resynchronises() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let (book, silent) = (Uuid::now_v7(), Uuid::now_v7());
    let told = [listed(book, 1, "Emma"), listed(silent, 1, "Silence")];
    world.library.tell(&*world.broker, &told).await;
    desk.reaches("book-copy", book, 1).await;
    desk.reaches("book-copy", silent, 1).await;
    desk.stop().await;
    // While nobody reads, events go by, and the topic with them.
    world.library.remember(&[listed(silent, 2, "Noise")]).await;
    world.broker.delete_topic(BOOKS).await.expect("deleted");
    let again = crate::reacting::world::broker(world.folder()).await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    until("what went by is known", async || {
        let copy = desk.copy(0, silent).await;
        (copy == Some(("Noise".to_owned(), 2))).then_some(())
    })
    .await;
    drop(again);
    desk.stop().await;
}
