//! A real engine that fails now and then, as a database does that is out of reach.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find,
    Found, Generation, OffsetAdvance, OutboxDepth, OutboxEvent, OutboxRow, Page, WriteSet,
};
use uuid::Uuid;

/// The wrapped engine.
pub struct Ailing {
    inner: Arc<dyn Engine>,
    /// Which commits fail.
    which: fn(&WriteSet) -> bool,
    /// How many of the next of these.
    fails: AtomicU32,
}

impl Ailing {
    /// An engine that fails so many times at such a commit.
    pub fn new(inner: Arc<dyn Engine>, which: fn(&WriteSet) -> bool, fails: u32) -> Arc<Self> {
        let fails = fails.into();
        Arc::new(Self {
            inner,
            which,
            fails,
        })
    }

    /// How many failures are still to come.
    pub fn fails(&self) -> u32 {
        self.fails.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Engine for Ailing {
    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        if (self.which)(&write) {
            let fewer = |fails: u32| fails.checked_sub(1);
            let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
            if self.fails.fetch_update(set, get, fewer).is_ok() {
                return Err(EngineError::Unavailable("out of reach".to_owned()).into());
            }
        }
        self.inner.commit(write).await
    }

    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)> {
        self.inner.commit_all(writes).await
    }

    async fn now(&self) -> Result<Timestamp, EngineError> {
        self.inner.now().await
    }

    async fn load_each(
        &self,
        schema: &'static Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, EngineError> {
        self.inner.load_each(schema, generation, ids).await
    }

    async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        self.inner.find(find).await
    }

    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError> {
        self.inner.deleted(schema, generation, after, limit).await
    }

    fn shards(&self) -> u32 {
        self.inner.shards()
    }

    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        self.inner.outbox(shard, limit).await
    }

    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError> {
        self.inner.acknowledge(ids).await
    }

    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        self.inner.refused(limit).await
    }

    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError> {
        self.inner.refuse(id, why).await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError> {
        self.inner.outbox_depth().await
    }

    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError> {
        self.inner.event_log(aggregate_type, after, limit).await
    }

    async fn rewrite_event_log(&self, events: &[OutboxEvent]) -> Result<(), EngineError> {
        self.inner.rewrite_event_log(events).await
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        self.inner.trim_event_log(before).await
    }

    async fn applied_sequences(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError> {
        self.inner
            .applied_sequences(handler, generation, aggregates)
            .await
    }

    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError> {
        self.inner.offsets(handler, generation).await
    }

    async fn drop_generation(
        &self,
        schema: Option<&'static Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), EngineError> {
        self.inner
            .drop_generation(schema, handler, generation)
            .await
    }

    async fn document(
        &self,
        collection: Documents,
        key: &str,
    ) -> Result<Option<Document>, EngineError> {
        self.inner.document(collection, key).await
    }

    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError> {
        self.inner.documents(query).await
    }

    async fn count(&self, collection: Documents) -> Result<u64, EngineError> {
        self.inner.count(collection).await
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        self.inner.lease(name, owner, millis).await
    }
}
