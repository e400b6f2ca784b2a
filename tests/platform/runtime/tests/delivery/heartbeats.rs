//! What partitions are said to be complete up to.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::relay::{Outcome, items, start, start_with, until};
use crate::shop::flaky::{Fate, Flaky, dice};
use crate::shop::{self, PARTITIONS, Service, TOPIC};
use platform_contract::envelope::{Control, Envelope, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::broker::Publication;
use platform_runtime::relay::{BATCH, HeartbeatTopic};
use uuid::Uuid;

/// When events were committed, by item and version.
type Committed = HashMap<(Uuid, u64), Timestamp>;

/// Checks that no event was promised to be there before it was published; how many events came
/// after a promise.
fn judge(taken: &[Publication], committed: &Committed) -> Result<usize, Box<dyn Error>> {
    let mut fresh: HashMap<u32, Timestamp> = HashMap::new();
    let mut seen = HashSet::new();
    let mut judged = 0;
    for publication in taken {
        if let Ok(Control::Heartbeat { as_of }) = Control::from_wire(&publication.wire) {
            fresh.insert(publication.partition, as_of);
            continue;
        }
        let event = Envelope::from_wire(&publication.wire)?;
        let key = (event.subject, event.sequence);
        if seen.insert(key)
            && let Some(as_of) = fresh.get(&publication.partition)
        {
            judged += 1;
            assert!(
                committed[&key] >= *as_of,
                "{key:?} was promised to be there at {as_of}"
            );
        }
    }
    Ok(judged)
}

#[tokio::test]
async fn a_heartbeat_is_never_newer_than_an_event_that_is_still_to_come() -> Outcome {
    let folder = shop::place();
    let roll = dice(3);
    let broker = Flaky::new(shop::broker(folder.path()).await, move |message| {
        let bad = !Control::is(&message.wire) && roll(8) == 0;
        if bad { Fate::Lost } else { Fate::Good }
    });
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let relay = start(&service);
    let items = items(4);
    let mut committed: HashMap<(Uuid, u64), Timestamp> = HashMap::new();
    let started = Instant::now();
    let mut version = 0;
    while started.elapsed() < Duration::from_secs(3) {
        version += 1;
        for item in &items {
            service.save(*item, version, "x").await?;
            committed.insert((*item, version), Timestamp::now());
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    service.drained().await?;
    service.shutdown.send(true)?;
    relay.await?;

    let judged = judge(&broker.taken(), &committed)?;
    assert!(judged > 50, "only {judged} events came after a heartbeat");
    Ok(())
}

#[tokio::test]
async fn a_partition_with_an_undelivered_event_does_not_look_fresh() -> Outcome {
    let folder = shop::place();
    let healed = Arc::new(AtomicBool::new(false));
    let well = Arc::clone(&healed);
    let broker = Flaky::new(shop::broker(folder.path()).await, move |message| {
        let bad = !Control::is(&message.wire) && !well.load(Ordering::Relaxed);
        if bad { Fate::Lost } else { Fate::Good }
    });
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let item = Uuid::now_v7();
    service.save(item, 1, "x").await?;
    let committed = Timestamp::now();
    let relay = start(&service);
    let fresh = || -> HashSet<u32> {
        let taken = broker.taken().into_iter();
        let beats = taken.filter(|message| {
            matches!(Control::from_wire(&message.wire),
                Ok(Control::Heartbeat { as_of }) if as_of >= committed)
        });
        beats.map(|message| message.partition).collect()
    };
    until(|| fresh().len() == PARTITIONS as usize - 1).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert!(!fresh().contains(&partition_of(item, PARTITIONS)));
    healed.store(true, Ordering::Relaxed);
    until(|| fresh().len() == PARTITIONS as usize).await;
    service.shutdown.send(true)?;
    Ok(relay.await?)
}

/// The partitions of the heartbeats among these.
fn beaten(taken: &[Publication]) -> Vec<u32> {
    let beats = taken
        .iter()
        .filter(|message| Control::is_heartbeat(&message.wire));
    beats.map(|message| message.partition).collect()
}

#[tokio::test]
async fn nobody_is_told_who_does_not_ask() -> Outcome {
    let folder = shop::place();
    let broker = Flaky::new(shop::broker(folder.path()).await, |_| Fate::Good);
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let relay = start_with(&service, &[]);
    service.save(Uuid::now_v7(), 1, "x").await?;
    service.drained().await?;
    service.shutdown.send(true)?;
    relay.await?;
    assert_eq!(broker.taken().len(), 1, "heartbeats that nobody reads");
    Ok(())
}

#[tokio::test]
async fn a_heartbeat_follows_an_answer_at_once() -> Outcome {
    let folder = shop::place();
    let broker = Flaky::new(shop::broker(folder.path()).await, |_| Fate::Good);
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    // The next round comes long after the test.
    let seldom = HeartbeatTopic::of(TOPIC, Duration::from_secs(24 * 60 * 60));
    let relay = start_with(&service, &[seldom]);
    until(|| beaten(&broker.taken()).len() == PARTITIONS as usize).await;
    let partition = 1;
    service.answer(partition).await?;
    until(|| beaten(&broker.taken()).len() > PARTITIONS as usize).await;
    let taken = broker.taken();
    assert_eq!(beaten(&taken)[PARTITIONS as usize..], [partition]);
    let [.., answer, beat] = &taken[..] else {
        panic!("an answer and a heartbeat: {taken:?}");
    };
    assert!(Control::is(&answer.wire) && !Control::is_heartbeat(&answer.wire));
    assert!(Control::is_heartbeat(&beat.wire));
    service.shutdown.send(true)?;
    Ok(relay.await?)
}

/// Items in different partitions.
fn apart() -> [Uuid; 2] {
    let one = Uuid::now_v7();
    let elsewhere =
        |other: &Uuid| partition_of(*other, PARTITIONS) != partition_of(one, PARTITIONS);
    let other = std::iter::repeat_with(Uuid::now_v7).find(elsewhere);
    [one, other.unwrap_or_default()]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_while_the_relay_publishes_is_not_promised() -> Outcome {
    let folder = shop::place();
    let [first, meanwhile] = apart();
    let ((publishing, at), (go, goes)) = (channel(), channel());
    let waits = Mutex::new(Some((publishing, goes)));
    let broker = Flaky::new(shop::broker(folder.path()).await, move |_| {
        // The first message waits for what is committed meanwhile.
        if let Some((publishing, goes)) = waits.lock().expect("no panic").take() {
            publishing.send(()).expect("somebody waits");
            let go = tokio::task::block_in_place(|| goes.recv());
            go.expect("somebody lets it go");
        }
        Fate::Good
    });
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    service.save(first, 1, "x").await?;
    let relay = start(&service);
    tokio::task::spawn_blocking(move || at.recv()).await??;
    service.save(meanwhile, 1, "x").await?;
    let committed = HashMap::from([((meanwhile, 1), Timestamp::now())]);
    go.send(())?;
    service.drained().await?;
    service.shutdown.send(true)?;
    relay.await?;
    let mut taken = broker.taken();
    taken.retain(|message| message.key != first.to_string());
    assert_eq!(
        judge(&taken, &committed)?,
        1,
        "a heartbeat came before the event"
    );
    Ok(())
}

#[tokio::test]
async fn what_waits_beyond_a_batch_is_not_promised() -> Outcome {
    let folder = shop::place();
    let broker = Flaky::new(shop::broker(folder.path()).await, |_| Fate::Good);
    let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
    let [many, last] = apart();
    service.save_versions(many, 1..=BATCH as u64 + 100).await?;
    service.save(last, 1, "x").await?;
    let committed = Timestamp::now();
    let relay = start(&service);
    service.drained().await?;
    service.shutdown.send(true)?;
    relay.await?;
    let partition = partition_of(last, PARTITIONS);
    let taken = broker.taken();
    let at = taken
        .iter()
        .position(|message| message.key == last.to_string());
    let promised = taken[..at.expect("published")].iter().any(|message| {
        matches!(Control::from_wire(&message.wire),
            Ok(Control::Heartbeat { as_of }) if message.partition == partition && as_of >= committed)
    });
    assert!(!promised);
    Ok(())
}
