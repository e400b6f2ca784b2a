//! What a snapshot publisher answers to the recovery requests of others.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::sync::Arc;

use crate::shop::{self, ITEM, PARTITIONS, Service, TOPIC};
use platform_contract::envelope::{Change, Control, Envelope};
use platform_contract::value::Timestamp;
use platform_ports::broker::{Broker, Delivery};
use platform_runtime::publisher::{EVENT_LOG_RETENTION, PublishedAggregate, SnapshotPublisher};
use platform_runtime::recovery_request::{RecoveryRequester, replay_topic};
use platform_runtime::relay::{Relay, Shard};
use platform_support::place::Place;
use platform_testing::consuming::Reader;
use serde_json::json;
use tokio::task::JoinHandle;
use uuid::Uuid;

type Outcome = Result<(), Box<dyn Error>>;

pub const OWNED: PublishedAggregate = PublishedAggregate {
    schema: &ITEM,
    name: "item",
    topic: TOPIC,
    published: &["name"],
    is_personal: || false,
    emptied: |_| None,
    has_status: true,
    stale_after: None,
};

/// A service that owns items, with its relay.
struct Shop {
    service: Service,
    broker: Arc<dyn Broker>,
    relay: JoinHandle<()>,
    _folder: Place,
}

impl Shop {
    async fn open() -> Result<Self, Box<dyn Error>> {
        let folder = shop::place();
        let broker = shop::broker(folder.path()).await;
        let service = Service::open(folder.path(), Uuid::now_v7(), broker.clone()).await;
        let relay = Relay::new(Arc::clone(&service.runtime), Shard::WHOLE, &[]);
        Ok(Self {
            service,
            broker,
            relay: tokio::spawn(relay.run()),
            _folder: folder,
        })
    }

    fn publisher(&self) -> JoinHandle<()> {
        let runtime = Arc::clone(&self.service.runtime);
        tokio::spawn(SnapshotPublisher::new(runtime, vec![OWNED], EVENT_LOG_RETENTION).run())
    }

    async fn ask(&self, request: &Control) -> Outcome {
        let requester = RecoveryRequester {
            system: "shop",
            from: "sales",
            owner: "stock",
            partitions: PARTITIONS,
        };
        // The publisher makes the topic when it starts.
        for _ in 0..1_000 {
            let asked = requester
                .publish(self.broker.as_ref(), request, Timestamp::now())
                .await;
            if asked.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Err("the request was not taken".into())
    }

    /// Reads a topic until every partition has had the marker.
    async fn until_marked(
        &self,
        topic: &str,
        marker: &Control,
    ) -> Result<Vec<Delivery>, Box<dyn Error>> {
        let group = Uuid::now_v7().to_string();
        let mut reader = Reader::join(self.broker.as_ref(), &group, &[topic]).await?;
        let marked = |came: &[Delivery]| {
            let markers = came.iter().filter(|came| is(came, marker));
            markers
                .map(|came| came.partition)
                .collect::<HashSet<_>>()
                .len()
        };
        let all = PARTITIONS as usize;
        Ok(reader.until(|_, came| marked(came) == all).await?)
    }

    async fn close(self) -> Outcome {
        self.service.shutdown.send(true)?;
        Ok(self.relay.await?)
    }
}

fn is(delivery: &Delivery, control: &Control) -> bool {
    Control::from_wire(&delivery.wire).is_ok_and(|found| found == *control)
}

fn envelopes(deliveries: &[Delivery]) -> Vec<Envelope> {
    let events = deliveries.iter().filter(|came| !Control::is(&came.wire));
    events
        .map(|came| Envelope::from_wire(&came.wire).expect("an envelope"))
        .collect()
}

fn all_of(aggregate_type: &str) -> (Control, Control) {
    let request = Uuid::now_v7();
    let aggregate_type = aggregate_type.to_owned();
    let asked = Control::SnapshotRequest {
        request,
        aggregate_type: aggregate_type.clone(),
        aggregate: None,
    };
    let marker = Control::SnapshotComplete {
        request,
        aggregate_type,
    };
    (asked, marker)
}

#[tokio::test]
async fn snapshots_of_all_come_with_a_marker_after_them() -> Outcome {
    let shop = Shop::open().await?;
    let items: Vec<_> = (0..230).map(|_| Uuid::now_v7()).collect();
    for item in &items {
        shop.service.save(*item, 1, "first").await?;
    }
    let (gone, changed) = (items[3], items[4]);
    shop.service.delete(gone, 2).await?;
    shop.service.save(changed, 2, "second").await?;
    let publisher = shop.publisher();
    let (asked, marker) = all_of("item");
    shop.ask(&asked).await?;
    // Asked again, it is not done again.
    shop.ask(&asked).await?;
    let came = shop.until_marked(TOPIC, &marker).await?;

    for partition in 0..PARTITIONS {
        let of_partition = came.iter().filter(|came| came.partition == partition);
        let after = of_partition.skip_while(|came| !is(came, &marker)).skip(1);
        assert_eq!(
            after.count(),
            0,
            "nothing comes after the marker, not another one either"
        );
    }
    let mut snapshots = BTreeMap::new();
    for envelope in envelopes(&came).into_iter().filter(Envelope::is_snapshot) {
        assert_eq!(envelope.kind, "shop.stock.ItemSnapshot");
        let before = snapshots.insert(envelope.subject, envelope);
        assert!(before.is_none(), "one snapshot of each");
    }
    assert_eq!(
        snapshots.keys().copied().collect::<HashSet<_>>(),
        items.into_iter().collect()
    );
    let snapshot = &snapshots[&changed];
    assert_eq!(snapshot.change, Change::Snapshot);
    assert_eq!(snapshot.sequence, 2);
    assert_eq!(snapshot.data, json!({"name": "second", "status": "new"}));
    assert_eq!(
        snapshot.last_event,
        Some(Uuid::new_v5(&changed, &2_u64.to_be_bytes()))
    );
    assert_eq!(snapshots[&gone].change, Change::Deleted);
    assert_eq!(snapshots[&gone].sequence, 2);

    shop.close().await?;
    Ok(publisher.await?)
}

#[tokio::test]
async fn snapshots_take_their_place_among_the_events() -> Outcome {
    let shop = Shop::open().await?;
    let items: Vec<_> = (0..60).map(|_| Uuid::now_v7()).collect();
    for item in &items {
        shop.service.save(*item, 1, "x").await?;
    }
    let publisher = shop.publisher();
    let (asked, marker) = all_of("item");
    shop.ask(&asked).await?;
    for version in 2..=10 {
        for item in &items {
            shop.service.save(*item, version, "x").await?;
        }
    }
    let came = shop.until_marked(TOPIC, &marker).await?;
    let mut last: BTreeMap<Uuid, u64> = BTreeMap::new();
    let mut snapshots = 0;
    for envelope in envelopes(&came) {
        let last = last.entry(envelope.subject).or_default();
        let expected = if envelope.is_snapshot() {
            *last
        } else {
            *last + 1
        };
        assert_eq!(envelope.sequence, expected);
        *last = envelope.sequence;
        snapshots += usize::from(envelope.is_snapshot());
    }
    assert_eq!(snapshots, items.len());
    shop.close().await?;
    Ok(publisher.await?)
}

#[tokio::test]
async fn a_request_goes_on_after_a_crash() -> Outcome {
    let shop = Shop::open().await?;
    let items: Vec<_> = (0..500).map(|_| Uuid::now_v7()).collect();
    for item in &items {
        shop.service.save(*item, 1, "x").await?;
    }
    shop.service.drained().await?;
    let (asked, marker) = all_of("item");
    let publisher = shop.publisher();
    shop.ask(&asked).await?;
    while shop.service.engine().outbox_depth().await?.rows == 0 {
        tokio::task::yield_now().await;
    }
    publisher.abort();
    assert!(publisher.await.is_err(), "it was still at it");
    let publisher = shop.publisher();
    let came = shop.until_marked(TOPIC, &marker).await?;
    let snapshots = envelopes(&came).into_iter().filter(Envelope::is_snapshot);
    let subjects: Vec<_> = snapshots.map(|snapshot| snapshot.subject).collect();
    assert_eq!(subjects.len(), items.len(), "each page once");
    assert_eq!(
        subjects.into_iter().collect::<HashSet<_>>(),
        items.into_iter().collect()
    );
    shop.close().await?;
    Ok(publisher.await?)
}

/// Asks for the events of an item from a sequence on; gives what came of it.
async fn resent(
    shop: &Shop,
    item: Uuid,
    from: u64,
    count: usize,
) -> Result<Vec<Envelope>, Box<dyn Error>> {
    shop.service.drained().await?;
    let mut reader =
        Reader::join(shop.broker.as_ref(), &Uuid::now_v7().to_string(), &[TOPIC]).await?;
    let before = reader.until(|_, came| came.len() >= 5).await?.len();
    assert_eq!(before, 5);
    shop.ask(&Control::ResendRequest {
        request: Uuid::now_v7(),
        aggregate_type: "item".to_owned(),
        aggregate: item,
        from,
    })
    .await?;
    let came = reader.until(|_, came| came.len() >= count).await?;
    Ok(envelopes(&came))
}

#[tokio::test]
async fn events_are_sent_once_more_as_they_were() -> Outcome {
    let shop = Shop::open().await?;
    let item = Uuid::now_v7();
    for version in 1..=5 {
        shop.service.save(item, version, "x").await?;
    }
    let publisher = shop.publisher();
    let came = resent(&shop, item, 3, 3).await?;
    let ids: Vec<_> = came.iter().map(|event| event.id).collect();
    let expected = [3_u64, 4, 5].map(|version| Uuid::new_v5(&item, &version.to_be_bytes()));
    assert_eq!(ids, expected);
    assert!(came.iter().all(|event| event.change == Change::Saved));
    assert_eq!(
        shop.service
            .engine()
            .event_log("item", None, 10)
            .await?
            .len(),
        5
    );
    shop.close().await?;
    Ok(publisher.await?)
}

#[tokio::test]
async fn events_that_are_no_longer_in_the_log_are_made_up_for_by_a_snapshot() -> Outcome {
    let shop = Shop::open().await?;
    let item = Uuid::now_v7();
    for version in 1..=5 {
        shop.service.save(item, version, "x").await?;
    }
    shop.service
        .engine()
        .trim_event_log(Timestamp::now().plus_millis(1_000))
        .await?;
    let publisher = shop.publisher();
    let came = resent(&shop, item, 3, 1).await?;
    assert!(came[0].is_snapshot());
    assert_eq!((came[0].sequence, came[0].last_event), (5, None));
    shop.close().await?;
    Ok(publisher.await?)
}

#[tokio::test]
async fn a_replay_brings_the_whole_log_in_order_and_a_marker() -> Outcome {
    let shop = Shop::open().await?;
    let items: Vec<_> = (0..70).map(|_| Uuid::now_v7()).collect();
    for version in 1..=4 {
        for item in &items {
            shop.service.save(*item, version, "x").await?;
        }
    }
    let publisher = shop.publisher();
    let request = Uuid::now_v7();
    shop.ask(&Control::ReplayRequest {
        request,
        aggregate_type: "item".to_owned(),
    })
    .await?;
    let topic = replay_topic(TOPIC, request);
    while shop.broker.partitions(&topic).await?.is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let came = shop
        .until_marked(&topic, &Control::ReplayComplete { request })
        .await?;
    let mut last: BTreeMap<Uuid, u64> = BTreeMap::new();
    for event in envelopes(&came) {
        let last = last.entry(event.subject).or_default();
        assert_eq!(event.sequence, *last + 1);
        *last = event.sequence;
    }
    assert_eq!(last, items.into_iter().map(|item| (item, 4)).collect());
    shop.close().await?;
    Ok(publisher.await?)
}

#[tokio::test]
async fn what_is_not_owned_here_holds_nobody_up() -> Outcome {
    let shop = Shop::open().await?;
    shop.service.save(Uuid::now_v7(), 1, "x").await?;
    let publisher = shop.publisher();
    shop.ask(&all_of("unicorn").0).await?;
    let (asked, marker) = all_of("item");
    shop.ask(&asked).await?;
    let came = shop.until_marked(TOPIC, &marker).await?;
    assert_eq!(envelopes(&came).len(), 2);
    shop.close().await?;
    Ok(publisher.await?)
}
