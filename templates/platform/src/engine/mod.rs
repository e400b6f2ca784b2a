//! The small set of operations a database has to offer. Everything above is written once over it.
//!
//! Reads may come from any snapshot; every write is one [`WriteSet`], applied as a whole or not at
//! all, and only when all its conditions hold at that instant. So a unit of work is: read, decide,
//! commit what was decided on condition that what was read still stands; on
//! [`CommitError::Conflict`], again.

mod migration;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use async_trait::async_trait;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::envelope::Wire;
use crate::schema::Schema;
use crate::value::Timestamp;

pub use migration::{Migration, OpenError};

/// A row of a table that a [`Schema`] describes.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: Uuid,
    /// Its version, from 1.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Its members in their JSON forms, the collections among them.
    pub members: Map<String, Value>,
}

/// What is found under an id.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Nothing, and never was.
    Nothing,
    /// It was deleted at this version.
    Deleted(u64),
    /// It is there.
    Live(Stored),
}

/// The generation of a projection's rows; aggregates have only generation 0.
pub type Generation = u32;

/// A search over one table.
#[derive(Debug, Clone)]
pub struct Find {
    /// The table.
    pub schema: &'static Schema,
    /// The generation looked at.
    pub generation: Generation,
    /// Members (or `id`) that must equal these values; `null`: be absent.
    pub equals: Vec<(&'static str, Value)>,
    /// A member that must lie in `[from, to)`; an open end is `None`.
    pub range: Option<(&'static str, Option<Value>, Option<Value>)>,
    /// Members the answer is ordered by (`true`: descending); `id` follows, ascending. Absent values
    /// are the least.
    pub order: &'static [(&'static str, bool)],
    /// Where the page starts: after this cursor, as [`Page::next`] gave it.
    pub after: Option<String>,
    /// The greatest number of rows.
    pub limit: u32,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Stored>,
    /// The cursor of the page after this one, when there is one.
    pub next: Option<String>,
}

/// A set of writes that is applied as a whole, on its conditions.
#[derive(Debug, Default)]
pub struct WriteSet {
    /// What must still hold.
    pub checks: Vec<Check>,
    /// Changes of tables; at most one aggregate, or rows of projections.
    pub saves: Vec<Save>,
    /// Events of the saved aggregate, in order; they go into the outbox and the event log.
    pub events: Vec<OutboxEvent>,
    /// Gates to advance.
    pub gates: Vec<GateAdvance>,
    /// Documents of the runtime to write or delete.
    pub documents: Vec<DocumentWrite>,
    /// How far handlers have read.
    pub offsets: Vec<OffsetAdvance>,
}

/// A condition of a write set, held against what is there before its own writes.
#[derive(Debug, Clone)]
pub enum Check {
    /// The row still has this version (0: it does not exist and was never deleted).
    Version {
        /// Its table.
        schema: &'static Schema,
        /// Its generation.
        generation: Generation,
        /// Its id.
        id: Uuid,
        /// The version that was read.
        version: u64,
    },
    /// The search still answers with these ids and versions.
    Answer {
        /// The search.
        find: Find,
        /// What it answered.
        rows: Vec<(Uuid, u64)>,
    },
    /// No document is in the group.
    EmptyGroup {
        /// The collection.
        collection: Documents,
        /// The group.
        group: String,
    },
}

/// A change of one row.
#[derive(Debug, Clone)]
pub struct Save {
    /// Its table.
    pub schema: &'static Schema,
    /// Its generation.
    pub generation: Generation,
    /// The version it must have now: 0 when it must not exist; the version at its deletion when it
    /// is made again.
    pub expected: u64,
    /// What it becomes.
    pub to: SaveTo,
}

/// What a row becomes.
#[derive(Debug, Clone)]
pub enum SaveTo {
    /// These members at this version.
    Live(Stored),
    /// Gone: id and version stay behind.
    Deleted {
        /// Its id.
        id: Uuid,
        /// The version its deletion has.
        version: u64,
    },
}

/// A message on its way into the outbox.
#[derive(Debug, Clone)]
pub struct OutboxEvent {
    /// Its id. While a message with the same id waits in the outbox, a commit meets with a conflict.
    pub id: Uuid,
    /// The kind of aggregate, in snake case.
    pub aggregate_type: String,
    /// The aggregate, the key its order is kept for.
    pub aggregate_id: Uuid,
    /// The event's sequence; a snapshot has the aggregate's version.
    pub sequence: u64,
    /// The type with its version: `fintech.loan.LoanApproved.v1`.
    pub kind: String,
    /// The topic.
    pub topic: String,
    /// The partition of the topic.
    pub partition: u32,
    /// Whether it also goes into the event log: events do, snapshots and requests do not.
    pub logged: bool,
    /// The message.
    pub wire: Wire,
}

/// A message waiting in the outbox.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    /// Its place in the order of commits.
    pub position: i64,
    /// Why the broker refused it for good, when it did.
    pub refused: Option<String>,
    /// When it was written.
    pub written_at: Timestamp,
    /// The message.
    pub event: OutboxEvent,
}

/// How much waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxDepth {
    /// Messages.
    pub rows: u64,
    /// When the oldest was written.
    pub oldest: Option<Timestamp>,
}

/// How far a handler has come with an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// The last sequence that took effect.
    pub sequence: u64,
    /// The id of that event; `None` after a snapshot of unknown history.
    pub event: Option<Uuid>,
}

/// A gate's step: from the sequence it must have now to a later one.
#[derive(Debug, Clone)]
pub struct GateAdvance {
    /// The handler.
    pub handler: String,
    /// Its generation.
    pub generation: Generation,
    /// The aggregate.
    pub aggregate: Uuid,
    /// The sequence it must have now; `None`: there is no row yet.
    pub from: Option<u64>,
    /// What it becomes.
    pub to: Gate,
}

/// The runtime's own collections of documents. Each is a table of one shape: key, group, position,
/// due, version, body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Documents {
    /// Answers to commands with an `Idempotency-Key`.
    Requests,
    /// Commands of this service's policies and effects that wait for their unit of work.
    Commands,
    /// Messages that arrived before one they follow.
    Parked,
    /// Messages that could not be handled.
    DeadLetters,
    /// A row per blocked (handler, key), which consumer and operator lock.
    Blocks,
    /// Work of effects.
    Jobs,
    /// Timers and cursors over large sets of targets.
    Cursors,
    /// Generations, fills and rebuilds of projections; starts of handlers.
    Projections,
    /// Leases.
    Leases,
}

/// A document of the runtime.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its key, unique in the collection.
    pub key: String,
    /// The group whose documents are kept in order.
    pub group: String,
    /// Its place in the group.
    pub position: i64,
    /// When it is due, for collections that are worked off by time.
    pub due: Option<Timestamp>,
    /// Its version, from 1.
    pub version: u64,
    /// What it says.
    pub body: Value,
}

/// A change of a document.
#[derive(Debug, Clone)]
pub enum DocumentWrite {
    /// Written, on condition that it has the version now (0: it is not there). The engine stores
    /// `expected + 1` as its version.
    Put {
        /// The collection.
        collection: Documents,
        /// The version it must have now.
        expected: u64,
        /// The document; its `version` is not looked at.
        document: Document,
    },
    /// Deleted, on condition that it has the version now.
    Delete {
        /// The collection.
        collection: Documents,
        /// Its key.
        key: String,
        /// The version it must have now.
        expected: u64,
    },
}

/// Which documents are listed.
#[derive(Debug, Clone)]
pub struct DocumentsQuery {
    /// The collection.
    pub collection: Documents,
    /// One group, or all.
    pub group: Option<String>,
    /// Only those due at or before this time; what has no due time is never due.
    pub due_by: Option<Timestamp>,
    /// Only the first document of every group by position, then key, and of these what else is
    /// asked for: a head that is not due holds up its group.
    pub heads_only: bool,
    /// The key of the last document of the page before, for paging in key order; the first page is
    /// after the empty text.
    pub after: Option<String>,
    /// The greatest number of documents.
    pub limit: u32,
}

/// How far a handler has read a partition. Moves forward only, unless the topic is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetAdvance {
    /// The handler.
    pub handler: String,
    /// Its generation.
    pub generation: Generation,
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// What tells a topic from one made anew under its name.
    pub incarnation: String,
    /// The offset to read next.
    pub next: i64,
    /// The owner's database time up to which all is read, when a heartbeat told it.
    pub as_of: Option<Timestamp>,
}

/// Why a write set was not applied. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something that was read has changed, or a document or gate is not as expected: read again.
    /// Making a row that is there already is this, even where it would break a constraint too.
    #[error("what was read has changed in the meantime")]
    Conflict,
    /// A unique constraint; its name.
    #[error("`{0}` is taken")]
    Taken(&'static str),
    /// A member that references nothing.
    #[error("`{0}` names nothing that exists")]
    MissingReference(&'static str),
    /// A deletion of something that is referenced from this table.
    #[error("it is still referenced by `{0}`")]
    StillReferenced(&'static str),
    /// The outbox is full: the broker has not taken messages for long.
    #[error("the outbox is full")]
    OutboxFull,
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A failure of the database or the way to it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It will pass: busy, serialization, connection, timeout, disk full.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It will not: what is stored is not what the schema says.
    #[error("the database answered what nobody expected: {0}")]
    Corrupt(String),
    /// The cursor of a page is not one of this search.
    #[error("the cursor is not one of this search")]
    BadCursor,
}

/// A database with the operations the runtime needs.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// The database's own clock.
    async fn now(&self) -> Result<Timestamp, EngineError>;

    /// The row under an id.
    async fn load(
        &self,
        schema: &'static Schema,
        generation: Generation,
        id: Uuid,
    ) -> Result<Found, EngineError>;

    /// A page of rows.
    async fn find(&self, find: &Find) -> Result<Page, EngineError>;

    /// Deleted rows with the versions of their deletions, in the order of their ids, after this one.
    async fn deleted(
        &self,
        schema: &'static Schema,
        generation: Generation,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<(Uuid, u64)>, EngineError>;

    /// Applies a write set, durably, alone or in one group with others that are waiting.
    async fn commit(&self, write: WriteSet) -> Result<(), CommitError>;

    /// Applies all of them as one, or none; the number is that of the first that failed.
    async fn commit_all(&self, writes: Vec<WriteSet>) -> Result<(), (usize, CommitError)>;

    /// Into how many shards the outbox is divided; each needs a relay.
    fn shards(&self) -> u32;

    /// The oldest messages of a shard, in the order of their commits. Refused ones are among them.
    async fn outbox(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, EngineError>;

    /// Deletes messages that the broker has acknowledged, by id.
    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError>;

    /// Marks a message as refused for good, so that it blocks its own key only, or (`None`) frees it.
    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError>;

    /// How much waits in the outbox.
    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError>;

    /// Events of the log in the order `(aggregate, sequence)`, after the given place.
    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError>;

    /// Deletes events of the log older than this; how many.
    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError>;

    /// The gates of a handler for these aggregates; absent ones are left out.
    async fn gates(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, Gate)>, EngineError>;

    /// How far a handler has read; one per partition it has read at all.
    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError>;

    /// Deletes rows, gates and offsets of a handler's generation that is no longer used.
    async fn drop_generation(
        &self,
        schema: Option<&'static Schema>,
        handler: &str,
        generation: Generation,
    ) -> Result<(), EngineError>;

    /// A document.
    async fn document(
        &self,
        collection: Documents,
        key: &str,
    ) -> Result<Option<Document>, EngineError>;

    /// Documents, ordered by due time (none is the least), then group and position, then key; by key
    /// alone when paging.
    async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, EngineError>;

    /// How many documents a collection holds.
    async fn count(&self, collection: Documents) -> Result<u64, EngineError>;

    /// Takes or renews a lease by the database's clock; whether `owner` has it now.
    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError>;
}

/// What a decision reads, collected as the read set of its unit of work.
pub struct Reads<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// What must still hold when the unit of work commits.
    pub checks: Vec<Check>,
}
