//! What the client tells of a group, kept until the subscription comes to it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;

use super::error::Health;

/// A partition, with its topic's name in the cluster.
pub type Place = (String, i32);

/// A change that the group waits for, until it is said to be carried out.
#[derive(Debug, Clone)]
pub enum Change {
    /// These come.
    Assign(Vec<Place>),
    /// These go.
    Revoke(Vec<Place>),
}

/// The context of a member.
#[derive(Clone)]
pub struct Member {
    health: Arc<Health>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    changes: Mutex<VecDeque<Change>>,
    leaving: AtomicBool,
}

impl Member {
    /// A member that has heard nothing.
    pub fn new(health: &Arc<Health>) -> Self {
        Self {
            health: Arc::clone(health),
            shared: Arc::default(),
        }
    }

    /// The oldest change that is not carried out.
    pub fn next(&self) -> Option<Change> {
        let changes = &self.shared.changes;
        let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.pop_front()
    }

    /// From now on changes are carried out at once: nobody asks for them any more.
    pub fn leaves(&self) {
        self.shared.leaving.store(true, Ordering::Release);
    }

    /// Carries out the change that is open, and those that nobody has asked for.
    pub fn carry_out(&self, consumer: &BaseConsumer<Self>, open: Option<Change>) {
        for change in open.into_iter().chain(std::iter::from_fn(|| self.next())) {
            let (Change::Assign(places) | Change::Revoke(places)) = &change;
            let list = list(places);
            let told = match change {
                Change::Assign(_) => consumer.incremental_assign(&list),
                Change::Revoke(_) => consumer.incremental_unassign(&list),
            };
            if let Err(error) = told {
                tracing::debug!(%error, "a group was left with something open");
            }
        }
    }
}

/// Partitions as the client wants them.
pub fn list(places: &[Place]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for (topic, partition) in places {
        list.add_partition(topic, *partition);
    }
    list
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.health.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.health.heard(&error, reason);
    }
}

impl ConsumerContext for Member {
    /// The client waits with a change until it is told that it is carried out.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let assigned = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.shared.leaving.load(Ordering::Acquire) {
            let done = if assigned {
                consumer.incremental_assign(list)
            } else {
                consumer.incremental_unassign(list)
            };
            if let Err(error) = done {
                tracing::debug!(%error, "a group was left with something open");
            }
            return;
        }
        let places = list.elements().into_iter();
        let places = places.map(|place| (place.topic().to_owned(), place.partition()));
        let change = if assigned {
            Change::Assign(places.collect())
        } else {
            Change::Revoke(places.collect())
        };
        let changes = &self.shared.changes;
        let mut changes = changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push_back(change);
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::debug!(%error, "how far was read could not be noted");
        }
    }
}
