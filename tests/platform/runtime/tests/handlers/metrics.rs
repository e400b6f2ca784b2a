//! What operators see of handlers in figures.

use std::sync::Arc;

use axum::body::to_bytes;
use platform_contract::Recorded;
use platform_runtime::context::Context;
use platform_runtime::handler::{Handlers, Policy, Targets};

use crate::effect::Prints;
use crate::reacting::ailing::Ailing;
use crate::reacting::domain::{BOOKS, BookCopy, BookListed, Card, MakeCard};
use crate::reacting::library::{listed, publish};
use crate::reacting::world::{Desk, World, engine, neighbours, until};
use platform_support::conventions;

/// Whenever a book is listed, nothing. No other test has it, so that its figures are this one's.
struct Counted;

impl Policy for Counted {
    const HANDLER: &'static str = "counted";
    type On = BookListed;
    type Then = MakeCard;
    type Target = Card;
    const DEAD_LETTER_REFUSALS: bool = false;

    fn targets(_: &Recorded<BookListed>, _: usize) -> Targets {
        Targets::New
    }

    fn react(
        _: &Recorded<BookListed>,
        _: usize,
        _: Option<&Card>,
        _: &Context,
    ) -> Option<MakeCard> {
        None
    }
}

/// All metrics, as they are shown.
async fn metrics() -> String {
    let metrics = platform_service::telemetry::metrics().await.into_body();
    let metrics = to_bytes(metrics, usize::MAX).await.expect("metrics");
    String::from_utf8_lossy(&metrics).into_owned()
}

/// The value of a series.
async fn value(series: &str) -> Option<f64> {
    let metrics = metrics().await;
    let mut lines = metrics.lines();
    lines.find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_do_not_wait() {
    let world = World::new().await;
    let ailing = engine(world.folder()).await;
    // Whatever it handles cannot be noted.
    let ailing = Ailing::new(
        ailing,
        |write| !write.applied_sequences.is_empty(),
        u32::MAX,
    );
    let broker = Arc::clone(&world.broker);
    let desk = Desk::start_on(ailing, broker, Handlers::default().policy::<Counted>());
    until("it has begun", async || {
        desk.handlers.ready(&desk.runtime).await.ok()
    })
    .await;
    for counter in ["microdb_dead_letters_total", "microdb_forks_total"] {
        let series = format!("{counter}{{handler=\"counted\"}}");
        assert_eq!(value(&series).await, Some(0.0), "{series}");
    }
    for (book, title) in neighbours(3).into_iter().zip(["a", "b", "c"]) {
        world.library.beat(&*world.broker).await;
        publish(&*world.broker, BOOKS, &[listed(book, 1, title)]).await;
        world.library.beat(&*world.broker).await;
    }
    until("three events wait, and nothing else", async || {
        let lag = value("microdb_consumer_lag{handler=\"counted\"}").await;
        (lag == Some(3.0)).then_some(())
    })
    .await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_follow_the_conventions() {
    let world = World::new().await;
    let handlers = Handlers::default().replica::<BookCopy>();
    let desk = world.desk(handlers.effect(Prints::default())).await;
    let metrics = metrics().await;
    for name in [
        "microdb_replica_age_seconds",
        "microdb_effects_gave_up_total",
    ] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    conventions::follow(&metrics);
    conventions::please_promtool(&metrics);
    desk.stop().await;
}
