//! Copies of what other contexts own: filled, aged, rebuilt beside themselves.

use std::sync::Arc;
use std::time::Duration;

use crate::reacting::domain::{BOOKS, BookCopy, BookListed, TABLES};
use crate::reacting::library::{Library, event as event_of, listed, lost, publish, snapshot};
use crate::reacting::world::{Desk, World, neighbours, until};
use platform_contract::Event;
use platform_contract::envelope::Envelope;
use platform_contract::value::Json;
use platform_ports::engine::{Check, CommitError, Documents, WriteSet};
use platform_runtime::decision::Reads;
use platform_runtime::handler::{self, Handlers, NotReady, Replica};
use platform_support::place::Place;
use serde_json::json;
use uuid::Uuid;

async fn read(desk: &Desk, book: Uuid) -> Replica<BookCopy> {
    handler::read(&*desk.runtime.engine, book.into())
        .await
        .expect("read")
}

/// The title of a copy that is there.
async fn title(desk: &Desk, book: Uuid) -> Option<String> {
    match read(desk, book).await {
        Replica::Known(copy) => Some(copy.title.clone()),
        Replica::Deleted | Replica::Unknown => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_replica_is_filled_from_snapshots() {
    let world = World::new().await;
    let books: Vec<_> = (0..50).map(|_| Uuid::now_v7()).collect();
    // What the topic no longer has: only snapshots can tell of it.
    for book in &books {
        let log = [listed(*book, 1, "Old"), listed(*book, 2, "New")];
        world.library.remember(&log).await;
    }
    let gone = Uuid::now_v7();
    world
        .library
        .remember(&[listed(gone, 1, "Gone"), lost(gone, 2)])
        .await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    for book in &books {
        assert_eq!(title(&desk, *book).await.as_deref(), Some("New"));
    }
    assert_eq!(read(&desk, gone).await, Replica::Deleted);
    assert_eq!(read(&desk, Uuid::now_v7()).await, Replica::Unknown);
    // Events go on where the snapshots ended; an aggregate can come again after its deletion.
    let on = [listed(books[0], 3, "Newer"), listed(gone, 3, "Back")];
    world.library.tell(&*world.broker, &on).await;
    desk.reaches("book-copy", gone, 3).await;
    desk.reaches("book-copy", books[0], 3).await;
    assert_eq!(title(&desk, books[0]).await.as_deref(), Some("Newer"));
    assert_eq!(title(&desk, gone).await.as_deref(), Some("Back"));
    assert_eq!(desk.count(Documents::Parked).await, 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_keeps_its_digits_on_the_way_to_a_copy() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let book = Uuid::now_v7();
    let text = "{\"price\":123456789012345678901234567890.10,\"scale\":1e-400}";
    let facts: Json = serde_json::from_str(text).expect("JSON");
    let event = BookListed {
        title: "Numbers".to_owned(),
        facts: Some(facts),
    };
    let told = event_of(book, 1, BookListed::TYPE, json!(event));
    world.library.tell(&*world.broker, &[told]).await;
    desk.reaches("book-copy", book, 1).await;
    let Replica::Known(copy) = read(&desk, book).await else {
        panic!("a copy");
    };
    let facts = copy.facts.as_ref().map(Json::to_string);
    assert_eq!(facts.as_deref(), Some(text));
    desk.stop().await;
}

/// Its members alone would fit: what a newer version means by them, nobody here can know.
#[tokio::test(flavor = "multi_thread")]
async fn a_newer_version_waits_for_an_upgrade() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let [book, other] = neighbours(2)[..] else {
        panic!("two books")
    };
    let newer = Envelope {
        version: 2,
        ..listed(book, 2, "New form")
    };
    let told = [
        listed(book, 1, "Old"),
        newer,
        listed(book, 3, "Behind"),
        listed(other, 1, "Other"),
    ];
    publish(&*world.broker, BOOKS, &told).await;
    desk.reaches("book-copy", other, 1).await;
    desk.holds(Documents::Parked, 2).await;
    assert_eq!(title(&desk, book).await.as_deref(), Some("Old"));
    assert_eq!(desk.count(Documents::DeadLetters).await, 0);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_before_it_is_filled() {
    let place = Place::new(&TABLES);
    let broker = crate::reacting::world::broker(place.path()).await;
    let handlers = Handlers::default().replica::<BookCopy>();
    // Nobody answers yet.
    let desk = Desk::start(place.path(), Arc::clone(&broker), handlers).await;
    let event = listed(Uuid::now_v7(), 1, "Emma");
    until("it has begun", async || {
        let ready = desk.handlers.ready(&desk.runtime).await;
        matches!(ready, Err(NotReady::NotFilled("book-copy"))).then_some(())
    })
    .await;
    publish(&*broker, BOOKS, std::slice::from_ref(&event)).await;
    desk.reaches("book-copy", event.subject, 1).await;
    assert!(desk.handlers.ready(&desk.runtime).await.is_err());
    let answering = tokio::spawn(Arc::new(Library::default()).answer(broker));
    until("it is filled", async || {
        desk.handlers.ready(&desk.runtime).await.ok()
    })
    .await;
    answering.abort();
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_age_is_that_of_the_last_heartbeat_or_of_what_waits() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let (book, torn) = (Uuid::now_v7(), Uuid::now_v7());
    let told = [listed(book, 1, "Emma"), listed(torn, 1, "Torn")];
    world.library.tell(&*world.broker, &told).await;
    desk.reaches("book-copy", book, 1).await;
    desk.reaches("book-copy", torn, 1).await;
    let Replica::Known(copy) = read(&desk, book).await else {
        panic!("no copy")
    };
    assert_eq!(copy.age_ms, u64::MAX, "nobody has said that this is all");
    assert!(copy.is_stale());
    world.library.beat(&*world.broker).await;
    until("both are fresh", async || {
        let fresh = async |book| match read(&desk, book).await {
            Replica::Known(copy) => copy.age() < Duration::from_secs(2) && !copy.is_stale(),
            _ => false,
        };
        (fresh(book).await && fresh(torn).await).then_some(())
    })
    .await;
    // The clock goes on without a heartbeat.
    let age = |replica| match replica {
        Replica::Known(copy) => platform_runtime::handler::Aged::age(&copy),
        other => panic!("{other:?}"),
    };
    let before = age(read(&desk, book).await);
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert!(age(read(&desk, book).await) > before);
    // A message that waits makes its own copy old, whatever heartbeats say.
    let mut ahead = listed(torn, 3, "Ahead");
    let minute_ago = ahead.time.as_microseconds() - 60_000_000;
    ahead.time =
        platform_contract::value::Timestamp::from_microseconds(minute_ago).expect("a time");
    publish(&*world.broker, BOOKS, &[ahead]).await;
    desk.holds(Documents::Parked, 1).await;
    world.library.beat(&*world.broker).await;
    until("the other is fresh", async || {
        (age(read(&desk, book).await) < Duration::from_secs(2)).then_some(())
    })
    .await;
    assert!(age(read(&desk, torn).await) >= Duration::from_secs(60));
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_on_a_copy_that_has_changed_is_not_committed() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let book = Uuid::now_v7();
    world
        .library
        .tell(&*world.broker, &[listed(book, 1, "Emma")])
        .await;
    desk.reaches("book-copy", book, 1).await;
    let engine = &*desk.runtime.engine;
    let checks: Vec<Check> = {
        let mut reads = Reads {
            engine,
            checks: Vec::new(),
        };
        let copy = reads.replica::<BookCopy>(book.into()).await.expect("read");
        assert!(matches!(copy, Replica::Known(_)));
        reads.checks
    };
    let write = || WriteSet {
        checks: checks.clone(),
        ..WriteSet::default()
    };
    engine.commit(write()).await.expect("it still stands");
    world
        .library
        .tell(&*world.broker, &[listed(book, 2, "Persuasion")])
        .await;
    desk.reaches("book-copy", book, 2).await;
    let outcome = engine.commit(write()).await;
    assert!(matches!(outcome, Err(CommitError::Conflict)));
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_is_absent_is_not_looked_up() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let mut reads = Reads {
        engine: &*desk.runtime.engine,
        checks: Vec::new(),
    };
    let absent = reads.optional_replica::<BookCopy>(None).await;
    assert_eq!(absent.expect("read"), None);
    assert!(reads.checks.is_empty(), "the decision hangs on nothing");
    let unknown = Some(Uuid::now_v7().into());
    let unknown = reads.optional_replica::<BookCopy>(unknown).await;
    assert_eq!(unknown.expect("read"), Some(Replica::Unknown));
    assert_eq!(reads.checks.len(), 1);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_rebuilt_beside_itself_while_events_go_on() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let other = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let books: Vec<_> = (0..20).map(|_| Uuid::now_v7()).collect();
    let first: Vec<_> = books.iter().map(|book| listed(*book, 1, "1")).collect();
    world.library.tell(&*world.broker, &first).await;
    for book in &books {
        desk.reaches("book-copy", *book, 1).await;
    }
    let (library, broker) = (Arc::clone(&world.library), Arc::clone(&world.broker));
    let told = books.clone();
    let telling = tokio::spawn(async move {
        for sequence in 2..=60 {
            let events: Vec<_> = told
                .iter()
                .map(|book| listed(*book, sequence, &sequence.to_string()))
                .collect();
            library.tell(&*broker, &events).await;
            library.beat(&*broker).await;
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    });
    desk.handlers
        .rebuild(&desk.runtime, "book-copy")
        .await
        .expect("begun");
    assert!(
        desk.handlers
            .rebuild(&desk.runtime, "book-copy")
            .await
            .is_err()
    );
    // Readers always find a copy, and never an older one than that of the old generation began with.
    let mut switched = false;
    while !telling.is_finished() || !switched {
        let title = title(&desk, books[7]).await;
        assert!(title.is_some(), "the copy is gone during the rebuild");
        switched = desk.applied("book-copy", 1, books[7]).await.is_some()
            && desk
                .handlers
                .rebuild(&desk.runtime, "book-copy")
                .await
                .is_ok();
        tokio::time::sleep(Duration::from_millis(5)).await;
        if switched {
            break;
        }
    }
    telling.await.expect("told");
    for book in &books {
        let what = format!("{book} is as told");
        until(&what, async || {
            (title(&desk, *book).await.as_deref() == Some("60")).then_some(())
        })
        .await;
    }
    // What is no longer used is removed.
    until("the first generation is gone", async || {
        let copy = desk.copy(0, books[0]).await.is_none();
        let applied = desk.applied("book-copy", 0, books[0]).await.is_none();
        (copy && applied).then_some(())
    })
    .await;
    for book in &books {
        assert_eq!(title(&desk, *book).await.as_deref(), Some("60"));
    }
    assert_eq!(desk.count(Documents::Parked).await, 0);
    desk.stop().await;
    other.stop().await;
}

/// Before a topic that was made anew has told everything, heartbeats say nothing of the age.
#[tokio::test(flavor = "multi_thread")]
async fn the_age_does_not_lie_while_it_resynchronises() {
    let world = World::new().await;
    let handlers = Handlers::default().replica::<BookCopy>();
    let desk = world.desk(handlers.clone()).await;
    let book = Uuid::now_v7();
    let emma = [listed(book, 1, "Emma")];
    world.library.tell(&*world.broker, &emma).await;
    world.library.beat(&*world.broker).await;
    desk.reaches("book-copy", book, 1).await;
    until("the copy has an age", async || {
        match read(&desk, book).await {
            Replica::Known(copy) if !copy.is_stale() => Some(()),
            _ => None,
        }
    })
    .await;
    desk.stop().await;
    // Another broker, on which the owner is silent but for heartbeats.
    let folder = tempfile::tempdir().expect("a folder");
    let apart = crate::reacting::world::broker(folder.path()).await;
    let desk = Desk::start(world.folder(), Arc::clone(&apart), handlers).await;
    let silent = Library::default();
    for _ in 0..10 {
        silent.beat(&*apart).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let Replica::Known(copy) = read(&desk, book).await else {
        panic!("no copy")
    };
    assert!(copy.age() > Duration::from_millis(500), "{:?}", copy.age());
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_snapshot_is_passed_over() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().replica::<BookCopy>()).await;
    let [book, next] = neighbours(2)[..] else {
        panic!("two books")
    };
    let log = [listed(book, 1, "Old"), listed(book, 2, "New")];
    publish(&*world.broker, BOOKS, &log).await;
    desk.reaches("book-copy", book, 2).await;
    // Made before the second event, and come after it.
    let late = [snapshot(&log[..1]), listed(next, 1, "Next")];
    publish(&*world.broker, BOOKS, &late).await;
    desk.reaches("book-copy", next, 1).await;
    assert_eq!(desk.copy(0, book).await, Some(("New".to_owned(), 2)));
    assert_eq!(desk.applied("book-copy", 0, book).await, Some(2));
    desk.stop().await;
}
