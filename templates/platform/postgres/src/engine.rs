//! The engine: what is asked of it goes to a connection, and what is written to the writer.

use std::sync::Arc;

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find,
    Found, Generation, Migration, OffsetAdvance, OpenError, Options, OutboxDepth, OutboxEvent,
    OutboxRow, Page, Peek, ReadReplicas, WriteSet,
};
use sqlx::Connection;
use uuid::Uuid;

use super::outbox::{self, OutboxCapacity};
use super::pool::Pool;
use super::replicas::Standbys;
use super::tables::Tables;
use super::writer::Writer;
use super::{connect, documents, event_log, find, generations, migrate, progress, rows, statement};

/// How many rows are deleted in one transaction when many are.
const CLEANUP_BATCH: u32 = 1_000;

/// How many transactions write at the same time; the server writes them to the disk together.
const WRITERS: usize = 16;

/// A database of a PostgreSQL server.
pub struct PostgresEngine {
    writer: Writer,
    readers: Arc<Pool>,
    standbys: Option<Standbys>,
    tables: Arc<Tables>,
    shards: u32,
}

/// Runs a function over a connection of a pool, and gives the connection back.
macro_rules! over {
    ($pool:expr, $function:path $(, $argument:expr)*) => {{
        let mut connection = $pool.take().await?;
        let outcome = $function(connection.get()? $(, $argument)*).await;
        connection.done(outcome)
    }};
}

impl PostgresEngine {
    /// Opens the database at `url`, to which [`migrate()`] has applied all of `migrations`.
    ///
    /// # Errors
    /// When it cannot be reached or used, would not keep what is committed, or has not had just
    /// these migrations.
    pub async fn open(
        url: &str,
        migrations: &[Migration],
        options: Options,
    ) -> Result<Self, OpenError> {
        let with = connect::options(url)?;
        let mut connection = connect::prepare(&with).await?;
        migrate::check_complete(&mut connection, migrations).await?;
        let unusable = |error: EngineError| OpenError::Unusable(error.to_string());
        event_log::make_partitions(&mut connection)
            .await
            .map_err(unusable)?;
        if let Err(error) = connection.close().await {
            tracing::debug!(%error, "the first connection did not end well");
        }
        let tables: Arc<Tables> = Arc::default();
        Ok(Self {
            writer: Writer {
                pool: Pool::new(with.clone(), WRITERS),
                tables: Arc::clone(&tables),
                capacity: OutboxCapacity::new(options.outbox_limit),
            },
            readers: Arc::new(Pool::new(with, options.readers)),
            standbys: None,
            tables,
            shards: options.shards.max(1),
        })
    }

    /// The same, which lets streaming standbys at `urls` answer reads for callers, each over as many
    /// connections as `options` has readers.
    ///
    /// # Errors
    /// When a URL cannot be read, or the server does not answer. A standby that is not there yet is
    /// asked when it is.
    pub async fn with_standbys(
        mut self,
        urls: &[&str],
        options: Options,
    ) -> Result<Self, OpenError> {
        let (server, tables) = (Arc::clone(&self.readers), Arc::clone(&self.tables));
        let standbys = Standbys::new(urls, options.readers, server, tables);
        self.standbys = Some(standbys.await?);
        Ok(self)
    }
}

#[async_trait]
impl Engine for PostgresEngine {
    /// The clock of the server.
    async fn now(&self) -> Result<Timestamp, EngineError> {
        over!(self.writer.pool, statement::now)
    }

    async fn load(
        &self,
        schema: &'static Schema,
        generation: Generation,
        id: Uuid,
    ) -> Result<Found, EngineError> {
        let sql = self.tables.of(schema);
        over!(self.readers, rows::load, &sql, schema, generation, id)
    }

    async fn load_each(
        &self,
        schema: &'static Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, EngineError> {
        let sql = self.tables.of(schema);
        over!(self.readers, rows::load_each, &sql, schema, generation, ids)
    }

    async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        let sql = self.tables.of(find.schema);
        over!(self.readers, find::page, &sql, find)
    }

    fn read_replicas(&self) -> Option<&dyn ReadReplicas> {
        let standbys = self.standbys.as_ref()?;
        Some(standbys)
    }

    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError> {
        over!(
            self.readers,
            rows::tombstones,
            schema,
            generation,
            after,
            limit
        )
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        let written = self.writer.write(std::slice::from_ref(&write)).await;
        written.map_err(|(_, error)| error)
    }

    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)> {
        if writes.is_empty() {
            return Ok(());
        }
        self.writer.write(&writes).await
    }

    fn shards(&self) -> u32 {
        self.shards
    }

    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        self.outbox_beyond(shard, &[], limit).await
    }

    async fn outbox_beyond(
        &self,
        shard: u32,
        known: &[Uuid],
        limit: u32,
    ) -> Result<Vec<OutboxRow>, EngineError> {
        over!(
            self.writer.pool,
            outbox::oldest,
            self.shards,
            shard,
            known,
            limit
        )
    }

    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError> {
        over!(self.writer.pool, outbox::acknowledge, ids)
    }

    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        over!(self.writer.pool, outbox::marked, limit)
    }

    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError> {
        over!(self.writer.pool, outbox::refuse, id, why)
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError> {
        over!(self.writer.pool, outbox::depth)
    }

    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError> {
        over!(self.readers, event_log::read, aggregate_type, after, limit)
    }

    async fn rewrite_event_log(&self, events: &[OutboxEvent]) -> Result<(), EngineError> {
        over!(self.writer.pool, event_log::rewrite, events)
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        over!(self.writer.pool, event_log::trim, before)
    }

    async fn applied_sequences(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError> {
        over!(
            self.readers,
            progress::applied_sequences,
            handler,
            generation,
            aggregates
        )
    }

    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError> {
        over!(self.readers, progress::offsets, handler, generation)
    }

    async fn drop_generation(
        &self,
        schema: Option<&'static Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), EngineError> {
        loop {
            let left = over!(
                self.writer.pool,
                generations::drop_some,
                schema,
                handler,
                generation,
                CLEANUP_BATCH
            )?;
            if !left {
                return Ok(());
            }
        }
    }

    async fn document(
        &self,
        collection: Documents,
        key: &str,
    ) -> Result<Option<Document>, EngineError> {
        over!(self.readers, documents::get, collection, key)
    }

    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError> {
        over!(self.readers, documents::list, query)
    }

    async fn count(&self, collection: Documents) -> Result<u64, EngineError> {
        over!(self.readers, documents::count, collection)
    }

    async fn peek(&self, collections: &[Documents]) -> Result<Peek, EngineError> {
        over!(self.readers, documents::peek, collections)
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        over!(self.writer.pool, documents::lease, name, owner, millis)
    }
}
