//! What is done in the outside world: tried, given up, and told of once, whenever a process dies.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::reacting::domain::{BOOKS, BookListed, Notes};
use crate::reacting::library::{lent, listed, publish};
use crate::reacting::world::{Desk, World, until};
use platform_contract::{FollowUp, Recorded};
use platform_ports::engine::Documents;
use platform_runtime::handler::{Attempt, Attempts, Effect, ErasedOutcome, Handlers};
use platform_support::child::Child;
use serde_json::json;
use tokio::task::LocalSet;
use uuid::Uuid;

type Log = Arc<Mutex<Vec<(String, Uuid, u32)>>>;

/// Prints a label for every book. Titles say how that goes, and `on` which card it is noted.
#[derive(Default)]
pub struct Prints {
    log: Log,
}

impl Prints {
    fn log(&self) -> Vec<(String, Uuid, u32)> {
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn made(text: String) -> Option<FollowUp> {
    Some(FollowUp {
        command: "MakeCard",
        target: None,
        input: json!({ "text": text }),
    })
}

fn noted(card: &str) -> Option<FollowUp> {
    Some(FollowUp {
        command: "NoteOnCard",
        target: card.parse().ok(),
        input: json!({ "text": "printed" }),
    })
}

impl Effect for Prints {
    const HANDLER: &'static str = "prints";
    type On = BookListed;
    const ATTEMPTS: Attempts = Attempts {
        limit: 3,
        timeout_ms: 300,
        first_pause_ms: 20,
        max_pause_ms: 50,
        give_up_after_ms: 60_000,
    };

    async fn attempt(&self, event: &Recorded<BookListed>, attempt: &Attempt) -> ErasedOutcome {
        let title = event.title.clone();
        let seen = (title.clone(), attempt.idempotency_key, attempt.number);
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
        match title.as_str() {
            "second time" if attempt.number == 1 => ErasedOutcome::Retry("jammed".to_owned()),
            "never" => ErasedOutcome::Retry("out of paper".to_owned()),
            "no" => ErasedOutcome::GiveUp(made("declined".to_owned())),
            "hangs" => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                ErasedOutcome::Done(None)
            }
            "panics" => panic!("on fire"),
            _ => ErasedOutcome::Done(match title.strip_prefix("on ") {
                Some(card) => noted(card),
                None => made(format!("printed {title}")),
            }),
        }
    }

    fn gave_up(&self, _: &Recorded<BookListed>, why: &str) -> Option<FollowUp> {
        made(format!("gave up: {why}"))
    }
}

fn prints() -> (Handlers, Prints) {
    let prints = Prints::default();
    let log = Arc::clone(&prints.log);
    (Handlers::default().effect(prints), Prints { log })
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_tried_until_it_is_done_or_given_up() {
    let world = World::new().await;
    let (handlers, prints) = prints();
    let desk = world.desk(handlers).await;
    for title in ["at once", "second time", "never", "no", "hangs", "panics"] {
        publish(&*world.broker, BOOKS, &[listed(Uuid::now_v7(), 1, title)]).await;
    }
    desk.cards_say(&[
        "declined",
        "gave up: it panicked: on fire",
        "gave up: it took longer than 300 ms",
        "gave up: out of paper",
        "printed at once",
        "printed second time",
    ])
    .await;
    desk.holds(Documents::Jobs, 0).await;
    let log = prints.log();
    let tries = |title: &str| {
        let of: Vec<_> = log.iter().filter(|(of, ..)| of == title).collect();
        let one_key = of.iter().all(|(_, key, _)| *key == of[0].1);
        assert!(one_key, "every attempt has the same key");
        let numbers: Vec<_> = of.iter().map(|(.., number)| *number).collect();
        numbers
    };
    assert_eq!(tries("at once"), [1]);
    assert_eq!(tries("second time"), [1, 2]);
    assert_eq!(tries("never"), [1, 2, 3]);
    assert_eq!(tries("no"), [1]);
    assert_eq!(tries("hangs"), [1, 2, 3]);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_has_one_job_at_a_time_in_order() {
    let world = World::new().await;
    let (handlers, prints) = prints();
    let desk = world.desk(handlers).await;
    let (book, other) = (Uuid::now_v7(), Uuid::now_v7());
    let titles = ["second time", "never", "last"];
    let run: Vec<_> = (1..)
        .zip(titles)
        .map(|(n, title)| listed(book, n, title))
        .collect();
    publish(&*world.broker, BOOKS, &run).await;
    publish(&*world.broker, BOOKS, &[listed(other, 1, "meanwhile")]).await;
    desk.cards_say(&[
        "gave up: out of paper",
        "printed last",
        "printed meanwhile",
        "printed second time",
    ])
    .await;
    let log = prints.log();
    let of_book: Vec<_> = log
        .iter()
        .map(|(title, ..)| title.as_str())
        .filter(|title| *title != "meanwhile")
        .collect();
    let expected = [
        "second time",
        "second time",
        "never",
        "never",
        "never",
        "last",
    ];
    assert_eq!(of_book, expected);
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_do_not_do_the_same_job() {
    let world = World::new().await;
    let (one, printed) = prints();
    let (other, also_printed) = prints();
    let one = world.desk(one).await;
    let other = world.desk(other).await;
    let titles: Vec<_> = (10..50).map(|n| n.to_string()).collect();
    for title in &titles {
        publish(&*world.broker, BOOKS, &[listed(Uuid::now_v7(), 1, title)]).await;
    }
    let cards: Vec<_> = titles
        .iter()
        .map(|title| format!("printed {title}"))
        .collect();
    let cards: Vec<_> = cards.iter().map(String::as_str).collect();
    one.cards_say(&cards).await;
    one.holds(Documents::Jobs, 0).await;
    let mut all = [printed.log(), also_printed.log()].concat();
    all.sort();
    let done: Vec<_> = all.iter().map(|(title, ..)| title.clone()).collect();
    assert_eq!(done, titles);
    one.stop().await;
    other.stop().await;
}

/// A process dies at each place where something is half done: the event has its effects once.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_leaves_nothing_undone_and_nothing_doubled() {
    let points = [
        "effect.before-commit",
        "policy.before-commit",
        "consumer.after-effect",
        "effect.after-attempt",
        "effect.before-outcome",
        "command.before-commit",
        "unit-of-work.before-commit",
        "unit-of-work.after-commit",
    ];
    let deaths = LocalSet::new();
    let ended = points.map(|point| deaths.spawn_local(dies_at(point)));
    deaths.await;
    for ended in ended {
        ended.await.expect("as expected");
    }
}

async fn dies_at(point: &'static str) {
    let world = World::new().await;
    // The places where the handlers begin are on record before the first event.
    let desk = world.desk(handlers()).await;
    let (book, reader, label) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    desk.make_card(reader, "").await;
    desk.make_card(label, "").await;
    desk.stop().await;
    let folder = world.folder().to_owned();
    let child = tokio::task::spawn_blocking(move || {
        let mut child = Child::start_with("effect::child_process", "desk", &folder, Some(point));
        assert_eq!(child.line(), "up");
        child
    });
    let mut child = child.await.expect("started");
    let label = listed(book, 1, &format!("on {label}"));
    let events = [label, lent(book, 2, "lent", &[reader])];
    publish(&*world.broker, BOOKS, &events).await;
    let dead = tokio::task::spawn_blocking(move || {
        assert_eq!(child.line(), format!("held at {point}"));
        child.signal("KILL");
        child.rest();
    });
    dead.await.expect("dead");
    // Nothing is told again before all of it has had its effect: nothing may have been lost.
    let desk = world.desk(handlers()).await;
    until(&format!("all is done after {point}"), async || {
        (desk.cards().await == ["lent", "printed"]).then_some(())
    })
    .await;
    publish(&*world.broker, BOOKS, &events).await;
    publish(&*world.broker, BOOKS, &[lent(book, 3, "end", &[reader])]).await;
    desk.reaches("prints", book, 3).await;
    desk.cards_say(&["lent end", "printed"]).await;
    desk.holds(Documents::Jobs, 0).await;
    desk.holds(Documents::Commands, 0).await;
    assert_eq!(desk.cards().await, ["lent end", "printed"], "{point}");
    desk.stop().await;
}

fn handlers() -> Handlers {
    prints().0.policy::<Notes>()
}

/// Not a test: what another process does.
#[tokio::test(flavor = "multi_thread")]
async fn child_process() {
    let Some((role, folder)) = platform_support::child::role() else {
        return;
    };
    assert_eq!(role, "desk");
    run_desk(&folder).await;
}

async fn run_desk(folder: &Path) {
    let broker = crate::reacting::world::broker(folder).await;
    let desk = Desk::start(folder, broker, handlers()).await;
    println!("up");
    until("killed", async || {
        desk.runtime.shutdown.borrow().then_some(())
    })
    .await;
}
