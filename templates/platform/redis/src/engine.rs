//! The engine: what is asked of it goes to the server's functions, and what is written to group commit.

use std::sync::Arc;

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find,
    Found, Generation, Migration, OffsetAdvance, OpenError, Options, OutboxDepth, OutboxEvent,
    OutboxRow, Page, WriteSet,
};
use serde_json::json;
use uuid::Uuid;

use super::connect::Connection;
use super::error::{corrupt, failure};
use super::group_commit::GroupCommit;
use super::write::PreparedWriteSet;
use super::{connect, documents, find, generations, migrate, outbox, progress, rows};

/// How many events are deleted in one call when many are.
const CLEANUP_BATCH: u32 = 1_000;

/// A place in a Redis.
pub struct RedisEngine {
    connection: Arc<Connection>,
    group_commit: GroupCommit,
    options: Options,
}

impl RedisEngine {
    /// Opens the place that `url` names, to which [`migrate()`] has applied all of `migrations`.
    ///
    /// # Errors
    /// When the server does not answer, would not keep what is committed, or has not had just these
    /// migrations.
    pub async fn open(
        url: &str,
        migrations: &[Migration],
        options: Options,
    ) -> Result<Self, OpenError> {
        let connection = connect::connect(url).await?;
        migrate::check_complete(&connection, migrations).await?;
        let loaded = connection.load_library().await;
        loaded.map_err(|error| connection.address().refused(&error))?;
        let connection = Arc::new(connection);
        Ok(Self {
            group_commit: GroupCommit::start(Arc::clone(&connection), options.outbox_limit),
            connection,
            options: Options {
                shards: options.shards.max(1),
                ..options
            },
        })
    }
}

#[async_trait]
impl Engine for RedisEngine {
    async fn now(&self) -> Result<Timestamp, EngineError> {
        let now: String = self.connection.read("now", &json!({})).await?;
        rows::instant(&now)
    }

    async fn load_each(
        &self,
        schema: &'static Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, EngineError> {
        rows::load_each(&self.connection, schema, generation, ids).await
    }

    async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        find::page(&self.connection, find).await
    }

    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError> {
        rows::tombstones(&self.connection, schema, generation, after, limit).await
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        let mut write = PreparedWriteSet::new(&write)?;
        let text = std::mem::take(&mut write.text);
        write.outcome(&self.group_commit.commit(text).await?)
    }

    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)> {
        let mut prepared = Vec::with_capacity(writes.len());
        for (at, write) in writes.iter().enumerate() {
            prepared.push(PreparedWriteSet::new(write).map_err(|error| (at, error.into()))?);
        }
        let texts = prepared.iter().map(|write| write.text.clone());
        let limit = std::iter::once(self.options.outbox_limit.to_string());
        let arguments: Vec<String> = limit.chain(texts).collect();
        let answer: Vec<String> = match self.connection.call("all", &arguments).await {
            Ok(answer) => answer,
            Err(error) => return Err((0, failure(error).into())),
        };
        let malformed = || (0, corrupt("an answer").into());
        let [at, why] = match answer.as_slice() {
            [] => return Ok(()),
            [at, why] => [at, why],
            _ => return Err(malformed()),
        };
        let at: usize = at.parse().map_err(|_| malformed())?;
        let failed = prepared.get(at).ok_or_else(malformed)?;
        failed.outcome(why).map_err(|error| (at, error))
    }

    fn shards(&self) -> u32 {
        self.options.shards
    }

    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        outbox::oldest(&self.connection, self.options.shards, shard, limit).await
    }

    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError> {
        outbox::acknowledge(&self.connection, ids).await
    }

    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        outbox::refused(&self.connection, limit).await
    }

    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError> {
        outbox::refuse(&self.connection, id, why).await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError> {
        outbox::depth(&self.connection).await
    }

    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError> {
        outbox::log(&self.connection, aggregate_type, after, limit).await
    }

    async fn rewrite_event_log(&self, events: &[OutboxEvent]) -> Result<(), EngineError> {
        outbox::rewrite_log(&self.connection, events).await
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        let mut all = 0;
        loop {
            let deleted = outbox::trim(&self.connection, before, CLEANUP_BATCH).await?;
            if deleted == 0 {
                return Ok(all);
            }
            all += deleted;
        }
    }

    async fn applied_sequences(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError> {
        progress::applied_sequences(&self.connection, handler, generation, aggregates).await
    }

    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError> {
        progress::offsets(&self.connection, handler, generation).await
    }

    async fn drop_generation(
        &self,
        schema: Option<&'static Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), EngineError> {
        generations::drop_generation(&self.connection, schema, handler, generation).await
    }

    async fn document(
        &self,
        collection: Documents,
        key: &str,
    ) -> Result<Option<Document>, EngineError> {
        documents::get(&self.connection, collection, key).await
    }

    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError> {
        documents::list(&self.connection, query).await
    }

    async fn count(&self, collection: Documents) -> Result<u64, EngineError> {
        documents::count(&self.connection, collection).await
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        documents::lease(&self.connection, name, owner, millis).await
    }
}
