//! Tells the cache of changes by the events of them, which come also where whoever made one could not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Runtime;
use crate::group_member::{GroupMember, GroupMemberError, OffsetReset};
use crate::publisher::PublishedAggregate;
use platform_contract::envelope::Envelope;
use platform_ports::broker::{Delivery, Polled};
use platform_ports::cache::{Cache, CacheUnavailable};
use platform_ports::engine::{OffsetAdvance, WriteSet};

/// The handler's id under which offsets are kept, and its group.
const HANDLER: &str = "cache";

/// How many messages are taken at a time.
const AT_ONCE: u32 = 256;

/// The rest after a failure.
const REST: Duration = Duration::from_secs(1);

/// How often it is written down how far was read. What is read twice does no harm.
const NOTED: Duration = Duration::from_secs(5);

/// Reads the topics of what a service owns, together with its other processes.
pub struct CacheInvalidator {
    runtime: Arc<Runtime>,
    cache: Arc<dyn Cache>,
    owned: Vec<PublishedAggregate>,
    /// How far partitions were read since that was written down.
    read: BTreeMap<(String, u32), OffsetAdvance>,
    noted: Instant,
}

impl CacheInvalidator {
    /// For these aggregates of a service.
    pub fn new(
        runtime: Arc<Runtime>,
        cache: Arc<dyn Cache>,
        owned: Vec<PublishedAggregate>,
    ) -> Self {
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
                self.runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, "events do not reach the cache"),
                );
                tokio::select! {
                    () = tokio::time::sleep(REST) => {}
                    _ = shutdown.wait_for(|down| *down) => {}
                }
            }
        }
    }

    /// Where nothing is written down, nothing older is in the cache.
    async fn session(&mut self) -> Result<(), GroupMemberError> {
        let runtime = Arc::clone(&self.runtime);
        let topics: Vec<_> = self.owned.iter().map(|it| it.topic.to_owned()).collect();
        let joined = GroupMember::join(Arc::clone(&runtime), HANDLER, &topics, OffsetReset::End);
        let mut reading = joined.await?;
        let mut shutdown = runtime.shutdown.clone();
        while !*runtime.shutdown.borrow() {
            let polled = tokio::select! {
                polled = reading.poll(AT_ONCE, NOTED.as_millis() as u64) => polled?,
                _ = shutdown.wait_for(|down| *down) => break,
            };
            match polled {
                Polled::Messages(messages) => self.take(&mut reading, &messages).await?,
                Polled::Revoked(_) => self.note().await,
                Polled::Assigned(_) | Polled::OutOfRange { .. } => {}
            }
            if self.noted.elapsed() >= NOTED {
                self.note().await;
            }
        }
        self.note().await;
        Ok(())
    }

    async fn take(
        &mut self,
        reading: &mut GroupMember,
        messages: &[Delivery],
    ) -> Result<(), GroupMemberError> {
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
            return Ok(());
        };
        if self.tell(messages).await.is_err() {
            // Until the cache answers: it may have what is older.
            reading.again(first).await?;
            tokio::time::sleep(REST).await;
            return Ok(());
        }
        let advance = reading.advance(last);
        reading.commit(&advance).await?;
        let place = (advance.topic.clone(), advance.partition);
        self.read.insert(place, advance);
        Ok(())
    }

    /// Tells the cache the last version of each aggregate.
    async fn tell(&self, messages: &[Delivery]) -> Result<(), CacheUnavailable> {
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
                self.cache.invalidate(owned.schema, id, version).await?;
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
