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

use super::error::ConnectionHealth;

/// A partition, with its topic's name here, without the prefix.
pub type TopicPartition = (String, u32);

/// The same with its topic's name in the cluster, as the client wants it.
pub type ClusterPartition = (String, i32);

/// A change that the group waits for, until it is said to be carried out.
#[derive(Debug, Clone)]
pub enum Change {
    /// These come.
    Assign(Vec<ClusterPartition>),
    /// These go.
    Revoke(Vec<ClusterPartition>),
}

/// The context of a member's client.
#[derive(Clone)]
pub struct MemberContext {
    health: Arc<ConnectionHealth>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    changes: Mutex<VecDeque<Change>>,
    leaving: AtomicBool,
}

impl MemberContext {
    /// A member that has heard nothing.
    pub fn new(health: &Arc<ConnectionHealth>) -> Self {
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
    pub fn leave(&self) {
        self.shared.leaving.store(true, Ordering::Release);
    }

    /// Carries out the change that is open, and those that nobody has asked for.
    pub fn apply_changes(&self, consumer: &BaseConsumer<Self>, open: Option<Change>) {
        for change in open.into_iter().chain(std::iter::from_fn(|| self.next())) {
            let (Change::Assign(partitions) | Change::Revoke(partitions)) = &change;
            let list = list(partitions);
            let applied = match change {
                Change::Assign(_) => consumer.incremental_assign(&list),
                Change::Revoke(_) => consumer.incremental_unassign(&list),
            };
            if let Err(error) = applied {
                tracing::debug!(%error, "a group was left with something open");
            }
        }
    }
}

/// Partitions as the client wants them.
pub fn list(partitions: &[ClusterPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        list.add_partition(topic, *partition);
    }
    list
}

impl ClientContext for MemberContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.health.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.health.note_error(&error, reason);
    }
}

impl ConsumerContext for MemberContext {
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
        let partitions = list.elements().into_iter();
        let partitions =
            partitions.map(|partition| (partition.topic().to_owned(), partition.partition()));
        let change = if assigned {
            Change::Assign(partitions.collect())
        } else {
            Change::Revoke(partitions.collect())
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
