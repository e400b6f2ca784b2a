//! A member of a group.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};

use super::error::{self, Health};
use super::member::{self, Change, Member, Place};
use super::owned::{Found, Owned};
use super::settings::Settings;
use super::topics::{PATIENCE, Topics};
use crate::broker::{Assignment, BrokerError, Polled, Subscription};

/// How long the client may have something to say besides messages before it is heard.
const TICK: Duration = Duration::from_millis(50);
/// How often it is looked whether a topic was made anew.
const LOOK: Duration = Duration::from_secs(2);
/// How often the group is told how far was read.
const NOTE: Duration = Duration::from_secs(1);

/// The incarnations of topics as they were found.
type Incarnations = BTreeMap<String, String>;

/// A member of a group. Its calls may be given up at any await, and made again.
pub struct KafkaSubscription {
    settings: Settings,
    health: Arc<Health>,
    topics: Arc<Topics>,
    /// `None` only while it is dropped.
    consumer: Option<Arc<BaseConsumer<Member>>>,
    member: Member,
    /// Rings when there may be something to do.
    bell: Arc<Notify>,
    owned: BTreeMap<(String, u32), Owned>,
    /// The change that the client waits for.
    open: Option<Change>,
    /// The change that the client is being told of.
    telling: Option<JoinHandle<Result<(), KafkaError>>>,
    /// Partitions that the caller does not know of yet.
    gained: BTreeSet<(String, u32)>,
    /// The partition that was read last.
    last: (String, u32),
    looked: Instant,
    looking: Option<JoinHandle<Result<Incarnations, BrokerError>>>,
    noted: Instant,
    /// What the group is to be told.
    notes: BTreeMap<(String, u32), i64>,
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

    fn consumer(&self) -> Result<Arc<BaseConsumer<Member>>, BrokerError> {
        let left = || BrokerError::Unavailable("the group was left".to_owned());
        self.consumer.clone().ok_or_else(left)
    }

    /// The name of a partition here.
    fn local(&self, (topic, partition): &Place) -> (String, u32) {
        let topic = topic.strip_prefix(&self.settings.prefix).unwrap_or(topic);
        (topic.to_owned(), u32::try_from(*partition).unwrap_or(0))
    }

    /// Tells the client that a change is carried out: by polling again, the caller says that it is
    /// done with what was revoked, and has said where to read what was assigned.
    async fn tell(&mut self) -> Result<(), BrokerError> {
        if self.gained.is_empty()
            && let Some(change) = self.open.take()
        {
            let consumer = self.consumer()?;
            self.telling = Some(match change {
                Change::Revoke(places) => {
                    let list = member::list(&places);
                    spawn_blocking(move || consumer.incremental_unassign(&list))
                }
                Change::Assign(places) => {
                    let list = self.starts(&consumer, &places);
                    spawn_blocking(move || consumer.incremental_assign(&list?))
                }
            });
        }
        self.told().await
    }

    /// Waits until the client has been told.
    async fn told(&mut self) -> Result<(), BrokerError> {
        let Some(telling) = &mut self.telling else {
            return Ok(());
        };
        let told = telling.await;
        self.telling = None;
        told.map_err(|error| BrokerError::Unavailable(error.to_string()))?
            .map_err(|error| BrokerError::Unavailable(format!("a rebalance failed: {error}")))
    }

    /// Where the client begins to read. What the caller has no use for is read from its end on, and
    /// not looked at.
    fn starts(
        &mut self,
        consumer: &Arc<BaseConsumer<Member>>,
        places: &[Place],
    ) -> Result<TopicPartitionList, KafkaError> {
        let mut list = TopicPartitionList::with_capacity(places.len());
        for place in places {
            let (topic, partition) = place;
            let mut start = Offset::End;
            let local = self.local(place);
            if let Some(owned) = self.owned.get_mut(&local) {
                owned.split(consumer, topic, &self.bell);
                start = owned.position.map_or(Offset::End, Offset::Offset);
            }
            list.add_partition_offset(topic, *partition, start)?;
        }
        Ok(list)
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
                Some(Ok(message)) => tracing::error!(?message, "a message came out of turn"),
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

    /// The next change, if the caller has to know of it.
    async fn change(&mut self) -> Result<Option<Polled>, BrokerError> {
        while self.gained.is_empty() {
            match self.member.next() {
                None => return Ok(None),
                Some(Change::Revoke(places)) => {
                    self.note()?;
                    let revoked: Vec<_> = places.iter().map(|place| self.local(place)).collect();
                    self.open = Some(Change::Revoke(places));
                    let known = |place: &(String, u32)| self.owned.remove(place).is_some();
                    let revoked: Vec<_> = revoked.into_iter().filter(known).collect();
                    if !revoked.is_empty() {
                        return Ok(Some(Polled::Revoked(revoked)));
                    }
                }
                Some(Change::Assign(places)) => {
                    self.gained = places.iter().map(|place| self.local(place)).collect();
                    self.open = Some(Change::Assign(places));
                }
            }
            self.tell().await?;
        }
        let assigned = self.adopt().await?;
        Ok((!assigned.is_empty()).then_some(Polled::Assigned(assigned)))
    }

    /// Finds out where the new partitions stand. Until it is known, they stay new.
    async fn adopt(&mut self) -> Result<Vec<Assignment>, BrokerError> {
        let topics: BTreeSet<_> = self.gained.iter().map(|(topic, _)| topic.clone()).collect();
        let mut assigned = Vec::with_capacity(self.gained.len());
        for topic in topics {
            let all = self.topics.partitions(&topic).await?;
            let place = |one: &Assignment| (one.topic.clone(), one.partition);
            assigned.extend(
                all.into_iter()
                    .filter(|one| self.gained.contains(&place(one))),
            );
        }
        for assignment in &assigned {
            let place = (assignment.topic.clone(), assignment.partition);
            let mut owned = Owned::new(assignment.clone());
            if let Some(before) = self.owned.remove(&place) {
                owned.queue = before.queue;
                owned.paused = before.paused;
            }
            self.owned.insert(place, owned);
        }
        self.gained.clear();
        Ok(assigned)
    }

    /// Looks from time to time whether a topic was made anew, which the client itself gets over
    /// without a word: then its partitions are revoked, and assigned with their new incarnation.
    async fn look(&mut self) -> Result<Option<Polled>, BrokerError> {
        if self.looking.is_none() && self.looked.elapsed() >= LOOK && !self.owned.is_empty() {
            let names: BTreeSet<_> = self.owned.keys().map(|(topic, _)| topic.clone()).collect();
            let topics = Arc::clone(&self.topics);
            self.looking = Some(tokio::spawn(async move {
                let mut found = Incarnations::new();
                for topic in names {
                    if let Some(incarnation) = topics.incarnation(&topic).await? {
                        found.insert(topic, incarnation);
                    }
                }
                Ok(found)
            }));
        }
        let Some(looking) = self.looking.take_if(|looking| looking.is_finished()) else {
            return Ok(None);
        };
        self.looked = Instant::now();
        let found = match looking.await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::debug!(%error, "topics could not be looked at");
                return Ok(None);
            }
            Err(_) => return Ok(None),
        };
        let mut renewed = Vec::new();
        for (place, owned) in &mut self.owned {
            let now = found.get(&place.0);
            if now.is_some_and(|now| *now != owned.assignment.incarnation) {
                owned.position = None;
                owned.lost = false;
                renewed.push(place.clone());
            }
        }
        self.gained.extend(renewed.iter().cloned());
        Ok((!renewed.is_empty()).then_some(Polled::Revoked(renewed)))
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
            let found = if std::mem::take(&mut owned.lost) {
                Found::Gone
            } else {
                owned.read(limit)
            };
            match found {
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
                Found::Failed(code) => self.check(code)?,
            }
        }
        Ok(None)
    }

    /// Lets the client read a partition from another offset on.
    async fn move_to(&mut self, place: &(String, u32), offset: i64) -> Result<(), BrokerError> {
        let name = self.settings.full(&place.0);
        let number = i32::try_from(place.1).unwrap_or(i32::MAX);
        let (consumer, topic) = (self.consumer()?, name.clone());
        let seek = move || consumer.seek(&topic, number, Offset::Offset(offset), PATIENCE);
        if blocking(seek).await.is_ok() {
            return Ok(());
        }
        // After an error of its own the client does not read the partition at all.
        let consumer = self.consumer()?;
        if let Some(owned) = self.owned.get_mut(place) {
            owned.split(&consumer, &name, &self.bell);
        }
        let again = move || {
            let mut list = TopicPartitionList::with_capacity(1);
            list.add_partition_offset(&name, number, Offset::Offset(offset))?;
            consumer.incremental_unassign(&list)?;
            consumer.incremental_assign(&list)
        };
        blocking(again).await
    }

    /// Tells the group how far was read.
    fn note(&mut self) -> Result<(), BrokerError> {
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
        owned.lost = !owned.knows(offset);
        if owned.lost {
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

/// Does what may block, elsewhere.
async fn blocking(
    work: impl FnOnce() -> Result<(), KafkaError> + Send + 'static,
) -> Result<(), BrokerError> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| BrokerError::Unavailable(error.to_string()))?
        .map_err(|error| BrokerError::Unavailable(format!("a reader could not move: {error}")))
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
        let leave = move || {
            for change in open.into_iter().chain(std::iter::from_fn(|| member.next())) {
                let (Change::Assign(places) | Change::Revoke(places)) = &change;
                let list = member::list(places);
                let told = match change {
                    Change::Assign(_) => consumer.incremental_assign(&list),
                    Change::Revoke(_) => consumer.incremental_unassign(&list),
                };
                if let Err(error) = told {
                    tracing::debug!(%error, "a group was left with something open");
                }
            }
            drop(consumer);
        };
        let leaving = std::thread::Builder::new().name("kafka-reader-end".to_owned());
        if let Err(error) = leaving.spawn(leave) {
            tracing::warn!(%error, "a group was left without a thread for it");
        }
    }
}
