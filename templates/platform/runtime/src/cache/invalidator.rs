//! Invalidates what the cache has by the events of what has changed: they come also where whoever made a
//! change could not.

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

/// The pause after a failure.
const BACK_OFF: Duration = Duration::from_secs(1);

/// How often offsets are committed. What is read twice does no harm.
const COMMIT_INTERVAL: Duration = Duration::from_secs(5);

/// Reads the topics of what a service owns, together with its other processes.
pub struct CacheInvalidator {
    runtime: Arc<Runtime>,
    cache: Arc<dyn Cache>,
    owned: Vec<PublishedAggregate>,
    /// How far partitions were read since offsets were committed.
    read: BTreeMap<(String, u32), OffsetAdvance>,
    committed: Instant,
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
            committed: Instant::now(),
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
                    () = tokio::time::sleep(BACK_OFF) => {}
                    _ = shutdown.wait_for(|down| *down) => {}
                }
            }
        }
    }

    /// Of a partition without an offset, nothing older is in the cache.
    async fn session(&mut self) -> Result<(), GroupMemberError> {
        let runtime = Arc::clone(&self.runtime);
        let topics: Vec<_> = self.owned.iter().map(|it| it.topic.to_owned()).collect();
        let joined = GroupMember::join(Arc::clone(&runtime), HANDLER, &topics, OffsetReset::End);
        let mut member = joined.await?;
        let mut shutdown = runtime.shutdown.clone();
        while !*runtime.shutdown.borrow() {
            let polled = tokio::select! {
                polled = member.poll(AT_ONCE, COMMIT_INTERVAL.as_millis() as u64) => polled?,
                _ = shutdown.wait_for(|down| *down) => break,
            };
            match polled {
                Polled::Messages(messages) => self.handle(&mut member, &messages).await?,
                Polled::Revoked(_) => self.commit_offsets().await,
                Polled::Assigned(_) | Polled::OutOfRange { .. } => {}
            }
            if self.committed.elapsed() >= COMMIT_INTERVAL {
                self.commit_offsets().await;
            }
        }
        self.commit_offsets().await;
        Ok(())
    }

    async fn handle(
        &mut self,
        member: &mut GroupMember,
        messages: &[Delivery],
    ) -> Result<(), GroupMemberError> {
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
            return Ok(());
        };
        if self.invalidate(messages).await.is_err() {
            // Until the cache answers: it may have what is older.
            member.seek_back(first).await?;
            tokio::time::sleep(BACK_OFF).await;
            return Ok(());
        }
        let advance = member.advance(last);
        member.commit(&advance).await?;
        let topic_partition = (advance.topic.clone(), advance.partition);
        self.read.insert(topic_partition, advance);
        Ok(())
    }

    /// Invalidates each aggregate below its last version.
    async fn invalidate(&self, messages: &[Delivery]) -> Result<(), CacheUnavailable> {
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

    async fn commit_offsets(&mut self) {
        self.committed = Instant::now();
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
