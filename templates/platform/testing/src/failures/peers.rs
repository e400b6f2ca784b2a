//! The owners of other contexts, as far as the service can tell: they publish, and answer recovery
//! requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use tokio::sync::Mutex;
use uuid::Uuid;

use super::examples::Phase;
use super::{Subject, TestResult};
use crate::consuming::Reader;
use platform_contract::envelope::{Envelope, Wire, partition_of};
use platform_ports::broker::{Broker, BrokerError, Polled, Publication, PublishOutcome, Topic};
use platform_runtime::recovery_request::commands_topic;

/// The owners of other contexts.
#[derive(Clone)]
pub(super) struct Peers {
    pub(super) subject: Arc<Subject>,
    broker: Arc<dyn Broker>,
    /// Their aggregates. Locked while publishing.
    pub(super) aggregates: Arc<Mutex<BTreeMap<Uuid, PeerAggregate>>>,
    /// What has been told of it.
    told: Arc<std::sync::Mutex<BTreeSet<Phase>>>,
}

/// A message, and the topic it is for.
pub(super) type Message = (String, Envelope);

/// An aggregate of another context: what has happened to it, and the topic that tells it.
#[derive(Clone)]
pub(super) struct PeerAggregate {
    pub context: String,
    pub aggregate: String,
    pub topic: String,
    pub events: Vec<Envelope>,
}

impl Peers {
    /// The owners, to whose aggregates nothing has happened yet.
    pub fn new(subject: &Arc<Subject>, broker: &Arc<dyn Broker>) -> Self {
        Self {
            subject: Arc::clone(subject),
            broker: Arc::clone(broker),
            aggregates: Arc::default(),
            told: Arc::default(),
        }
    }

    /// Makes their topics, and answers recovery requests as long as the runtime lives.
    pub async fn answer(&self) -> TestResult {
        self.ensure_topics().await?;
        let topics = self.request_topics();
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
                if let Ok(Polled::Messages(asked)) = polled {
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

    fn request_topics(&self) -> Vec<String> {
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
    pub async fn ensure_topics(&self) -> TestResult {
        let names = self.topics().into_iter().map(str::to_owned);
        let topics: Vec<Topic> = names
            .chain(self.request_topics())
            .map(|name| Topic {
                name,
                partitions: self.subject.service.partitions,
            })
            .collect();
        Ok(self.broker.ensure_topics(&topics).await?)
    }

    /// The phases that have not been told yet.
    pub fn phases(&self) -> Vec<Phase> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut phases = self.subject.examples.phases();
        phases.retain(|phase| !told.contains(phase));
        phases
    }

    /// Notes that a phase was told.
    pub fn note_told(&self, phase: Phase) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(phase);
    }

    /// The messages of a phase, in turns: the first of each history, the second of each.
    pub fn messages(&self, phase: Phase) -> Vec<Message> {
        let system = self.subject.service.system;
        let mut messages: Vec<_> = self
            .subject
            .examples
            .histories(phase)
            .flat_map(|one| {
                let envelopes = one.envelopes(system).into_iter();
                envelopes.map(|envelope| (one.topic.clone(), envelope))
            })
            .collect();
        messages.sort_by_key(|(_, envelope)| envelope.sequence);
        messages
    }

    /// The messages of all phases, in order.
    pub fn all_messages(&self) -> Vec<Message> {
        let phases = self.subject.examples.phases().into_iter();
        phases.flat_map(|phase| self.messages(phase)).collect()
    }

    /// Lets a phase happen, without a word about it.
    pub async fn commit(&self, phase: Phase) {
        let mut aggregates = self.aggregates.lock().await;
        for one in self.subject.examples.histories(phase) {
            let all = PeerAggregate {
                context: one.context.clone(),
                aggregate: one.aggregate.clone(),
                topic: one.topic.clone(),
                events: one.envelopes(self.subject.service.system),
            };
            aggregates.insert(one.id, all);
        }
    }

    /// Their aggregates, to be read or changed; nothing is published meanwhile.
    pub async fn aggregates(&self) -> tokio::sync::MutexGuard<'_, BTreeMap<Uuid, PeerAggregate>> {
        self.aggregates.lock().await
    }

    /// Publishes messages in this order.
    pub async fn publish(&self, messages: Vec<Message>) -> TestResult {
        let _turn = self.aggregates.lock().await;
        let publications = messages
            .into_iter()
            .map(|(topic, envelope)| self.publication(topic, envelope.subject, envelope.to_wire()))
            .collect();
        self.send(publications).await
    }

    /// Publishes anything at all under a key.
    pub async fn publish_wire(&self, topic: &str, key: Uuid, wire: Wire) -> TestResult {
        let publication = self.publication(topic.to_owned(), key, wire);
        self.send(vec![publication]).await
    }

    pub(super) fn publication(&self, topic: String, key: Uuid, wire: Wire) -> Publication {
        Publication {
            topic,
            partition: partition_of(key, self.subject.service.partitions),
            key: key.to_string(),
            wire,
        }
    }

    pub(super) async fn send(&self, publications: Vec<Publication>) -> TestResult {
        let outcomes = self.broker.publish(&publications).await?;
        match outcomes
            .iter()
            .find(|o| **o != PublishOutcome::Acknowledged)
        {
            None => Ok(()),
            Some(outcome) => Err(format!("a message was not taken: {outcome:?}").into()),
        }
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
