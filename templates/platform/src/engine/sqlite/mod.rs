//! SQLite: a file that the processes of one machine share.
//!
//! # The tables of a schema
//! A service's migrations have to make them in this shape; every name is quoted.
//!
//! An aggregate, with `STRICT`:
//! ```sql
//! CREATE TABLE "<table>" (
//!     "id" TEXT PRIMARY KEY, "version" INTEGER NOT NULL,
//!     "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
//!     …columns
//! ) STRICT;
//! CREATE UNIQUE INDEX "<table>_<unique name>_key" ON "<table>" (…members in their order);
//! ```
//! A collection; its index serves reading and the foreign key:
//! ```sql
//! CREATE TABLE "<collection>" (
//!     "id" TEXT PRIMARY KEY,
//!     "_parent" TEXT NOT NULL REFERENCES "<table>"("id") ON DELETE CASCADE,
//!     "_position" INTEGER NOT NULL,
//!     …columns
//! ) STRICT;
//! CREATE INDEX "<collection>_parent" ON "<collection>" ("_parent", "_position");
//! ```
//! A projection, which has neither unique indexes nor foreign keys:
//! ```sql
//! CREATE TABLE "<table>" (
//!     "_generation" INTEGER NOT NULL, "id" TEXT NOT NULL, "version" INTEGER NOT NULL,
//!     "created_at" TEXT NOT NULL, "updated_at" TEXT NOT NULL,
//!     …columns,
//!     PRIMARY KEY ("_generation", "id")
//! ) WITHOUT ROWID, STRICT;
//! ```
//! Types of columns: TEXT for text, UUID, date, timestamp, enum, JSON, value objects and every list;
//! INTEGER for bool, int, duration and decimals of at most 18 digits; TEXT for longer decimals; REAL
//! for float; BLOB for bytes. A required one is `NOT NULL`. A column that names a row of the same
//! service, and is no list, has `REFERENCES "<other table>"("id")` without an action, and an index of
//! its own, from which deletions of the other row profit.

mod apply;
mod codec;
mod collections;
mod connect;
mod constraints;
mod documents;
mod error;
mod find;
mod generations;
mod job;
mod migrate;
mod outbox;
mod progress;
mod readers;
mod rows;
mod save;
mod tables;
mod writer;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use self::readers::Readers;
use self::tables::Tables;
use self::writer::Writer;
use super::migration::{Migration, OpenError};
use super::{
    CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find, Found, Gate,
    Generation, Glance, OffsetAdvance, Options, OutboxDepth, OutboxEvent, OutboxRow, Page,
    WriteSet,
};
use crate::schema::Schema;
use crate::value::Timestamp;

pub use migrate::migrate;

/// How many rows are deleted in one transaction when many are.
const SWEEP: u32 = 1_000;

/// A database in a SQLite file.
pub struct SqliteEngine {
    writer: Writer,
    readers: Readers,
    tables: Arc<Tables>,
    options: Options,
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
        let unusable = |error: EngineError| OpenError::Unusable(error.to_string());
        Ok(Self {
            writer: Writer::start(path).map_err(unusable)?,
            readers: Readers::start(path, options.readers.max(1)).map_err(unusable)?,
            tables: Arc::default(),
            options: Options {
                shards: options.shards.max(1),
                ..options
            },
        })
    }
}

/// A failure of one of several write sets.
struct Failure {
    at: usize,
    why: CommitError,
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self {
            at: 0,
            why: error.into(),
        }
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
        self.readers
            .read(move |connection| {
                let rows = ids.iter();
                rows.map(|id| rows::load(connection, &sql, schema, generation, *id))
                    .collect()
            })
            .await
    }

    async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        let find = find.clone();
        let sql = self.tables.of(find.schema);
        self.readers
            .read(move |connection| find::page(connection, &sql, &find))
            .await
    }

    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError> {
        self.readers
            .read(move |connection| rows::tombstones(connection, schema, generation, after, limit))
            .await
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        let (tables, limit) = (Arc::clone(&self.tables), self.options.outbox_limit);
        self.writer
            .write(move |connection| apply::apply(connection, &tables, limit, &write))
            .await
    }

    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)> {
        let (tables, limit) = (Arc::clone(&self.tables), self.options.outbox_limit);
        let all = move |connection: &rusqlite::Connection| {
            for (at, write) in writes.iter().enumerate() {
                apply::apply(connection, &tables, limit, write)
                    .map_err(|why| Failure { at, why })?;
            }
            Ok(())
        };
        self.writer
            .write(all)
            .await
            .map_err(|Failure { at, why }| (at, why))
    }

    fn shards(&self) -> u32 {
        self.options.shards
    }

    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        let shards = self.options.shards;
        self.readers
            .read(move |connection| outbox::oldest(connection, shards, shard, limit))
            .await
    }

    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError> {
        let ids = ids.to_vec();
        self.writer
            .write(move |connection| outbox::acknowledge(connection, &ids))
            .await
    }

    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError> {
        self.readers
            .read(move |connection| outbox::refused(connection, limit))
            .await
    }

    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError> {
        let why = why.map(str::to_owned);
        self.writer
            .write(move |connection| outbox::refuse(connection, id, why.as_deref()))
            .await
    }

    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError> {
        self.readers.read(outbox::depth).await
    }

    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError> {
        let aggregate_type = aggregate_type.to_owned();
        self.readers
            .read(move |connection| outbox::log(connection, &aggregate_type, after, limit))
            .await
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        let mut all = 0;
        loop {
            let deleted: u64 = self
                .writer
                .write(move |connection| outbox::trim(connection, before, SWEEP))
                .await?;
            if deleted == 0 {
                return Ok(all);
            }
            all += deleted;
        }
    }

    async fn gates(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, Gate)>, EngineError> {
        let (handler, aggregates) = (handler.to_owned(), aggregates.to_vec());
        self.readers
            .read(move |connection| progress::gates(connection, &handler, generation, &aggregates))
            .await
    }

    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError> {
        let handler = handler.to_owned();
        self.readers
            .read(move |connection| progress::offsets(connection, &handler, generation))
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
                .writer
                .write(move |connection| {
                    generations::drop_some(connection, schema, &handler, generation, SWEEP)
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
        self.readers
            .read(move |connection| documents::get(connection, collection, &key))
            .await
    }

    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError> {
        let query = query.clone();
        self.readers
            .read(move |connection| documents::list(connection, &query))
            .await
    }

    async fn count(&self, collection: Documents) -> Result<u64, EngineError> {
        self.readers
            .read(move |connection| documents::count(connection, collection))
            .await
    }

    async fn glance(&self, collections: &[Documents]) -> Result<Glance, EngineError> {
        let collections = collections.to_vec();
        self.readers
            .read(move |connection| documents::glance(connection, &collections))
            .await
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        let name = name.to_owned();
        self.writer
            .write(move |connection| {
                documents::lease(connection, &name, owner, millis, Timestamp::now())
            })
            .await
    }
}
