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

use super::member::{self, Change, Member, Place};
use super::observer::PATIENCE;
use super::owned::Owned;
use super::subscription::KafkaSubscription;

/// How often it is looked whether a topic was made anew.
const LOOK: Duration = Duration::from_secs(2);
/// The partitions of topics as they were found.
pub type Looked = BTreeMap<(String, u32), Assignment>;

impl KafkaSubscription {
    /// The name of a partition here.
    fn local(&self, (topic, partition): &Place) -> (String, u32) {
        let topic = topic.strip_prefix(&self.settings.prefix).unwrap_or(topic);
        (topic.to_owned(), u32::try_from(*partition).unwrap_or(0))
    }

    /// Tells the client that a change is carried out: by polling again, the caller says that it is
    /// done with what was revoked, and has said where to read what was assigned.
    pub(super) async fn tell(&mut self) -> Result<(), BrokerError> {
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
    pub(super) async fn told(&mut self) -> Result<(), BrokerError> {
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

    /// The next change, if the caller has to know of it.
    pub(super) async fn change(&mut self) -> Result<Option<Polled>, BrokerError> {
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
    /// without a word: then its partitions are revoked, and assigned with their new topic_id.
    /// And whether the client still reads: with the partitions of a topic that was there before under
    /// the same name, it may stand still.
    pub(super) async fn look(&mut self) -> Result<Option<Polled>, BrokerError> {
        if self.looking.is_none() && self.looked.elapsed() >= LOOK && !self.owned.is_empty() {
            let names: BTreeSet<_> = self.owned.keys().map(|(topic, _)| topic.clone()).collect();
            let topics = Arc::clone(&self.topics);
            self.looking = Some(tokio::spawn(async move {
                let mut found = Looked::new();
                for topic in names {
                    let partitions = topics.partitions(&topic).await?.into_iter();
                    found.extend(partitions.map(|one| ((topic.clone(), one.partition), one)));
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
        let mut stuck = Vec::new();
        for (place, owned) in &mut self.owned {
            let Some(now) = found.get(place) else {
                continue;
            };
            if now.topic_id != owned.assignment.topic_id {
                owned.position = None;
                owned.trouble = None;
                renewed.push(place.clone());
                continue;
            }
            let waiting = owned
                .position
                .filter(|next| !owned.paused && *next < now.end);
            if let Some(next) = waiting.filter(|next| owned.waited == Some(*next)) {
                stuck.push((place.clone(), next));
            }
            owned.waited = waiting;
        }
        for (place, next) in stuck {
            tracing::debug!(?place, next, "the client reads a partition anew");
            self.read_anew(&place, next).await?;
        }
        self.gained.extend(renewed.iter().cloned());
        Ok((!renewed.is_empty()).then_some(Polled::Revoked(renewed)))
    }

    /// Lets the client read a partition from another offset on.
    pub(super) async fn move_to(
        &mut self,
        place: &(String, u32),
        offset: i64,
    ) -> Result<(), BrokerError> {
        let name = self.settings.full(&place.0);
        let number = i32::try_from(place.1).unwrap_or(i32::MAX);
        let (consumer, topic) = (self.consumer()?, name.clone());
        let seek = move || consumer.seek(&topic, number, Offset::Offset(offset), PATIENCE);
        if blocking(seek).await.is_ok() {
            return Ok(());
        }
        // After an error of its own the client does not read the partition at all.
        self.read_anew(place, offset).await
    }

    /// Lets the client forget what it thinks of a partition, and read it from an offset on.
    async fn read_anew(&mut self, place: &(String, u32), offset: i64) -> Result<(), BrokerError> {
        let name = self.settings.full(&place.0);
        let number = i32::try_from(place.1).unwrap_or(i32::MAX);
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
}

/// Does what may block, elsewhere.
async fn blocking(
    work: impl FnOnce() -> Result<(), KafkaError> + Send + 'static,
) -> Result<(), BrokerError> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| BrokerError::Unavailable(error.to_string()))?
        .map_err(|error| BrokerError::Unavailable(format!("a reader could not move: {error}")))
}
