//! The owner of the books: what it tells, and how it answers requests. Its topic is in the order in
//! which it told things, as that of an outbox is.

use std::collections::BTreeMap;
use std::sync::Arc;

use platform_contract::Event;
use platform_contract::envelope::{Change, Control, Envelope, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::broker::{Broker, Polled, Publication, PublishOutcome};
use platform_runtime::recovery_request::{commands_topic, replay_topic};
use platform_testing::consuming::Reader;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::domain::{BOOKS, BookLent, BookListed, BookReturned};
use super::world::PARTITIONS;

/// What the library remembers of its books.
#[derive(Default)]
pub struct Library {
    log: Mutex<BTreeMap<Uuid, Vec<Envelope>>>,
    /// Requests as they came.
    pub asked: Mutex<Vec<Control>>,
}

/// The event of a book with this sequence.
pub fn event(book: Uuid, sequence: u64, kind: &str, data: Value) -> Envelope {
    Envelope {
        id: Uuid::new_v5(&book, &sequence.to_be_bytes()),
        kind: kind.to_owned(),
        version: 1,
        source: "/example/library".to_owned(),
        subject: book,
        sequence,
        change: Change::Saved,
        last_event: None,
        time: Timestamp::now(),
        correlation: Uuid::now_v7().into(),
        causation: Uuid::now_v7(),
        traceparent: None,
        data,
    }
}

pub fn listed(book: Uuid, sequence: u64, title: &str) -> Envelope {
    event(book, sequence, BookListed::TYPE, json!({ "title": title }))
}

pub fn lent(book: Uuid, sequence: u64, note: &str, cards: &[Uuid]) -> Envelope {
    let data = json!({ "note": note, "cards": cards });
    event(book, sequence, BookLent::TYPE, data)
}

pub fn returned(book: Uuid, sequence: u64, note: &str) -> Envelope {
    event(book, sequence, BookReturned::TYPE, json!({ "note": note }))
}

pub fn lost(book: Uuid, sequence: u64) -> Envelope {
    Envelope {
        change: Change::Deleted,
        ..event(book, sequence, "example.library.BookLost", json!({}))
    }
}

fn publication(
    topic: &str,
    partition: u32,
    key: String,
    wire: platform_contract::envelope::Wire,
) -> Publication {
    Publication {
        topic: topic.to_owned(),
        partition,
        key,
        wire,
    }
}

/// Publishes messages as they are.
pub async fn publish(broker: &dyn Broker, topic: &str, envelopes: &[Envelope]) {
    let messages: Vec<_> = envelopes
        .iter()
        .map(|envelope| {
            let partition = partition_of(envelope.subject, PARTITIONS);
            publication(
                topic,
                partition,
                envelope.subject.to_string(),
                envelope.to_wire(),
            )
        })
        .collect();
    let outcomes = broker.publish(&messages).await.expect("published");
    assert!(
        outcomes
            .iter()
            .all(|one| *one == PublishOutcome::Acknowledged)
    );
}

/// Publishes a control message into every partition.
pub async fn publish_control(broker: &dyn Broker, topic: &str, control: &Control) {
    let messages: Vec<_> = (0..PARTITIONS)
        .map(|partition| {
            let wire = control.to_wire(Uuid::now_v7(), "/example/library", Timestamp::now());
            publication(topic, partition, String::new(), wire)
        })
        .collect();
    broker.publish(&messages).await.expect("published");
}

impl Library {
    /// Remembers events without telling them.
    pub async fn remember(&self, events: &[Envelope]) {
        let mut log = self.log.lock().await;
        for event in events {
            log.entry(event.subject).or_default().push(event.clone());
        }
    }

    /// Remembers events and tells them.
    pub async fn tell(&self, broker: &dyn Broker, events: &[Envelope]) {
        let mut log = self.log.lock().await;
        for event in events {
            log.entry(event.subject).or_default().push(event.clone());
        }
        publish(broker, BOOKS, events).await;
    }

    /// Says that everything up to now has been told.
    pub async fn beat(&self, broker: &dyn Broker) {
        let _log = self.log.lock().await;
        let as_of = Timestamp::now();
        publish_control(broker, BOOKS, &Control::Heartbeat { as_of }).await;
    }

    /// Answers requests until it is dropped.
    pub async fn answer(self: Arc<Self>, broker: Arc<dyn Broker>) {
        let commands = commands_topic("example", "library");
        let mut reader = Reader::join(&*broker, "library", &[&commands])
            .await
            .expect("joined");
        loop {
            let polled = reader.poll(|assignment| assignment.start).await;
            let Ok(Polled::Messages(messages)) = polled else {
                continue;
            };
            for message in messages {
                let control = Control::from_wire(&message.wire).expect("a request");
                self.answer_one(&*broker, control).await;
            }
        }
    }

    async fn answer_one(&self, broker: &dyn Broker, control: Control) {
        let mut asked = self.asked.lock().await;
        let before = asked.iter().any(|one| one.request() == control.request());
        asked.push(control.clone());
        drop(asked);
        if before {
            return;
        }
        let log = self.log.lock().await;
        match control {
            Control::SnapshotRequest {
                request,
                aggregate: None,
                aggregate_type,
            } => {
                let all: Vec<_> = log.values().map(|events| snapshot(events)).collect();
                publish(broker, BOOKS, &all).await;
                let complete = Control::SnapshotComplete {
                    request,
                    aggregate_type,
                };
                publish_control(broker, BOOKS, &complete).await;
            }
            Control::SnapshotRequest {
                aggregate: Some(book),
                ..
            } => {
                let known: Vec<_> = log
                    .get(&book)
                    .map(|events| snapshot(events))
                    .into_iter()
                    .collect();
                publish(broker, BOOKS, &known).await;
            }
            Control::ResendRequest {
                request,
                aggregate,
                from,
                ..
            } => {
                let events = log.get(&aggregate).map_or(&[][..], Vec::as_slice);
                let mut missed: Vec<_> = events.to_vec();
                missed.retain(|one| one.sequence >= from);
                // What it does not remember any more it makes up for by a state.
                if missed.first().is_some_and(|first| first.sequence > from) {
                    missed = vec![Envelope {
                        causation: request,
                        ..snapshot(events)
                    }];
                }
                publish(broker, BOOKS, &missed).await;
            }
            Control::ReplayRequest { request, .. } => {
                let topic = replay_topic(BOOKS, request);
                let all: Vec<_> = log.values().flatten().cloned().collect();
                publish(broker, &topic, &all).await;
                publish_control(broker, &topic, &Control::ReplayComplete { request }).await;
            }
            other => panic!("the library is asked {other:?}"),
        }
    }
}

/// What the events of a book come to.
pub fn snapshot(events: &[Envelope]) -> Envelope {
    let last = events.last().expect("an event");
    let titles = events.iter().rev().filter_map(|one| one.data.get("title"));
    let deleted = last.change == Change::Deleted;
    let title = titles.clone().next().cloned().unwrap_or_default();
    Envelope {
        id: Uuid::now_v7(),
        change: if deleted {
            Change::Deleted
        } else {
            Change::Snapshot
        },
        last_event: Some(last.id),
        ..event(
            last.subject,
            last.sequence,
            "example.library.BookSnapshot",
            json!({ "title": title }),
        )
    }
}
