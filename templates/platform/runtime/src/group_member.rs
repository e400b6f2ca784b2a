//! A member of a consumer group that is no handler: reads topics together with the other processes of the
//! service.
//!
//! How far it has read is kept in the database; what the broker is told of it is for operators only.

use std::collections::HashMap;
use std::sync::Arc;

use crate::Runtime;
use platform_ports::broker::{Assignment, BrokerError, Delivery, Polled, Subscription};
use platform_ports::engine::{EngineError, OffsetAdvance};
use platform_ports::outage::{Cause, Dependency};

/// Where a partition is begun that was never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetReset {
    /// At its first message.
    Start,
    /// At what comes from now on.
    End,
}

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum GroupMemberError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl Cause for GroupMemberError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Engine(error) => error.cause(),
            Self::Broker(error) => error.cause(),
        }
    }
}

/// A member of a group that shares the partitions of topics.
pub struct GroupMember {
    runtime: Arc<Runtime>,
    /// What offsets are kept under; the group is called after it.
    name: &'static str,
    reset: OffsetReset,
    subscription: Box<dyn Subscription>,
    /// The ids of the topics that its partitions are of.
    topic_ids: HashMap<(String, u32), String>,
}

impl GroupMember {
    /// Joins the group.
    pub async fn join(
        runtime: Arc<Runtime>,
        name: &'static str,
        topics: &[String],
        reset: OffsetReset,
    ) -> Result<Self, BrokerError> {
        let group = format!("{}.{}.{name}", runtime.system, runtime.context);
        Ok(Self {
            subscription: runtime.broker.subscribe(&group, topics).await?,
            runtime,
            name,
            reset,
            topic_ids: HashMap::new(),
        })
    }

    /// Waits for something to do, `wait_ms` at most. What is assigned is begun already; of what is gone,
    /// the first message that is still there comes next.
    pub async fn poll(&mut self, limit: u32, wait_ms: u64) -> Result<Polled, GroupMemberError> {
        let polled = self.subscription.poll(limit, wait_ms).await?;
        match &polled {
            Polled::Assigned(assigned) => self.begin(assigned).await?,
            Polled::OutOfRange { topic, partition } => {
                let there = self.runtime.broker.partitions(topic).await?;
                if let Some(there) = there.iter().find(|one| one.partition == *partition) {
                    let start = there.start;
                    self.subscription.seek(topic, *partition, start).await?;
                }
            }
            Polled::Revoked(_) | Polled::Messages(_) => {}
        }
        Ok(polled)
    }

    /// Reads on where the offsets in the database say.
    async fn begin(&mut self, assigned: &[Assignment]) -> Result<(), GroupMemberError> {
        let offsets = self.runtime.engine.offsets(self.name, 0).await?;
        for one in assigned {
            let next = next_offset(&offsets, one).unwrap_or(match self.reset {
                OffsetReset::Start => one.start,
                OffsetReset::End => one.end,
            });
            let (topic, partition) = (&one.topic, one.partition);
            self.subscription.seek(topic, partition, next).await?;
            let topic_partition = (topic.clone(), partition);
            self.topic_ids.insert(topic_partition, one.topic_id.clone());
        }
        Ok(())
    }

    /// What is to be kept when all up to this message was read.
    pub fn advance(&self, last: &Delivery) -> OffsetAdvance {
        let topic_partition = (last.topic.clone(), last.partition);
        OffsetAdvance {
            handler: self.name.to_owned(),
            generation: 0,
            topic_id: self
                .topic_ids
                .get(&topic_partition)
                .cloned()
                .unwrap_or_default(),
            topic: topic_partition.0,
            partition: topic_partition.1,
            next: last.offset + 1,
            as_of: None,
        }
    }

    /// Tells the broker how far was read.
    pub async fn commit(&mut self, advance: &OffsetAdvance) -> Result<(), BrokerError> {
        let (topic, partition, next) = (&advance.topic, advance.partition, advance.next);
        self.subscription.commit(topic, partition, next).await
    }

    /// Reads this message again, and what is behind it.
    pub async fn seek_back(&mut self, first: &Delivery) -> Result<(), BrokerError> {
        let (topic, partition) = (&first.topic, first.partition);
        self.subscription.seek(topic, partition, first.offset).await
    }
}

/// Where a partition is to be read on, by the offsets that are kept.
pub fn next_offset(offsets: &[OffsetAdvance], assignment: &Assignment) -> Option<i64> {
    let kept = offsets.iter().find(|offset| {
        offset.topic == assignment.topic
            && offset.partition == assignment.partition
            && offset.topic_id == assignment.topic_id
    });
    kept.map(|offset| offset.next)
}
