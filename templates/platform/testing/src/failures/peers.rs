//! The owners of other contexts, as far as the service can tell: they publish, and answer what they
//! are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::examples::Part;
use super::{Step, Subject};
use crate::consuming::Reader;
use platform_contract::envelope::{Change, Control, Envelope, SNAPSHOT_SUFFIX, Wire, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::broker::{Broker, BrokerError, Delivery, Publication, PublishOutcome, Topic};
use platform_runtime::recovery_request::commands_topic;

/// The owners of other contexts.
#[derive(Clone)]
pub(super) struct Peers {
    subject: Arc<Subject>,
    broker: Arc<dyn Broker>,
    /// What has happened to their aggregates, with the topics it is told in. Held while publishing.
    happened: Arc<Mutex<BTreeMap<Uuid, Happened>>>,
    /// What has been told of it.
    told: Arc<std::sync::Mutex<BTreeSet<Part>>>,
}

/// A message, and the topic it is for.
pub(super) type Message = (String, Envelope);

/// What has happened to an aggregate.
#[derive(Clone)]
pub(super) struct Happened {
    pub context: String,
    pub aggregate: String,
    pub topic: String,
    pub events: Vec<Envelope>,
}

impl Peers {
    /// The owners, to whom nothing has happened yet.
    pub fn new(subject: &Arc<Subject>, broker: &Arc<dyn Broker>) -> Self {
        Self {
            subject: Arc::clone(subject),
            broker: Arc::clone(broker),
            happened: Arc::default(),
            told: Arc::default(),
        }
    }

    /// Makes their topics, and answers what they are asked for as long as the runtime lives.
    pub async fn answer(&self) -> Step {
        self.ensure_topics().await?;
        let topics = self.asked_in();
        if topics.is_empty() {
            return Ok(());
        }
        let peers = self.clone();
        tokio::spawn(async move {
            let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
            let joined = Reader::join(peers.broker.as_ref(), "the owners", &topics).await;
            let mut reader = match joined {
                Ok(reader) => reader,
                Err(error) => panic!("the owners cannot hear: {error}"),
            };
            loop {
                // What cannot be read now is read the next time.
                let polled = reader.poll(|assignment| assignment.start).await;
                if let Ok(platform_ports::broker::Polled::Messages(asked)) = polled {
                    for delivery in asked {
                        if let Err(error) = peers.reply(&delivery).await {
                            panic!("the owners cannot answer: {error}");
                        }
                    }
                }
            }
        });
        Ok(())
    }

    fn asked_in(&self) -> Vec<String> {
        let histories = self.subject.examples.histories.iter();
        let contexts: BTreeSet<&str> = histories.map(|one| one.context.as_str()).collect();
        let system = self.subject.service.system;
        let topics = contexts
            .into_iter()
            .map(|context| commands_topic(system, context));
        topics.collect()
    }

    /// The topics that others publish in.
    pub fn topics(&self) -> BTreeSet<&str> {
        let histories = self.subject.examples.histories.iter();
        histories.map(|one| one.topic.as_str()).collect()
    }

    /// Makes the topics that others own, unless they are there.
    pub async fn ensure_topics(&self) -> Step {
        let names = self.topics().into_iter().map(str::to_owned);
        let topics: Vec<Topic> = names
            .chain(self.asked_in())
            .map(|name| Topic {
                name,
                partitions: self.subject.service.partitions,
            })
            .collect();
        Ok(self.broker.ensure_topics(&topics).await?)
    }

    /// The parts that have not been told yet.
    pub fn parts(&self) -> Vec<Part> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut parts = self.subject.examples.parts();
        parts.retain(|part| !told.contains(part));
        parts
    }

    /// Notes that a part was told.
    pub fn note_told(&self, part: Part) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(part);
    }

    /// The messages of a part, in turns: the first of each history, the second of each.
    pub fn messages(&self, part: Part) -> Vec<Message> {
        let system = self.subject.service.system;
        let mut messages: Vec<_> = self
            .subject
            .examples
            .histories(part)
            .flat_map(|one| {
                let envelopes = one.envelopes(system).into_iter();
                envelopes.map(|envelope| (one.topic.clone(), envelope))
            })
            .collect();
        messages.sort_by_key(|(_, envelope)| envelope.sequence);
        messages
    }

    /// The messages of all parts, in order.
    pub fn all_messages(&self) -> Vec<Message> {
        let parts = self.subject.examples.parts().into_iter();
        parts.flat_map(|part| self.messages(part)).collect()
    }

    /// Lets a part happen, without a word about it.
    pub async fn commit(&self, part: Part) {
        let mut happened = self.happened.lock().await;
        for one in self.subject.examples.histories(part) {
            let all = Happened {
                context: one.context.clone(),
                aggregate: one.aggregate.clone(),
                topic: one.topic.clone(),
                events: one.envelopes(self.subject.service.system),
            };
            happened.insert(one.id, all);
        }
    }

    /// What has happened, to be read or changed; nothing is published meanwhile.
    pub async fn happened(&self) -> tokio::sync::MutexGuard<'_, BTreeMap<Uuid, Happened>> {
        self.happened.lock().await
    }

    /// Publishes messages in this order.
    pub async fn publish(&self, messages: Vec<Message>) -> Step {
        let _turn = self.happened.lock().await;
        let publications = messages
            .into_iter()
            .map(|(topic, envelope)| self.publication(topic, envelope.subject, envelope.to_wire()))
            .collect();
        self.send(publications).await
    }

    /// Publishes anything at all under a key.
    pub async fn publish_wire(&self, topic: &str, key: Uuid, wire: Wire) -> Step {
        let publication = self.publication(topic.to_owned(), key, wire);
        self.send(vec![publication]).await
    }

    fn publication(&self, topic: String, key: Uuid, wire: Wire) -> Publication {
        Publication {
            topic,
            partition: partition_of(key, self.subject.service.partitions),
            key: key.to_string(),
            wire,
        }
    }

    async fn send(&self, publications: Vec<Publication>) -> Step {
        let outcomes = self.broker.publish(&publications).await?;
        match outcomes
            .iter()
            .find(|o| **o != PublishOutcome::Acknowledged)
        {
            None => Ok(()),
            Some(outcome) => Err(format!("a message was not taken: {outcome:?}").into()),
        }
    }

    /// Does what an owner is asked for.
    async fn reply(&self, asked: &Delivery) -> Step {
        let happened = self.happened.lock().await;
        let control = Control::from_wire(&asked.wire)?;
        let answers = match &control {
            Control::ResendRequest {
                aggregate, from, ..
            } => {
                let one = happened.get(aggregate).into_iter();
                one.flat_map(|one| {
                    let missed = one.events.iter().filter(|event| event.sequence >= *from);
                    missed.map(|event| self.told(one, event))
                })
                .collect()
            }
            Control::SnapshotRequest {
                request,
                aggregate_type,
                aggregate,
            } => {
                let of = |one: &Happened| {
                    one.aggregate == *aggregate_type
                        && commands_topic(self.subject.service.system, &one.context) == asked.topic
                };
                let wanted = happened.iter().filter(|(id, one)| {
                    of(one) && aggregate.is_none_or(|aggregate| aggregate == **id)
                });
                let mut answers: Vec<_> = wanted
                    .filter_map(|(_, one)| Some(self.told(one, &one.snapshot(*request)?)))
                    .collect();
                if aggregate.is_none() {
                    answers.extend(self.complete(&asked.topic, *request, aggregate_type));
                }
                answers
            }
            _ => Vec::new(),
        };
        self.send(answers).await
    }

    fn told(&self, one: &Happened, envelope: &Envelope) -> Publication {
        self.publication(one.topic.clone(), envelope.subject, envelope.to_wire())
    }

    /// What says in every partition that all snapshots stand before it.
    fn complete(&self, asked_in: &str, request: Uuid, aggregate_type: &str) -> Vec<Publication> {
        let owner = asked_in.strip_suffix(".commands").unwrap_or(asked_in);
        let marker = Control::SnapshotComplete {
            request,
            aggregate_type: aggregate_type.to_owned(),
        };
        let source = format!("/{}", owner.replace('.', "/"));
        (0..self.subject.service.partitions)
            .map(|partition| {
                let id = Uuid::new_v5(&request, &partition.to_be_bytes());
                Publication {
                    topic: format!("{owner}.{aggregate_type}"),
                    partition,
                    key: id.to_string(),
                    wire: marker.to_wire(id, &source, Timestamp::now()),
                }
            })
            .collect()
    }

    /// Forgets the topics that others own, and makes them anew.
    pub async fn make_topics_anew(&self) -> Result<(), BrokerError> {
        let mut topics = Vec::new();
        for name in self.topics() {
            self.broker.delete_topic(name).await?;
            topics.push(Topic {
                name: name.to_owned(),
                partitions: self.subject.service.partitions,
            });
        }
        self.broker.ensure_topics(&topics).await
    }
}

impl Happened {
    /// What the aggregate has become: what its events said, one over the other.
    fn snapshot(&self, request: Uuid) -> Option<Envelope> {
        let last = self.events.last()?;
        let mut data = Map::new();
        for event in &self.events {
            data.extend(event.data.as_object().cloned().unwrap_or_default());
        }
        let deleted = last.change == Change::Deleted;
        let (context, _) = last.kind.rsplit_once('.')?;
        Some(Envelope {
            id: Uuid::new_v5(&request, last.subject.as_bytes()),
            kind: format!("{context}.Example{SNAPSHOT_SUFFIX}"),
            version: 1,
            change: match deleted {
                true => Change::Deleted,
                false => Change::Snapshot,
            },
            last_event: Some(last.id),
            data: Value::Object(if deleted { Map::new() } else { data }),
            ..last.clone()
        })
    }
}
