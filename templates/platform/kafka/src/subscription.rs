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

use super::ending;
use super::error::{self, Health};
use super::member::{Change, Member};
use super::owned::{Found, Owned};
use super::rebalance::Looked;
use super::settings::Settings;
use super::topics::Topics;

/// How long the client may have something to say that it does not ring for before it is heard.
const TICK: Duration = Duration::from_secs(1);
/// How often the group is told how far was read.
const NOTE: Duration = Duration::from_secs(1);

/// A member of a group. Its calls may be given up at any await, and made again.
pub struct KafkaSubscription {
    pub(super) settings: Settings,
    pub(super) health: Arc<Health>,
    pub(super) topics: Arc<Topics>,
    /// `None` only while it is dropped.
    pub(super) consumer: Option<Arc<BaseConsumer<Member>>>,
    pub(super) member: Member,
    /// Rings when there may be something to do.
    pub(super) bell: Arc<Notify>,
    pub(super) owned: BTreeMap<(String, u32), Owned>,
    /// The change that the client waits for.
    pub(super) open: Option<Change>,
    /// The change that the client is being told of.
    pub(super) telling: Option<JoinHandle<Result<(), KafkaError>>>,
    /// Partitions that the caller does not know of yet.
    pub(super) gained: BTreeSet<(String, u32)>,
    /// The partition that was read last.
    pub(super) last: (String, u32),
    pub(super) looked: Instant,
    pub(super) looking: Option<JoinHandle<Result<Looked, BrokerError>>>,
    pub(super) noted: Instant,
    /// What the group is to be told.
    pub(super) notes: BTreeMap<(String, u32), i64>,
}

impl KafkaSubscription {
    /// Joins a group.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn join(
        settings: &Settings,
        health: &Arc<Health>,
        topics: &Arc<Topics>,
        group: &str,
        of: &[String],
    ) -> Result<Self, BrokerError> {
        let failed = |error| health.error("joining a group", &error);
        let member = Member::new(health);
        let config = settings.consumer(group);
        let consumer = config.create_with_context(member.clone());
        let mut consumer: BaseConsumer<Member> = consumer.map_err(failed)?;
        let bell = Arc::new(Notify::new());
        let rung = Arc::clone(&bell);
        consumer.set_nonempty_callback(move || rung.notify_one());
        let names: Vec<_> = of.iter().map(|topic| settings.full(topic)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(failed)?;
        Ok(Self {
            settings: settings.clone(),
            health: Arc::clone(health),
            topics: Arc::clone(topics),
            consumer: Some(Arc::new(consumer)),
            member,
            bell,
            owned: BTreeMap::new(),
            open: None,
            telling: None,
            gained: BTreeSet::new(),
            last: Default::default(),
            looked: Instant::now(),
            looking: None,
            noted: Instant::now(),
            notes: BTreeMap::new(),
        })
    }

    pub(super) fn consumer(&self) -> Result<Arc<BaseConsumer<Member>>, BrokerError> {
        let left = || BrokerError::Unavailable("the group was left".to_owned());
        self.consumer.clone().ok_or_else(left)
    }

    /// Lets the client say what it has to say besides messages.
    fn hear(&self) -> Result<(), BrokerError> {
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
        let turn: Vec<_> = turn.map(|(place, _)| place.clone()).collect();
        for place in turn {
            let Some(owned) = self.owned.get_mut(&place) else {
                continue;
            };
            if owned.paused {
                continue;
            }
            match owned.read(limit) {
                Found::Messages(messages) if messages.is_empty() => {}
                Found::Messages(messages) => {
                    self.last = place;
                    return Ok(Some(Polled::Messages(messages)));
                }
                Found::Gone => {
                    owned.position = None;
                    let (topic, partition) = place;
                    return Ok(Some(Polled::OutOfRange { topic, partition }));
                }
                Found::Spoiled(code) => {
                    let (topic, partition) = place;
                    let at = owned.position.unwrap_or_default();
                    return Err(BrokerError::Unusable(format!(
                        "what is in partition {partition} of {topic}, at {at} or after, cannot be \
                         read: {code}"
                    )));
                }
                Found::Failed(code) => self.check(code)?,
            }
        }
        Ok(None)
    }

    /// Tells the group how far was read.
    pub(super) fn note(&mut self) -> Result<(), BrokerError> {
        self.noted = Instant::now();
        if self.notes.is_empty() {
            return Ok(());
        }
        let consumer = self.consumer()?;
        let mut list = TopicPartitionList::with_capacity(self.notes.len());
        for ((topic, partition), next) in std::mem::take(&mut self.notes) {
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
            self.tell().await?;
            self.hear()?;
            if let Some(polled) = self.change().await? {
                return Ok(polled);
            }
            if let Some(polled) = self.look().await? {
                return Ok(polled);
            }
            if let Some(polled) = self.read(limit)? {
                return Ok(polled);
            }
            if self.noted.elapsed() >= NOTE {
                self.note()?;
            }
            let tick = deadline.min(Instant::now() + TICK);
            let rung = timeout_at(tick, self.bell.notified()).await;
            if rung.is_err() && Instant::now() >= deadline {
                return Ok(Polled::Messages(Vec::new()));
            }
        }
    }

    /// A partition that is not this member's is passed over, here and below.
    async fn seek(&mut self, topic: &str, partition: u32, offset: i64) -> Result<(), BrokerError> {
        self.told().await?;
        let place = (topic.to_owned(), partition);
        let Some(owned) = self.owned.get_mut(&place) else {
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
        owned.trouble = None;
        if !owned.knows(offset) {
            owned.trouble = Some(Code::OffsetOutOfRange);
            return Ok(());
        }
        if owned.queue.is_some() {
            self.move_to(&place, offset).await?;
        }
        if let Some(owned) = self.owned.get_mut(&place) {
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

    /// The group is told within a second.
    async fn commit(&mut self, topic: &str, partition: u32, next: i64) -> Result<(), BrokerError> {
        let place = (topic.to_owned(), partition);
        if self.owned.contains_key(&place) {
            self.notes.insert(place, next);
        }
        Ok(())
    }
}

impl Drop for KafkaSubscription {
    /// Leaves the group. That takes a while, which nobody should wait for.
    fn drop(&mut self) {
        if let Err(error) = self.note() {
            tracing::debug!(%error, "how far was read could not be noted");
        }
        if let Some(looking) = &self.looking {
            looking.abort();
        }
        let Some(consumer) = self.consumer.take() else {
            return;
        };
        self.owned.clear();
        self.member.leaves();
        let (open, member) = (self.open.take(), self.member.clone());
        ending::apart("kafka-reader-end", move || {
            member.carry_out(&consumer, open);
            drop(consumer);
        });
    }
}
