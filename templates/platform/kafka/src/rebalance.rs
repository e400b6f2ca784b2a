//! What the group wants changed, and how the client is told that it is done.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use platform_ports::broker::{Assignment, BrokerError, Polled};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::member::{self, Change, ClusterPartition, MemberContext, TopicPartition};
use super::metadata::PATIENCE;
use super::owned_partition::OwnedPartition;
use super::subscription::KafkaSubscription;

/// How often it is checked whether a topic was made anew.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The partitions of topics, as a check has found them.
pub type FoundPartitions = BTreeMap<TopicPartition, Assignment>;

impl KafkaSubscription {
    /// The name of a partition here.
    fn local(&self, (topic, partition): &ClusterPartition) -> TopicPartition {
        let topic = topic.strip_prefix(&self.settings.prefix).unwrap_or(topic);
        (topic.to_owned(), u32::try_from(*partition).unwrap_or(0))
    }

    /// Tells the client that a change is carried out: by polling again, the caller says that it is
    /// done with what was revoked, and has said where to read what was assigned.
    pub(super) async fn confirm_change(&mut self) -> Result<(), BrokerError> {
        if self.new_partitions.is_empty()
            && let Some(change) = self.pending_change.take()
        {
            let consumer = self.consumer()?;
            self.confirming = Some(match change {
                Change::Revoke(partitions) => {
                    let list = member::list(&partitions);
                    spawn_blocking(move || consumer.incremental_unassign(&list))
                }
                Change::Assign(partitions) => {
                    let list = self.start_offsets(&consumer, &partitions);
                    spawn_blocking(move || consumer.incremental_assign(&list?))
                }
            });
        }
        self.confirmed().await
    }

    /// Waits until the client has been told.
    pub(super) async fn confirmed(&mut self) -> Result<(), BrokerError> {
        let Some(confirming) = &mut self.confirming else {
            return Ok(());
        };
        let told = confirming.await;
        self.confirming = None;
        told.map_err(|error| BrokerError::Unavailable(error.to_string()))?
            .map_err(|error| BrokerError::Unavailable(format!("a rebalance failed: {error}")))
    }

    /// Where the client begins to read. What the caller has no use for is read from its end on, and
    /// not looked at.
    fn start_offsets(
        &mut self,
        consumer: &Arc<BaseConsumer<MemberContext>>,
        partitions: &[ClusterPartition],
    ) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            let (topic, number) = partition;
            let mut start = Offset::End;
            let local = self.local(partition);
            if let Some(owned) = self.owned.get_mut(&local) {
                owned.split(consumer, topic, &self.wake_up);
                start = owned.position.map_or(Offset::End, Offset::Offset);
            }
            list.add_partition_offset(topic, *number, start)?;
        }
        Ok(list)
    }

    /// The next change, if the caller has to know of it.
    pub(super) async fn next_change(&mut self) -> Result<Option<Polled>, BrokerError> {
        while self.new_partitions.is_empty() {
            match self.member.next() {
                None => return Ok(None),
                Some(Change::Revoke(partitions)) => {
                    self.commit_offsets()?;
                    let revoked: Vec<_> = partitions
                        .iter()
                        .map(|partition| self.local(partition))
                        .collect();
                    self.pending_change = Some(Change::Revoke(partitions));
                    let known = |partition: &TopicPartition| self.owned.remove(partition).is_some();
                    let revoked: Vec<_> = revoked.into_iter().filter(known).collect();
                    if !revoked.is_empty() {
                        return Ok(Some(Polled::Revoked(revoked)));
                    }
                }
                Some(Change::Assign(partitions)) => {
                    self.new_partitions = partitions
                        .iter()
                        .map(|partition| self.local(partition))
                        .collect();
                    self.pending_change = Some(Change::Assign(partitions));
                }
            }
            self.confirm_change().await?;
        }
        let assigned = self.adopt().await?;
        Ok((!assigned.is_empty()).then_some(Polled::Assigned(assigned)))
    }

    /// Finds out where the new partitions stand. Until it is known, they stay new.
    async fn adopt(&mut self) -> Result<Vec<Assignment>, BrokerError> {
        let topics: BTreeSet<_> = self
            .new_partitions
            .iter()
            .map(|(topic, _)| topic.clone())
            .collect();
        let mut assigned = Vec::with_capacity(self.new_partitions.len());
        for topic in topics {
            let all = self.topics.partitions(&topic).await?;
            let name = |one: &Assignment| (one.topic.clone(), one.partition);
            assigned.extend(
                all.into_iter()
                    .filter(|one| self.new_partitions.contains(&name(one))),
            );
        }
        for assignment in &assigned {
            let partition = (assignment.topic.clone(), assignment.partition);
            let mut owned = OwnedPartition::new(assignment.clone());
            if let Some(before) = self.owned.remove(&partition) {
                owned.queue = before.queue;
                owned.paused = before.paused;
            }
            self.owned.insert(partition, owned);
        }
        self.new_partitions.clear();
        Ok(assigned)
    }

    /// Checks from time to time whether a topic was made anew, which the client itself gets over
    /// without a word: then its partitions are revoked, and assigned with their new topic id.
    /// And whether the client still reads: with the partitions of a topic that was there before under
    /// the same name, it may stand still.
    pub(super) async fn check_topics(&mut self) -> Result<Option<Polled>, BrokerError> {
        if self.topic_check.is_none()
            && self.checked_at.elapsed() >= CHECK_INTERVAL
            && !self.owned.is_empty()
        {
            let names: BTreeSet<_> = self.owned.keys().map(|(topic, _)| topic.clone()).collect();
            let topics = Arc::clone(&self.topics);
            self.topic_check = Some(tokio::spawn(async move {
                let mut found = FoundPartitions::new();
                for topic in names {
                    let partitions = topics.partitions(&topic).await?.into_iter();
                    found.extend(partitions.map(|one| ((topic.clone(), one.partition), one)));
                }
                Ok(found)
            }));
        }
        let Some(topic_check) = self
            .topic_check
            .take_if(|topic_check| topic_check.is_finished())
        else {
            return Ok(None);
        };
        self.checked_at = Instant::now();
        let found = match topic_check.await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::debug!(%error, "topics could not be looked at");
                return Ok(None);
            }
            Err(_) => return Ok(None),
        };
        let mut renewed = Vec::new();
        let mut stuck = Vec::new();
        for (partition, owned) in &mut self.owned {
            let Some(now) = found.get(partition) else {
                continue;
            };
            if now.topic_id != owned.assignment.topic_id {
                owned.position = None;
                owned.pending_error = None;
                renewed.push(partition.clone());
                continue;
            }
            let waiting = owned
                .position
                .filter(|next| !owned.paused && *next < now.end);
            if let Some(next) = waiting.filter(|next| owned.waited == Some(*next)) {
                stuck.push((partition.clone(), next));
            }
            owned.waited = waiting;
        }
        for (partition, next) in stuck {
            tracing::debug!(?partition, next, "the client reads a partition anew");
            self.read_anew(&partition, next).await?;
        }
        self.new_partitions.extend(renewed.iter().cloned());
        Ok((!renewed.is_empty()).then_some(Polled::Revoked(renewed)))
    }

    /// Lets the client read a partition from another offset on.
    pub(super) async fn move_to(
        &mut self,
        partition: &TopicPartition,
        offset: i64,
    ) -> Result<(), BrokerError> {
        let name = self.settings.full(&partition.0);
        let number = i32::try_from(partition.1).unwrap_or(i32::MAX);
        let (consumer, topic) = (self.consumer()?, name.clone());
        let seek = move || consumer.seek(&topic, number, Offset::Offset(offset), PATIENCE);
        if blocking(seek).await.is_ok() {
            return Ok(());
        }
        // After an error of its own the client does not read the partition at all.
        self.read_anew(partition, offset).await
    }

    /// Lets the client forget what it thinks of a partition, and read it from an offset on.
    async fn read_anew(
        &mut self,
        partition: &TopicPartition,
        offset: i64,
    ) -> Result<(), BrokerError> {
        let name = self.settings.full(&partition.0);
        let number = i32::try_from(partition.1).unwrap_or(i32::MAX);
        let consumer = self.consumer()?;
        if let Some(owned) = self.owned.get_mut(partition) {
            owned.split(&consumer, &name, &self.wake_up);
        }
        let again = move || {
            let mut list = TopicPartitionList::with_capacity(1);
            list.add_partition_offset(&name, number, Offset::Offset(offset))?;
            consumer.incremental_unassign(&list)?;
            consumer.incremental_assign(&list)
        };
        blocking(again).await
    }
}

/// Does what may block, elsewhere.
async fn blocking(
    work: impl FnOnce() -> Result<(), KafkaError> + Send + 'static,
) -> Result<(), BrokerError> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| BrokerError::Unavailable(error.to_string()))?
        .map_err(|error| BrokerError::Unavailable(format!("a reader could not move: {error}")))
}
