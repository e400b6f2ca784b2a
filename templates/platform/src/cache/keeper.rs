//! Tells the cache of changes by the events of them, which come also where whoever made one could not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Cache, Unanswered};
use crate::broker::{Assignment, BrokerError, Delivery, Polled, Subscription};
use crate::engine::{EngineError, OffsetAdvance, WriteSet};
use crate::envelope::Envelope;
use crate::owner::Owned;
use crate::runtime::Runtime;

/// The handler's id under which offsets are kept, and its group.
const HANDLER: &str = "cache";

/// How many messages are taken at a time.
const AT_ONCE: u32 = 256;

/// How long one look for messages lasts, in milliseconds.
const WAIT_MS: u64 = 250;

/// The rest after a failure.
const REST: Duration = Duration::from_secs(1);

/// How often it is written down how far was read. What is read twice does no harm.
const NOTED: Duration = Duration::from_secs(5);

/// Reads the topics of what a service owns, together with its other processes.
pub struct Keeper {
    runtime: Arc<Runtime>,
    cache: Arc<dyn Cache>,
    owned: Vec<Owned>,
    /// How far partitions were read since that was written down.
    read: BTreeMap<(String, u32), OffsetAdvance>,
    noted: Instant,
}

/// Why reading was interrupted.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl Keeper {
    /// For these aggregates of a service.
    pub fn new(runtime: Arc<Runtime>, cache: Arc<dyn Cache>, owned: Vec<Owned>) -> Self {
        Self {
            runtime,
            cache,
            owned,
            read: BTreeMap::new(),
            noted: Instant::now(),
        }
    }

    /// Works until the service shuts down.
    pub async fn run(mut self) {
        let mut shutdown = self.runtime.shutdown.clone();
        while !*shutdown.borrow() {
            if let Err(error) = self.session().await {
                tracing::warn!(%error, "events do not reach the cache");
                tokio::select! {
                    () = tokio::time::sleep(REST) => {}
                    _ = shutdown.wait_for(|down| *down) => {}
                }
            }
        }
    }

    async fn session(&mut self) -> Result<(), Interrupted> {
        let runtime = Arc::clone(&self.runtime);
        let topics: Vec<_> = self.owned.iter().map(|it| it.topic.to_owned()).collect();
        let group = format!("{}.{}.{HANDLER}", runtime.system, runtime.context);
        let mut subscription = runtime.broker.subscribe(&group, &topics).await?;
        let mut incarnations = HashMap::new();
        while !*runtime.shutdown.borrow() {
            match subscription.poll(AT_ONCE, WAIT_MS).await? {
                Polled::Assigned(assigned) => {
                    for (place, incarnation) in self.begin(&mut *subscription, assigned).await? {
                        incarnations.insert(place, incarnation);
                    }
                }
                Polled::Revoked(_) => self.note().await,
                Polled::OutOfRange { topic, partition } => {
                    let there = runtime.broker.partitions(&topic).await?;
                    if let Some(there) = there.iter().find(|one| one.partition == partition) {
                        subscription.seek(&topic, partition, there.start).await?;
                    }
                }
                Polled::Messages(messages) => {
                    self.take(&mut *subscription, &messages, &incarnations)
                        .await?;
                }
            }
            if self.noted.elapsed() >= NOTED {
                self.note().await;
            }
        }
        self.note().await;
        Ok(())
    }

    /// Reads on where it was written down; where nothing is, nothing older is in the cache.
    async fn begin(
        &self,
        subscription: &mut dyn Subscription,
        assigned: Vec<Assignment>,
    ) -> Result<Vec<((String, u32), String)>, Interrupted> {
        let offsets = self.runtime.engine.offsets(HANDLER, 0).await?;
        let mut begun = Vec::new();
        for one in assigned {
            let offset = offsets.iter().find(|offset| {
                offset.topic == one.topic
                    && offset.partition == one.partition
                    && offset.incarnation == one.incarnation
            });
            let next = offset.map_or(one.end, |offset| offset.next);
            subscription.seek(&one.topic, one.partition, next).await?;
            begun.push(((one.topic, one.partition), one.incarnation));
        }
        Ok(begun)
    }

    async fn take(
        &mut self,
        subscription: &mut dyn Subscription,
        messages: &[Delivery],
        incarnations: &HashMap<(String, u32), String>,
    ) -> Result<(), Interrupted> {
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
            return Ok(());
        };
        if self.tell(messages).await.is_err() {
            // Until the cache answers: it may have what is older.
            let (topic, partition) = (&first.topic, first.partition);
            subscription.seek(topic, partition, first.offset).await?;
            tokio::time::sleep(REST).await;
            return Ok(());
        }
        let place = (last.topic.clone(), last.partition);
        let (topic, next) = (&last.topic, last.offset + 1);
        subscription.commit(topic, last.partition, next).await?;
        let advance = OffsetAdvance {
            handler: HANDLER.to_owned(),
            generation: 0,
            topic: place.0.clone(),
            partition: place.1,
            incarnation: incarnations.get(&place).cloned().unwrap_or_default(),
            next,
            as_of: None,
        };
        self.read.insert(place, advance);
        Ok(())
    }

    /// Tells the cache the last version of each aggregate.
    async fn tell(&self, messages: &[Delivery]) -> Result<(), Unanswered> {
        let mut versions: HashMap<(&str, Uuid), u64> = HashMap::new();
        for message in messages {
            // What is no event is nothing that has changed.
            if let Ok(envelope) = Envelope::from_wire(&message.wire) {
                let of = (message.topic.as_str(), envelope.subject);
                let version = versions.entry(of).or_default();
                *version = envelope.sequence.max(*version);
            }
        }
        for ((topic, id), version) in versions {
            for owned in self.owned.iter().filter(|owned| owned.topic == topic) {
                self.cache.changed(owned.schema, id, version).await?;
            }
        }
        Ok(())
    }

    async fn note(&mut self) {
        self.noted = Instant::now();
        let offsets: Vec<_> = std::mem::take(&mut self.read).into_values().collect();
        if offsets.is_empty() {
            return;
        }
        let write = WriteSet {
            offsets,
            ..WriteSet::default()
        };
        if let Err(error) = self.runtime.engine.commit(write).await {
            tracing::debug!(%error, "what the cache was told is told again");
        }
    }
}
