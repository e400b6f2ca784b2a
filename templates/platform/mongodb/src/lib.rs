//! MongoDB: a standalone server, a replica set or a sharded cluster, without its transactions.
//!
//! # One document
//! A row is one document, the entities inside among its members. It also carries the messages that
//! came with its changes and wait for the broker, and the answers to requests about it that had a key.
//! So a unit of work on one aggregate is one write, bound to the revision that was read: it happens as
//! a whole or not at all, whatever happens to whoever is at it. A deletion leaves the document behind,
//! with its version and its messages; a refused creation leaves one that has its answer and no version.
//!
//! # Several documents
//! A write set over several documents is a transaction of its own making over writes of single ones,
//! in the manner of Percolator (Peng and Dabek, "Large-scale Incremental Processing Using Distributed
//! Transactions and Notifications", OSDI 2010), with a record of the transaction as the primary:
//!
//! 1. All documents are read and all conditions held against them; what is to become of each is
//!    worked out.
//! 2. A record of the transaction is written: undecided, with the keys of all its documents.
//! 3. Into each document an intent is put (`_tx`: the transaction, and what becomes of the document),
//!    in the order of collections and keys, on condition that the document has the revision that was
//!    read and no intent. Where there is no document, a stub takes its place. What has only to stay
//!    as it was read gets an intent without a change.
//! 4. Conditions on sets of documents are held against what is committed.
//! 5. *The commit:* the record becomes committed, on condition that it is there and undecided.
//! 6. Every document becomes what is intended, by an update the server works out from the intent and
//!    that is bound to it; the record is deleted.
//!
//! Whoever meets an intent looks for its record. Committed: it does step 6 itself. None: the
//! transaction was given up (were it finished, no intent would be left), and the intent is taken out.
//! Undecided: after waiting a second it deletes the record, on condition that it is undecided still,
//! and gives the documents back; then the commit of the other finds no record, and comes to nothing.
//! Every step is bound to what it needs to find, so whoever was held up for long and goes on does
//! nothing. No clock decides anything; waiting only spares the living. Nobody waits while holding
//! something, so there is no deadlock: who finds a document moved or held gives all back first, and
//! begins again.
//!
//! Records are read as a majority has them, intents and commits are written to a majority. A primary
//! that does not know of a record has to find a majority for a write before it counts as gone.
//!
//! ## Conditions on sets
//! Locks of documents keep no others from appearing. For a condition on a set (a search's answer, an
//! empty group) guard documents are locked, and one for every set the same write set writes into; but
//! writers without such conditions lock none. Why that is enough: let c(T) be the commit of T, and
//! p(T) the time after all its locks were put, at which its sets are looked at. Documents are locked
//! from before p(T) until after c(T), so all dependencies over documents go along with the order of
//! commits; only when W writes into a set of T after p(T) and commits before T does one go against
//! it, from T to W. A circle needs something that leads back into T, from some X. Over a document, or
//! because T sees what X wrote, that means c(X) < p(T); X with a set that T writes into has locked the
//! same guard as T, which means the same. So between two such edges of a circle time runs only
//! backwards: p(T) < c(W) ≤ … ≤ c(X') < p(T') for each T and the next T', once around: p(T) < p(T).
//! What T sees is what its transaction's caller has seen before, so it is not torn either. Of rows
//! that reference a row to be deleted the row itself is the guard: whoever adds a reference locks it.
//!
//! ## Unique constraints
//! `_claims` holds, per constraint, the text of the members' values, in a list with a unique index.
//! An intent adds what the document will have; so a value is taken from then on until the
//! transaction is given up, and one that is to be given up is free only when that has happened. Who
//! finds a value taken by an intent settles it first. A write set that gives a value from one row to
//! another is refused.
//!
//! # Messages
//! Those of an aggregate that is saved are in its document, others are documents of
//! `microdb_outbox`. Their position is that of the write set by a logical clock (see `clock.rs`): of
//! one key, and of whatever was written because of something else, the order is that of commits;
//! what has nothing to do with each other is in the order of time, as far as clocks agree. Whoever
//! reads the outbox applies all that is committed before, so nothing committed is missed. An event is
//! copied into the log before it leaves the outbox, and whoever reads the log looks into the outbox
//! first. A document of more than 6 MiB takes no more messages: its outbox is full.
//!
//! # The collections of a schema
//! Migrations are lists of commands, see [`migrate()`]. A service's migrations have to make these.
//!
//! An aggregate; `<table>` is the schema's:
//! ```json
//! { "create": "<table>" },
//! { "createIndexes": "<table>", "indexes": [
//!   { "key": { "_tx.id": 1 }, "name": "microdb_tx", "sparse": true },
//!   { "key": { "_outbox.id": 1 }, "name": "microdb_outbox_id", "unique": true, "sparse": true },
//!   { "key": { "_outbox.position": 1 }, "name": "microdb_outbox", "sparse": true },
//!   { "key": { "_requests.due": 1 }, "name": "microdb_requests", "sparse": true },
//!   { "key": { "_live": 1, "_id": 1 }, "name": "microdb_live" }
//! ] }
//! ```
//! and for every unique constraint, and every column that references rows of the same service, whether
//! of the root (also when it is a list) or of a collection of entities, whose `<table>` is then the
//! collection's though the index is the aggregate's:
//! ```json
//! { "key": { "_claims.<unique name>": 1 }, "name": "<table>_<unique name>_key", "unique": true, "sparse": true }
//! { "key": { "<column>": 1 }, "name": "<table>_<column>" }
//! { "key": { "<member>.<column>": 1 }, "name": "<collection's table>_<column>" }
//! ```
//! A unique index over members themselves is refused at the start.
//!
//! A projection, which has neither messages nor unique constraints nor references:
//! ```json
//! { "create": "<table>" },
//! { "createIndexes": "<table>", "indexes": [
//!   { "key": { "_tx.id": 1 }, "name": "microdb_tx", "sparse": true },
//!   { "key": { "_generation": 1, "_live": 1, "_id": 1 }, "name": "microdb_live" }
//! ] }
//! ```
//! An index for a search has its members in their order (after `_generation` where there is one), and
//! `_id` last. Documents: `_id` is the id, in projections `<generation>/<id>`; `version`,
//! `created_at`, `updated_at`, `_generation` and members under their names, as `codec.rs` says; a
//! collection of entities is a list of documents `{ id, …columns }` under its member. Absent members
//! are `null`. Of a deleted row `_live` is false and no member is left, and stubs have none, so a
//! validator has to let through what has not `_live: true`.
//!
//! # Clusters
//! `{ "shardCollection": "<table>", "key": … }` divides a collection in a cluster; elsewhere it is passed
//! over. MongoDB keeps no unique index over several shards but one that begins with the shard key, so of
//! a divided collection `microdb_outbox_id` is not unique (messages of an aggregate are told apart in its
//! document, and ids of messages are random), and unique constraints are divided with it or there are none:
//! - by id: the key is `{ "_id": "hashed" }`, and the aggregate has no unique constraint;
//! - by a member, required and never changed, which is part of every unique constraint: the key is that
//!   of an index `microdb_shard`, `{ "<member>": 1, "_id": 1 }`, or `{ "<member>": 1 }` where there are
//!   unique constraints, whose indexes are then
//! ```json
//! { "key": { "<member>": 1, "_claims.<unique name>": 1 }, "name": "<table>_<unique name>_key", "unique": true,
//!   "partialFilterExpression": { "_claims.<unique name>": { "$exists": true } } }
//! ```
//!
//! Where a member divides, ids are kept apart by `microdb_ids`, so a row is made in a transaction of two
//! documents; changes are one write as elsewhere, but for requests with a key, whose answers have
//! documents of their own. What is looked up by an id alone is asked of all shards. The runtime's own
//! collections, but for `microdb_ids`, are not divided. All this was run on servers that are no cluster;
//! on one, `shardCollection` and what `mongos` makes of the rest is as MongoDB documents it, untested.

mod addresses;
mod answers;
mod clock;
mod codec;
mod connect;
mod document_state;
mod documents;
mod driver;
mod engine;
mod error;
mod event_log;
mod fields;
mod find;
mod generations;
mod intents;
mod migrate;
mod migration_lease;
mod outbox;
mod plan;
mod predicates;
mod progress;
mod requests;
mod resolve;
mod rows;
mod saves;
mod search;
mod shards;
mod store;
#[cfg(feature = "testing")]
mod test_server;
mod transaction;
mod unreleased;

pub use driver::Mongodb;
pub use engine::MongodbEngine;
pub use migrate::migrate;
