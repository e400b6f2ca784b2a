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
//! the modules `handler_batch` and `row_with_events`. If one finds anything else than it expects, it does
//! nothing, and a transaction of single steps tells what it is.
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
mod driver;
mod engine;
mod error;
mod event_log;
mod find;
mod generations;
mod handler_batch;
mod locks;
mod migrate;
mod numeric;
mod outbox;
mod pool;
mod progress;
mod replicas;
mod row_with_events;
mod rows;
mod save;
mod setup;
mod shard;
mod standby;
mod statement;
mod tables;
#[cfg(feature = "testing")]
mod test_server;
mod unreleased;
mod value;
mod writer;

pub use driver::Postgres;
pub use engine::PostgresEngine;
pub use migrate::migrate;
pub use setup::own_database;
