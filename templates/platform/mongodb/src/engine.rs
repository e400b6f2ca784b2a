//! The engine: what is asked of it is asked of the store, whose errors become those of all engines here.

use std::slice;

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find,
    Found, Generation, Migration, OffsetAdvance, OpenError, Options, OutboxDepth, OutboxEvent,
    OutboxRow, Page, WriteSet,
};
use uuid::Uuid;

use super::error::Error;
use super::store::Store;
use super::{connect, migrate};

/// A database of a MongoDB server, replica set or sharded cluster.
pub struct MongodbEngine {
    store: Store,
}

impl MongodbEngine {
    /// Opens the database that a URL names, to which [`migrate()`] has applied all of `migrations`.
    ///
    /// # Errors
    /// When its server does not answer, would not keep what is committed, or the database cannot be
    /// used or has not had just these migrations.
    pub async fn open(
        url: &str,
        migrations: &[Migration],
        options: Options,
    ) -> Result<Self, OpenError> {
        let connection = connect::connect(url).await?;
        connection.check_durable().await?;
        migrate::check_complete(&connection, migrations).await?;
        let options = Options {
            shards: options.shards.max(1),
            ..options
        };
        let store = Store::open(connection, options).await?;
        let unusable = |error: Error| OpenError::Unusable(error.to_string());
        store.now().await.map_err(unusable)?;
        Ok(Self { store })
    }
}

#[async_trait]
impl Engine for MongodbEngine {
    async fn now(&self) -> Result<Timestamp, EngineError> {
        Ok(self.store.now().await?)
    }

    async fn load_each(
        &self,
        schema: &'static Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, EngineError> {
        Ok(self.store.load_each(schema, generation, ids).await?)
    }

    async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        Ok(self.store.page(find).await?)
    }

    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError> {
        Ok(self.store.deleted(schema, generation, after, limit).await?)
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        let committed = self.store.commit(slice::from_ref(&write)).await;
        committed.map_err(|(_, why)| why)
    }

    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)> {
        self.store.commit(&writes).await
    }

    fn shards(&self) -> u32 {
        self.store.options.shards
    }

    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        Ok(self.store.oldest(shard, limit).await?)
    }

    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError> {
        Ok(self.store.acknowledge(ids).await?)
    }

    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        Ok(self.store.refused(limit).await?)
    }

    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError> {
        Ok(self.store.refuse(id, why).await?)
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError> {
        self.store.cleanup().await?;
        Ok(self.store.depth().await?)
    }

    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError> {
        Ok(self.store.events(aggregate_type, after, limit).await?)
    }

    async fn rewrite_event_log(&self, events: &[OutboxEvent]) -> Result<(), EngineError> {
        Ok(self.store.rewrite_events(events).await?)
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        Ok(self.store.trim(before).await?)
    }

    async fn applied_sequences(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError> {
        Ok(self
            .store
            .applied_sequences(handler, generation, aggregates)
            .await?)
    }

    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError> {
        Ok(self.store.offsets(handler, generation).await?)
    }

    async fn drop_generation(
        &self,
        schema: Option<&'static Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), EngineError> {
        Ok(self
            .store
            .drop_generation(schema, handler, generation)
            .await?)
    }

    async fn document(
        &self,
        collection: Documents,
        key: &str,
    ) -> Result<Option<Document>, EngineError> {
        Ok(self.store.document(collection, key).await?)
    }

    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError> {
        Ok(self.store.documents(query).await?)
    }

    async fn requests(&self, table: &str, id: Uuid) -> Result<Vec<Document>, EngineError> {
        Ok(self.store.requests(table, id).await?)
    }

    async fn count(&self, collection: Documents) -> Result<u64, EngineError> {
        Ok(self.store.count(collection).await?)
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        Ok(self.store.lease(name, owner, millis).await?)
    }
}
