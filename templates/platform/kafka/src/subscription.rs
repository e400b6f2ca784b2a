//! A member of a group.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use platform_ports::broker::{BrokerError, Polled, Subscription};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::error::{self, ConnectionHealth};
use super::member::{Change, MemberContext, TopicPartition};
use super::owned_partition::{OwnedPartition, PartitionRead};
use super::rebalance::FoundPartitions;
use super::settings::Settings;
use super::shutdown;
use super::topics::Topics;

/// How long the client may have events for which it does not wake the reader before they are polled.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How often offsets are committed to the group.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// A member of a group. Its calls may be given up at any await, and made again.
pub struct KafkaSubscription {
    pub(super) settings: Settings,
    pub(super) health: Arc<ConnectionHealth>,
    pub(super) topics: Arc<Topics>,
    /// `None` only while it is dropped.
    pub(super) consumer: Option<Arc<BaseConsumer<MemberContext>>>,
    pub(super) member: MemberContext,
    /// Notified when there may be something to do.
    pub(super) wake_up: Arc<Notify>,
    pub(super) owned: BTreeMap<TopicPartition, OwnedPartition>,
    /// The change that the client waits for.
    pub(super) pending_change: Option<Change>,
    /// The change that the client is being told of.
    pub(super) confirming: Option<JoinHandle<Result<(), KafkaError>>>,
    /// Partitions that the caller does not know of yet.
    pub(super) new_partitions: BTreeSet<TopicPartition>,
    /// The partition that was read last.
    pub(super) last: TopicPartition,
    pub(super) checked_at: Instant,
    pub(super) topic_check: Option<JoinHandle<Result<FoundPartitions, BrokerError>>>,
    pub(super) committed_at: Instant,
    /// Offsets that are to be committed.
    pub(super) uncommitted: BTreeMap<TopicPartition, i64>,
}

impl KafkaSubscription {
    /// Joins a group.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn join(
        settings: &Settings,
        health: &Arc<ConnectionHealth>,
        topics: &Arc<Topics>,
        group: &str,
        of: &[String],
    ) -> Result<Self, BrokerError> {
        let failed = |error| health.error("joining a group", &error);
        let member = MemberContext::new(health);
        let config = settings.consumer(group);
        let consumer = config.create_with_context(member.clone());
        let mut consumer: BaseConsumer<MemberContext> = consumer.map_err(failed)?;
        let wake_up = Arc::new(Notify::new());
        let notify = Arc::clone(&wake_up);
        consumer.set_nonempty_callback(move || notify.notify_one());
        let names: Vec<_> = of.iter().map(|topic| settings.full(topic)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(failed)?;
        Ok(Self {
            settings: settings.clone(),
            health: Arc::clone(health),
            topics: Arc::clone(topics),
            consumer: Some(Arc::new(consumer)),
            member,
            wake_up,
            owned: BTreeMap::new(),
            pending_change: None,
            confirming: None,
            new_partitions: BTreeSet::new(),
            last: Default::default(),
            checked_at: Instant::now(),
            topic_check: None,
            committed_at: Instant::now(),
            uncommitted: BTreeMap::new(),
        })
    }

    pub(super) fn consumer(&self) -> Result<Arc<BaseConsumer<MemberContext>>, BrokerError> {
        let left = || BrokerError::Unavailable("the group was left".to_owned());
        self.consumer.clone().ok_or_else(left)
    }

    /// Polls the client for what it has besides messages.
    fn poll_events(&self) -> Result<(), BrokerError> {
        let consumer = self.consumer()?;
        for _ in 0..8 {
            match consumer.poll(Duration::ZERO) {
                None => {}
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                    return Err(BrokerError::Unavailable(format!(
                        "the reader failed: {code}"
                    )));
                }
                Some(Err(error)) => self.check(error::code(&error).unwrap_or(Code::Unknown))?,
                // Every partition has a queue of its own before it is read.
                Some(Ok(_)) => {
                    let why = "a message came out of turn; reading begins anew";
                    return Err(BrokerError::Unavailable(why.to_owned()));
                }
            }
        }
        Ok(())
    }

    /// Passes over what the client gets over by itself.
    fn check(&self, code: Code) -> Result<(), BrokerError> {
        match self.health.failure("reading", code) {
            BrokerError::Unavailable(why) => {
                tracing::debug!(why, "a reader waits");
                Ok(())
            }
            unusable => Err(unusable),
        }
    }

    /// Reads the first partition, after the one read last, that has something to read.
    fn read(&mut self, limit: u32) -> Result<Option<Polled>, BrokerError> {
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let after = (Bound::Excluded(self.last.clone()), Bound::Unbounded);
        let until = (Bound::Unbounded, Bound::Included(self.last.clone()));
        let turn = self.owned.range(after).chain(self.owned.range(until));
        let turn: Vec<_> = turn.map(|(partition, _)| partition.clone()).collect();
        for name in turn {
            let Some(owned) = self.owned.get_mut(&name) else {
                continue;
            };
            if owned.paused {
                continue;
            }
            match owned.read(limit) {
                PartitionRead::Messages(messages) if messages.is_empty() => {}
                PartitionRead::Messages(messages) => {
                    self.last = name;
                    return Ok(Some(Polled::Messages(messages)));
                }
                PartitionRead::OutOfRange => {
                    owned.position = None;
                    let (topic, partition) = name;
                    return Ok(Some(Polled::OutOfRange { topic, partition }));
                }
                PartitionRead::Corrupt(code) => {
                    let (topic, partition) = name;
                    let at = owned.position.unwrap_or_default();
                    return Err(BrokerError::Unusable(format!(
                        "what is in partition {partition} of {topic}, at {at} or after, cannot be \
                         read: {code}"
                    )));
                }
                PartitionRead::Failed(code) => self.check(code)?,
            }
        }
        Ok(None)
    }

    /// Commits to the group how far was read.
    pub(super) fn commit_offsets(&mut self) -> Result<(), BrokerError> {
        self.committed_at = Instant::now();
        if self.uncommitted.is_empty() {
            return Ok(());
        }
        let consumer = self.consumer()?;
        let mut list = TopicPartitionList::with_capacity(self.uncommitted.len());
        for ((topic, partition), next) in std::mem::take(&mut self.uncommitted) {
            let partition = i32::try_from(partition).unwrap_or(i32::MAX);
            let next = Offset::Offset(next);
            let added = list.add_partition_offset(&self.settings.full(&topic), partition, next);
            added.map_err(|error| self.health.error("noting an offset", &error))?;
        }
        if let Err(error) = consumer.commit(&list, CommitMode::Async) {
            tracing::debug!(%error, "how far was read could not be noted");
        }
        Ok(())
    }
}

#[async_trait]
impl Subscription for KafkaSubscription {
    async fn poll(&mut self, limit: u32, wait_ms: u64) -> Result<Polled, BrokerError> {
        let deadline = Instant::now() + Duration::from_millis(wait_ms);
        loop {
            self.confirm_change().await?;
            self.poll_events()?;
            if let Some(polled) = self.next_change().await? {
                return Ok(polled);
            }
            if let Some(polled) = self.check_topics().await? {
                return Ok(polled);
            }
            if let Some(polled) = self.read(limit)? {
                return Ok(polled);
            }
            if self.committed_at.elapsed() >= COMMIT_INTERVAL {
                self.commit_offsets()?;
            }
            let until = deadline.min(Instant::now() + POLL_INTERVAL);
            let woken = timeout_at(until, self.wake_up.notified()).await;
            if woken.is_err() && Instant::now() >= deadline {
                return Ok(Polled::Messages(Vec::new()));
            }
        }
    }

    /// A partition that is not this member's is passed over, here and below.
    async fn seek(&mut self, topic: &str, partition: u32, offset: i64) -> Result<(), BrokerError> {
        self.confirmed().await?;
        let name = (topic.to_owned(), partition);
        let Some(owned) = self.owned.get_mut(&name) else {
            return Ok(());
        };
        owned.position = None;
        if !owned.knows(offset)
            && let Some(now) = self.topics.offsets(topic, vec![partition]).await?
        {
            for (_, start, end) in now {
                (owned.assignment.start, owned.assignment.end) = (start, end);
            }
        }
        owned.pending_error = None;
        if !owned.knows(offset) {
            owned.pending_error = Some(Code::OffsetOutOfRange);
            return Ok(());
        }
        if owned.queue.is_some() {
            self.move_to(&name, offset).await?;
        }
        if let Some(owned) = self.owned.get_mut(&name) {
            owned.position = Some(offset);
        }
        Ok(())
    }

    /// What the client has read ahead of a paused partition stays there.
    async fn pause(
        &mut self,
        topic: &str,
        partition: u32,
        paused: bool,
    ) -> Result<(), BrokerError> {
        if let Some(owned) = self.owned.get_mut(&(topic.to_owned(), partition)) {
            owned.paused = paused;
        }
        Ok(())
    }

    /// Committed to the group within a second.
    async fn commit(&mut self, topic: &str, partition: u32, next: i64) -> Result<(), BrokerError> {
        let name = (topic.to_owned(), partition);
        if self.owned.contains_key(&name) {
            self.uncommitted.insert(name, next);
        }
        Ok(())
    }
}

impl Drop for KafkaSubscription {
    /// Leaves the group. That takes a while, which nobody should wait for.
    fn drop(&mut self) {
        if let Err(error) = self.commit_offsets() {
            tracing::debug!(%error, "how far was read could not be noted");
        }
        if let Some(topic_check) = &self.topic_check {
            topic_check.abort();
        }
        let Some(consumer) = self.consumer.take() else {
            return;
        };
        self.owned.clear();
        self.member.leave();
        let (pending, member) = (self.pending_change.take(), self.member.clone());
        shutdown::close_in_background("kafka-reader-end", move || {
            member.apply_changes(&consumer, pending);
            drop(consumer);
        });
    }
}
