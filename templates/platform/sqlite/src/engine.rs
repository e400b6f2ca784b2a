//! The operations of an engine: what is asked of the threads that read and of the one that writes.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    AppliedSequence, CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find,
    Found, Generation, Migration, OffsetAdvance, OpenError, Options, OutboxDepth, OutboxEvent,
    OutboxRow, Page, Peek, WriteSet,
};
use platform_sqlite_file::{Readers, Writer};
use rusqlite::Connection;
use uuid::Uuid;

use super::error::{ApplyError, Error};
use super::tables::Tables;
use super::{apply, connect, documents, find, generations, migrate, outbox, progress, rows};

/// How many rows are deleted in one transaction when many are.
const CLEANUP_BATCH: u32 = 1_000;

/// A database in a SQLite file.
pub struct SqliteEngine {
    writer: Writer<Error>,
    readers: Readers<Error>,
    tables: Arc<Tables>,
    options: Options,
}

/// A failure of one of several write sets.
struct WriteSetError {
    index: usize,
    error: ApplyError,
}

impl From<Error> for WriteSetError {
    fn from(error: Error) -> Self {
        Self {
            index: 0,
            error: error.into(),
        }
    }
}

impl SqliteEngine {
    /// Opens the database at `path`, to which [`migrate`] has applied all of `migrations`.
    ///
    /// # Errors
    /// When it cannot be used, would not keep what is committed, or has not had just these
    /// migrations.
    pub fn open(
        path: &Path,
        migrations: &[Migration],
        options: Options,
    ) -> Result<Self, OpenError> {
        migrate::check_complete(&connect::prepare(path)?, migrations)?;
        let unusable = |error: Error| OpenError::Unusable(error.to_string());
        Ok(Self {
            writer: connect::writer(path).map_err(unusable)?,
            readers: connect::readers(path, options.readers.max(1)).map_err(unusable)?,
            tables: Arc::default(),
            options: Options {
                shards: options.shards.max(1),
                ..options
            },
        })
    }

    /// Reads from one snapshot.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, EngineError> {
        Ok(self.readers.read(work).await?)
    }

    /// Writes durably.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, EngineError> {
        Ok(self.writer.write(work).await?)
    }
}

#[async_trait]
impl Engine for SqliteEngine {
    /// The clock of the machine: all that share the file are on it.
    async fn now(&self) -> Result<Timestamp, EngineError> {
        Ok(Timestamp::now())
    }

    async fn load_each(
        &self,
        schema: &'static Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, EngineError> {
        let sql = self.tables.of(schema);
        let ids = ids.to_vec();
        self.read(move |connection| {
            let rows = ids.iter();
            rows.map(|id| rows::load(connection, &sql, schema, generation, *id))
                .collect()
        })
        .await
    }

    async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        let find = find.clone();
        let sql = self.tables.of(find.schema);
        self.read(move |connection| find::page(connection, &sql, &find))
            .await
    }

    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError> {
        self.read(move |connection| rows::tombstones(connection, schema, generation, after, limit))
            .await
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        let (tables, limit) = (Arc::clone(&self.tables), self.options.outbox_limit);
        let apply = move |connection: &Connection| apply::apply(connection, &tables, limit, &write);
        Ok(self.writer.write(apply).await?)
    }

    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)> {
        let (tables, limit) = (Arc::clone(&self.tables), self.options.outbox_limit);
        let all = move |connection: &Connection| {
            for (index, write) in writes.iter().enumerate() {
                apply::apply(connection, &tables, limit, write)
                    .map_err(|error| WriteSetError { index, error })?;
            }
            Ok(())
        };
        self.writer
            .write(all)
            .await
            .map_err(|WriteSetError { index, error }| (index, error.into()))
    }

    fn shards(&self) -> u32 {
        self.options.shards
    }

    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        let shards = self.options.shards;
        self.read(move |connection| outbox::oldest(connection, shards, shard, limit))
            .await
    }

    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError> {
        let ids = ids.to_vec();
        self.write(move |connection| outbox::acknowledge(connection, &ids))
            .await
    }

    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        self.read(move |connection| outbox::refused(connection, limit))
            .await
    }

    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError> {
        let why = why.map(str::to_owned);
        self.write(move |connection| outbox::refuse(connection, id, why.as_deref()))
            .await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError> {
        self.read(outbox::depth).await
    }

    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError> {
        let aggregate_type = aggregate_type.to_owned();
        self.read(move |connection| outbox::log(connection, &aggregate_type, after, limit))
            .await
    }

    async fn rewrite_event_log(&self, events: &[OutboxEvent]) -> Result<(), EngineError> {
        let events = events.to_vec();
        self.write(move |connection| outbox::rewrite_log(connection, &events))
            .await
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        let mut all = 0;
        loop {
            let deleted: u64 = self
                .write(move |connection| outbox::trim(connection, before, CLEANUP_BATCH))
                .await?;
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
        let (handler, aggregates) = (handler.to_owned(), aggregates.to_vec());
        self.read(move |connection| {
            progress::applied_sequences(connection, &handler, generation, &aggregates)
        })
        .await
    }

    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError> {
        let handler = handler.to_owned();
        self.read(move |connection| progress::offsets(connection, &handler, generation))
            .await
    }

    async fn drop_generation(
        &self,
        schema: Option<&'static Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), EngineError> {
        loop {
            let handler = handler.to_owned();
            let left = self
                .write(move |connection| {
                    generations::drop_some(connection, schema, &handler, generation, CLEANUP_BATCH)
                })
                .await?;
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
        let key = key.to_owned();
        self.read(move |connection| documents::get(connection, collection, &key))
            .await
    }

    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError> {
        let query = query.clone();
        self.read(move |connection| documents::list(connection, &query))
            .await
    }

    async fn count(&self, collection: Documents) -> Result<u64, EngineError> {
        self.read(move |connection| documents::count(connection, collection))
            .await
    }

    async fn peek(&self, collections: &[Documents]) -> Result<Peek, EngineError> {
        let collections = collections.to_vec();
        self.read(move |connection| documents::peek(connection, &collections))
            .await
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        let name = name.to_owned();
        self.write(move |connection| {
            documents::lease(connection, &name, owner, millis, Timestamp::now())
        })
        .await
    }
}
