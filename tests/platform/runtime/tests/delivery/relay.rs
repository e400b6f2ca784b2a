//! From the outbox to the broker: nothing lost, every key in order, whatever fails in between.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::shop::flaky::{Fate, Flaky, dice};
use crate::shop::{self, MAX_BYTES, Service, TOPIC};
use platform_contract::envelope::{Control, Envelope};
use platform_ports::broker::Publication;
use platform_runtime::relay::{BATCH, HeartbeatTopic, Relay, Shard};
use platform_support::child::Child;
use platform_testing::consuming::Reader;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub type Outcome = Result<(), Box<dyn Error>>;

/// When a replica of what is published would count as stale.
const STALE_AFTER: Duration = Duration::from_secs(1);

pub fn start(service: &Service) -> JoinHandle<()> {
    start_with(service, &[HeartbeatTopic::of(TOPIC, STALE_AFTER)])
}

/// Starts a relay with these heartbeats.
pub fn start_with(service: &Service, beats: &[HeartbeatTopic]) -> JoinHandle<()> {
    tokio::spawn(Relay::new(Arc::clone(&service.runtime), Shard::WHOLE, beats).run())
}

/// Saves versions 1 to `versions` of each item, one version of all after the other.
pub async fn save_all(service: &Service, items: &[Uuid], versions: u64) -> Outcome {
    for version in 1..=versions {
        for item in items {
            service.save(*item, version, "x").await?;
        }
    }
    Ok(())
}

/// Checks that of every item all versions were published, each for the first time in order.
fn assert_in_order(taken: &[Publication], items: &[Uuid], versions: u64) {
    let mut last: BTreeMap<Uuid, u64> = BTreeMap::new();
    for publication in taken {
        if Control::is(&publication.wire) {
            continue;
        }
        let event = Envelope::from_wire(&publication.wire).expect("an envelope");
        let last = last.entry(event.subject).or_default();
        assert!(
            event.sequence <= *last + 1,
            "{} after {last}",
            event.sequence
        );
        *last = event.sequence.max(*last);
    }
    let all: BTreeMap<_, _> = items.iter().map(|item| (*item, versions)).collect();
    assert_eq!(last, all);
}

pub fn items(count: usize) -> Vec<Uuid> {
    (0..count).map(|_| Uuid::now_v7()).collect()
}

/// Not a test of its own: a service whose relay works until it is killed.
#[tokio::test]
async fn child_process() -> Outcome {
    let Some((_, folder)) = platform_support::child::role() else {
        return Ok(());
    };
    let service = Service::open(&folder, Uuid::now_v7(), shop::broker(&folder).await).await;
    start(&service).await?;
    Ok(())
}

#[tokio::test]
async fn a_broker_on_a_bad_day_loses_nothing_and_keeps_order() -> Outcome {
    let folder = shop::place();
    let roll = dice(1);
    let broker = Flaky::new(shop::broker(folder.path()).await, move |_| match roll(10) {
        0 | 1 => Fate::Lost,
        2 => Fate::Unsaid,
        _ => Fate::Good,
    });
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let relay = start(&service);
    let items = items(20);
    save_all(&service, &items, 10).await?;
    service.drained().await?;
    assert_in_order(&broker.taken(), &items, 10);
    service.shutdown.send(true)?;
    Ok(relay.await?)
}

#[tokio::test]
async fn a_full_outbox_is_carried_in_order_on_a_bad_day() -> Outcome {
    let folder = shop::place();
    let roll = dice(3);
    let broker = Flaky::new(shop::broker(folder.path()).await, move |_| {
        match roll(300) {
            0 => Fate::Lost,
            1 => Fate::Unsaid,
            _ => Fate::Good,
        }
    });
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let items = items(7);
    let versions = BATCH as u64 / 2;
    for item in &items {
        service.save_versions(*item, 1..=versions).await?;
    }
    let relay = start(&service);
    service.drained().await?;
    assert_in_order(&broker.taken(), &items, versions);
    service.shutdown.send(true)?;
    Ok(relay.await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_at_once_keep_the_order_of_every_key() -> Outcome {
    let folder = shop::place();
    let roll = dice(2);
    let broker = Flaky::new(shop::broker(folder.path()).await, move |_| match roll(8) {
        0 => Fate::Lost,
        1 => Fate::Unsaid,
        _ => Fate::Good,
    });
    // Under one name both get the lease: as if one had stood still beyond it.
    let instance = Uuid::now_v7();
    let one = Service::open(folder.path(), instance, broker.clone()).await;
    let other = Service::open(folder.path(), instance, broker.clone()).await;
    let relays = [start(&one), start(&other)];
    let items = items(10);
    for version in 1..=20 {
        for item in &items {
            one.save(*item, version, "x").await?;
            other.runtime.outbox_wake_up.send();
        }
    }
    one.drained().await?;
    assert_in_order(&broker.taken(), &items, 20);
    one.shutdown.send(true)?;
    other.shutdown.send(true)?;
    for relay in relays {
        relay.await?;
    }
    Ok(())
}

/// Kills a relay at a fail point, lets another one finish, and gives the times each event was published.
async fn killed_at(point: &str) -> Result<HashMap<Uuid, usize>, Box<dyn Error>> {
    let folder = shop::place();
    let broker = shop::broker(folder.path()).await;
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let items = items(5);
    save_all(&service, &items, 3).await?;
    let mut child = Child::start_with("relay::child_process", "relay", folder.path(), Some(point));
    assert_eq!(child.line(), format!("held at {point}"));
    child.signal("KILL");
    let relay = start(&service);
    service.drained().await?;
    let mut reader = Reader::join(broker.as_ref(), "auditors", &[TOPIC]).await?;
    let is_event =
        |publication: &&platform_ports::broker::Delivery| !Control::is(&publication.wire);
    let events: HashSet<_> = service
        .engine()
        .event_log("item", None, 100)
        .await?
        .into_iter()
        .map(|event| event.id.to_string())
        .collect();
    let came = reader
        .until(|_, came| {
            let ids = came
                .iter()
                .filter(is_event)
                .map(|came| came.wire.headers.get("ce_id").unwrap().to_owned());
            ids.collect::<HashSet<_>>() == events
        })
        .await?;
    let mut times = HashMap::new();
    for delivery in came.iter().filter(is_event) {
        *times
            .entry(Envelope::from_wire(&delivery.wire)?.id)
            .or_default() += 1;
    }
    service.shutdown.send(true)?;
    relay.await?;
    Ok(times)
}

#[tokio::test]
async fn a_kill_before_publishing_loses_nothing() -> Outcome {
    let times = killed_at("relay.before-publish").await?;
    assert_eq!(times.len(), 15);
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    Ok(())
}

#[tokio::test]
async fn a_kill_before_acknowledging_duplicates_and_loses_nothing() -> Outcome {
    let times = killed_at("relay.before-acknowledge").await?;
    assert_eq!(times.len(), 15);
    assert!(times.values().any(|times| *times == 2), "{times:?}");
    Ok(())
}

#[tokio::test]
async fn a_refused_message_blocks_its_own_key_only() -> Outcome {
    let folder = shop::place();
    let broker = Flaky::new(shop::broker(folder.path()).await, |_| Fate::Good);
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let (blocked, free) = (Uuid::now_v7(), items(5));
    service.save(blocked, 1, &"x".repeat(MAX_BYTES)).await?;
    service.save(blocked, 2, "x").await?;
    let relay = start(&service);
    save_all(&service, &free, 3).await?;
    let events = || {
        let taken = broker.taken().into_iter();
        taken
            .filter(|message| !Control::is(&message.wire))
            .collect::<Vec<_>>()
    };
    until(|| events().len() == 15).await;
    let mut left = service.engine().outbox(0, 10).await?;
    while left.len() > 2 {
        left = service.engine().outbox(0, 10).await?;
    }
    assert_eq!(left[0].event.aggregate_id, blocked);
    assert!(
        left[0]
            .refused
            .as_ref()
            .is_some_and(|why| why.contains("bytes"))
    );
    assert_eq!(left[1].refused, None);
    assert_in_order(&broker.taken(), &free, 3);
    // An operator gives it up.
    service.engine().acknowledge(&[left[0].event.id]).await?;
    service.drained().await?;
    assert_eq!(events().len(), 16);
    service.shutdown.send(true)?;
    Ok(relay.await?)
}

#[tokio::test]
async fn more_refused_messages_than_a_batch_do_not_hide_the_others() -> Outcome {
    let folder = shop::place();
    let broker = shop::broker(folder.path()).await;
    let service = Service::open(folder.path(), Uuid::now_v7(), broker).await;
    let blocked = Uuid::now_v7();
    service.save(blocked, 1, &"x".repeat(MAX_BYTES)).await?;
    let batch = BATCH as u64;
    service.save_versions(blocked, 2..=batch + 100).await?;
    service.save(Uuid::now_v7(), 1, "x").await?;
    let relay = start(&service);
    let started = Instant::now();
    while service.engine().outbox_depth().await?.rows > batch + 100 {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    service.shutdown.send(true)?;
    Ok(relay.await?)
}

/// Waits until a relay has given its shard back, as it does when nothing comes any more.
async fn at_rest(service: &Service) -> Outcome {
    let started = Instant::now();
    let nobody = Uuid::now_v7();
    while !service.engine().lease("relay/0", nobody, 0).await? {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it has no rest"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test]
async fn what_nobody_rang_for_is_published_all_the_same() -> Outcome {
    let folder = shop::place();
    let broker = shop::broker(folder.path()).await;
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let relay = start(&service);
    service.save(Uuid::now_v7(), 1, "x").await?;
    service.drained().await?;
    at_rest(&service).await?;
    // Its wake-up does not come in the other process.
    let died = Service::open(folder.path(), Uuid::now_v7(), broker).await;
    died.save(Uuid::now_v7(), 1, "x").await?;
    service.drained().await?;
    service.shutdown.send(true)?;
    Ok(relay.await?)
}

#[tokio::test]
async fn whoever_commits_takes_the_shard_of_one_that_is_at_rest() -> Outcome {
    let folder = shop::place();
    let broker = Flaky::new(shop::broker(folder.path()).await, |_| Fate::Good);
    let one = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let other = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let relays = [start(&one), start(&other)];
    let items = items(2);
    one.save(items[0], 1, "x").await?;
    one.drained().await?;
    at_rest(&one).await?;
    other.save(items[1], 1, "x").await?;
    other.drained().await?;
    assert_in_order(&broker.taken(), &items, 1);
    for service in [one, other] {
        service.shutdown.send(true)?;
    }
    for relay in relays {
        relay.await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_waits_at_shutdown_is_published_first() -> Outcome {
    let folder = shop::place();
    let broker = shop::broker(folder.path()).await;
    let service = Service::open(folder.path(), Uuid::now_v7(), broker).await;
    let relay = start(&service);
    // Whoever has the lease drains.
    service.save(Uuid::now_v7(), 1, "x").await?;
    service.drained().await?;
    save_all(&service, &items(50), 1).await?;
    service.shutdown.send(true)?;
    relay.await?;
    assert_eq!(service.engine().outbox_depth().await?.rows, 0);
    let next = Uuid::now_v7();
    assert!(
        service.engine().lease("relay/0", next, 1_000).await?,
        "the shard is free at once"
    );
    Ok(())
}

pub async fn until(done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "waited in vain"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
