//! What the broker refuses for good, and what becomes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::publisher::OWNED;
use crate::relay::{Outcome, start};
use crate::shop::{self, MAX_BYTES, PARTITIONS, Service, TOPIC};
use platform_contract::envelope::{Control, Envelope};
use platform_contract::value::Timestamp;
use platform_ports::broker::Broker;
use platform_ports::engine::{Document, DocumentWrite, Documents, WriteSet};
use platform_runtime::handler::Handlers;
use platform_runtime::handler::dead_letters::{DeadLetter, DeadLetterError, QueueStatus};
use platform_runtime::publisher::{EVENT_LOG_RETENTION, SnapshotPublisher};
use platform_runtime::recovery_request::RecoveryRequester;
use platform_testing::consuming::Reader;
use serde_json::json;
use uuid::Uuid;

/// Waits until an operator is shown one message that stands still.
async fn listed(service: &Service) -> Result<DeadLetter, Box<dyn std::error::Error>> {
    let started = Instant::now();
    loop {
        let handlers = Handlers::default();
        let letters = handlers.dead_letters(&service.runtime, None).await?;
        if let [letter] = &letters[..] {
            return Ok(letter.clone());
        }
        let patient = started.elapsed() < Duration::from_secs(20);
        assert!(patient, "one message: {letters:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn ask(broker: &dyn Broker, request: &Control) -> Outcome {
    let requester = RecoveryRequester {
        system: "shop",
        from: "sales",
        owner: "stock",
        partitions: PARTITIONS,
    };
    let started = Instant::now();
    // The publisher makes the topic when it starts.
    while let Err(error) = requester.publish(broker, request, Timestamp::now()).await {
        assert!(started.elapsed() < Duration::from_secs(20), "{error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

#[tokio::test]
async fn what_the_broker_refuses_is_listed_and_given_up_for_good() -> Outcome {
    let folder = shop::place();
    let broker = shop::broker(folder.path()).await;
    let service = Service::open(folder.path(), Uuid::now_v7(), Arc::clone(&broker)).await;
    let item = Uuid::now_v7();
    service.save(item, 1, "one").await?;
    service.save(item, 2, &"x".repeat(MAX_BYTES)).await?;
    service.save(item, 3, "three").await?;
    let relay = start(&service);
    let letter = listed(&service).await?;
    assert_eq!((letter.handler.as_str(), letter.key), ("outbox", item));
    assert_eq!(letter.sequence, Some(2));
    assert!(letter.failure.is_some_and(|why| why.contains("refuses")));

    // Tried again, it is refused again.
    let (handlers, runtime) = (Handlers::default(), &service.runtime);
    let again = handlers.retry(runtime, "outbox", item).await?;
    assert_eq!(again, QueueStatus::UnderWay);
    listed(&service).await?;
    let discarded = handlers.discard(runtime, "outbox", item).await?;
    assert_eq!(discarded, QueueStatus::UnderWay);
    service.drained().await?;
    let nothing = handlers.discard(runtime, "outbox", item).await;
    assert!(matches!(nothing, Err(DeadLetterError::UnknownHandler(_))));

    // Whoever misses it is told the state instead: sent again, it would be refused again.
    let publisher = SnapshotPublisher::new(Arc::clone(runtime), vec![OWNED], EVENT_LOG_RETENTION);
    let publisher = tokio::spawn(publisher.run());
    let request = Uuid::now_v7();
    let resend = Control::ResendRequest {
        request,
        aggregate_type: "item".to_owned(),
        aggregate: item,
        from: 2,
    };
    ask(&*broker, &resend).await?;
    let mut reader = Reader::join(&*broker, "auditors", &[TOPIC]).await?;
    let told = |came: &[platform_ports::broker::Delivery]| {
        let events = came.iter().filter(|came| !Control::is(&came.wire));
        let events = events.map(|came| Envelope::from_wire(&came.wire).expect("an envelope"));
        events
            .map(|event| (event.sequence, event.is_snapshot()))
            .collect::<Vec<_>>()
    };
    let came = reader.until(|_, came| told(came).len() >= 3).await?;
    assert_eq!(told(&came), [(1, false), (3, false), (3, true)]);
    service.drained().await?;
    service.shutdown.send(true)?;
    relay.await?;
    Ok(publisher.await?)
}

/// Requests that nobody can read take the places of no others.
#[tokio::test]
async fn requests_that_cannot_be_read_are_forgotten() -> Outcome {
    let folder = shop::place();
    let broker = shop::broker(folder.path()).await;
    let service = Service::open(folder.path(), Uuid::now_v7(), Arc::clone(&broker)).await;
    let item = Uuid::now_v7();
    service.save(item, 1, "one").await?;
    let garbage = (0..30).map(|number| DocumentWrite::Put {
        collection: Documents::Cursors,
        expected: 0,
        document: Document {
            key: format!("owner/{}", Uuid::now_v7()),
            group: "owner".to_owned(),
            position: number,
            due: None,
            version: 0,
            body: json!({ "what": "is this" }),
        },
    });
    let documents = garbage.collect();
    let write = WriteSet {
        documents,
        ..WriteSet::default()
    };
    service.engine().commit(write).await?;
    let relay = start(&service);
    let runtime = Arc::clone(&service.runtime);
    let publisher =
        tokio::spawn(SnapshotPublisher::new(runtime, vec![OWNED], EVENT_LOG_RETENTION).run());
    let snapshot = Control::SnapshotRequest {
        request: Uuid::now_v7(),
        aggregate_type: "item".to_owned(),
        aggregate: Some(item),
    };
    ask(&*broker, &snapshot).await?;
    let mut reader = Reader::join(&*broker, "auditors", &[TOPIC]).await?;
    let is_snapshot = |came: &platform_ports::broker::Delivery| {
        Envelope::from_wire(&came.wire).is_ok_and(|event| event.is_snapshot())
    };
    reader.until(|_, came| came.iter().any(is_snapshot)).await?;
    service.shutdown.send(true)?;
    relay.await?;
    Ok(publisher.await?)
}
