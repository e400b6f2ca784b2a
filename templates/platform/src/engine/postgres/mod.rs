//! PostgreSQL, 14 or later.
//!
//! # The tables of a schema
//! A service's migrations have to make them in this shape; every name is quoted.
//!
//! An aggregate:
//! ```sql
//! CREATE TABLE "<table>" (
//!     "id" UUID PRIMARY KEY, "version" BIGINT NOT NULL,
//!     "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
//!     …columns
//! );
//! CREATE UNIQUE INDEX … ON "<table>" (…members in their order);
//! ```
//! A collection; its index serves reading and the foreign key:
//! ```sql
//! CREATE TABLE "<collection>" (
//!     "id" UUID PRIMARY KEY,
//!     "_parent" UUID NOT NULL REFERENCES "<table>"("id") ON DELETE CASCADE,
//!     "_position" BIGINT NOT NULL,
//!     …columns
//! );
//! CREATE INDEX "<collection>_parent" ON "<collection>" ("_parent", "_position");
//! ```
//! An aggregate that is divided by a member, and its collections, are partitioned by it; an id is in
//! one partition by the engine's doing, see the module `shard`:
//! ```sql
//! CREATE TABLE "<table>" (
//!     "id" UUID NOT NULL, …as above, PRIMARY KEY ("id", "<member>")
//! ) PARTITION BY HASH ("<member>");
//! CREATE TABLE "<collection>" (
//!     "id" UUID NOT NULL, "_parent" UUID NOT NULL, "_shard" <the member's type> NOT NULL,
//!     "_position" BIGINT NOT NULL, …columns, PRIMARY KEY ("id", "_shard"),
//!     FOREIGN KEY ("_parent", "_shard") REFERENCES "<table>"("id", "<member>") ON DELETE CASCADE
//! ) PARTITION BY HASH ("_shard");
//! ```
//! Nothing else references its rows by a foreign key, which would have to hold the member as well.
//!
//! A projection, which has neither unique indexes nor foreign keys:
//! ```sql
//! CREATE TABLE "<table>" (
//!     "_generation" BIGINT NOT NULL, "id" UUID NOT NULL, "version" BIGINT NOT NULL,
//!     "created_at" TIMESTAMPTZ NOT NULL, "updated_at" TIMESTAMPTZ NOT NULL,
//!     …columns,
//!     PRIMARY KEY ("_generation", "id")
//! );
//! ```
//! Types of columns: `TEXT COLLATE "C"` for text, enum, JSON, value objects and every list; UUID for
//! UUID; BOOLEAN for bool; BIGINT for int and duration (its microseconds); `NUMERIC(precision, scale)`
//! for decimals; DOUBLE PRECISION for float; DATE for date; TIMESTAMPTZ for timestamp; BYTEA for
//! bytes. A required one is `NOT NULL`. A column that names a row of the same service, and is no list,
//! has `REFERENCES "<other table>"("id")` without an action, and an index of its own, from which
//! deletions of the other row profit. An index for an order in which absent members may occur has
//! `NULLS FIRST` with every ascending member that may be absent, `DESC NULLS LAST` with every
//! descending one.
//!
//! A migration runs in a transaction, unless its first line is `-- no transaction`: then it is one
//! statement that has to bear being run again, such as `CREATE INDEX CONCURRENTLY IF NOT EXISTS …`.
//!
//! # How conditions hold until the commit
//! Transactions are READ COMMITTED, and what they rely on is locked first, all in one order:
//! rows that are read or changed by themselves, and what is *not* there (the answer of a search, an
//! empty group, an id never used) by locks of a name, see the module `locks`. SERIALIZABLE for those write
//! sets alone would not do: PostgreSQL finds out what one such transaction does to another only when
//! both are SERIALIZABLE, so every plain write would have to be one, and be begun again for conflicts
//! between neighbours in an index. With locks nothing has to be begun again, plain writers never wait
//! for each other, and who relies on absence waits for the writers of that one table or group.
//! Should the server still give up a transaction for another's sake, it is begun again, and after
//! some attempts is a conflict.
//!
//! # Plans
//! Statements are prepared once per connection, and the server keeps the plans it made when tables
//! were empty, or had the statistics of a moment: a queue that is scanned and sorted as a whole because it
//! was short once gets longer for that. So sessions (not those of migrations) have neither scans of whole tables nor joins of whole
//! tables (see the module `connect`), and what is given as arrays is looked up row by row, `LATERAL`,
//! by the tables' keys, and changed by `ctid`.
//!
//! What a handler has made of a run of messages is one statement, and so is a row with its messages: see
//! the modules `run` and `whole`. If one finds anything else than it expects, it does nothing, and a
//! transaction of single steps tells what it is.
//!
//! # The outbox
//! An aggregate's row is changed, and so locked, before its events get their positions, and the lock
//! is held until the commit: of one key the order of positions is that of commits. Between keys a
//! lower position can be committed later, which is no harm, as a relay begins every pass at the
//! first row there is.
//!
//! A heartbeat's time is the server's clock before the read. A transaction that is open then may
//! commit later, with events that say they are older. The heartbeat is true nevertheless: it says
//! that all that was *committed* by then has been published, and whoever read the owner at that time
//! did not see the open transaction either. What was answered to its caller by then had become
//! visible before the answer, so the read, whose snapshot is younger, sees it. That holds for the
//! server that writes alone, so clock and outbox are never asked of a replica.

mod apply;
mod bulk;
mod codec;
mod collections;
mod connect;
mod constraints;
mod documents;
mod error;
mod find;
mod generations;
mod leases;
mod locks;
mod log;
mod migrate;
mod numeric;
mod outbox;
mod pool;
mod progress;
mod replicas;
mod rows;
mod run;
mod save;
mod setup;
mod shard;
mod standby;
mod statement;
mod tables;
mod value;
mod whole;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::Connection;
use uuid::Uuid;

use self::outbox::Room;
use self::pool::Pool;
use self::replicas::Standbys;
use self::tables::Tables;
use self::writer::Writer;
use super::migration::{Migration, OpenError};
use super::{
    CommitError, Document, Documents, DocumentsQuery, Engine, EngineError, Find, Found, Gate,
    Generation, Glance, OffsetAdvance, Options, OutboxDepth, OutboxEvent, OutboxRow, Page,
    Replicas, WriteSet,
};
use crate::schema::Schema;
use crate::value::Timestamp;

pub use migrate::migrate;
pub use setup::own_database;

/// How many rows are deleted in one transaction when many are.
const SWEEP: u32 = 1_000;

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
    /// Opens the database at `url`, to which [`migrate`] has applied all of `migrations`.
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
        log::make_partitions(&mut connection)
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
                room: Room::new(options.outbox_limit),
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
        over!(self.writer.pool, log::now)
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

    fn replicas(&self) -> Option<&dyn Replicas> {
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
        over!(self.readers, log::read, aggregate_type, after, limit)
    }

    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError> {
        over!(self.writer.pool, log::trim, before)
    }

    async fn gates(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, Gate)>, EngineError> {
        over!(
            self.readers,
            progress::gates,
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
                SWEEP
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

    async fn glance(&self, collections: &[Documents]) -> Result<Glance, EngineError> {
        over!(self.readers, documents::glance, collections)
    }

    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError> {
        over!(self.writer.pool, leases::lease, name, owner, millis)
    }
}
