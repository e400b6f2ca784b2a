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
mod driver;
mod engine;
mod error;
mod find;
mod generations;
mod migrate;
mod outbox;
mod progress;
mod rows;
mod save;
mod tables;
mod unreleased;

pub use driver::Sqlite;
pub use engine::SqliteEngine;
pub use migrate::migrate;
