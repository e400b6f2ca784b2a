//! The small set of operations a database has to offer. Everything above is written once over it.
//!
//! Reads may come from any snapshot; every write is one [`WriteSet`], applied as a whole or not at
//! all, and only when all its conditions hold at that instant. So a unit of work is: read, decide,
//! commit what was decided on condition that what was read still stands; on
//! [`CommitError::Conflict`], again.

pub mod codec;
pub mod cursor;
mod database;
mod document;
mod driver;
pub mod entities;
pub mod history;
mod message;
mod migration;
mod options;
pub mod per_schema;
mod progress;
mod read_replicas;
mod row;
mod shape;
mod write;

use std::collections::HashSet;

use async_trait::async_trait;
use uuid::Uuid;

use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;

pub use database::Database;
pub use document::{DISCARDED, Document, DocumentWrite, Documents, DocumentsQuery, NEW, Peek};
pub use driver::Driver;
pub use message::{OutboxDepth, OutboxEvent, OutboxRow};
pub use migration::{Migration, OpenError};
pub use options::Options;
pub use progress::{AppliedSequence, OffsetAdvance, SequenceAdvance};
pub use read_replicas::{ConsistencyToken, InvalidConsistencyToken, ReadReplicas};
pub use row::{Find, Found, Generation, Page, Stored};
pub use shape::{Amendment, ShapePart};
pub use write::{Check, CommitError, Save, SaveTo, WriteSet};

/// How many documents are read in one go where all of a kind are asked for.
const PAGE: u32 = 50;

/// A failure of the database or the way to it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// It will pass: busy, serialization, connection, timeout, disk full.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It will pass as well, and the database is well: others change the same, say.
    #[error("{0}")]
    HeldUp(String),
    /// The outbox is full: the broker has not taken messages for long.
    #[error("the outbox is full")]
    OutboxFull,
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
    ) -> Result<Found, EngineError> {
        let mut each = self.load_each(schema, generation, &[id]).await?;
        Ok(each.pop().unwrap_or(Found::Nothing))
    }

    /// The rows under these ids, an answer each in their order; they need not be of one instant.
    async fn load_each(
        &self,
        schema: &'static Schema,
        generation: Generation,
        ids: &[Uuid],
    ) -> Result<Vec<Found>, EngineError>;

    /// A page of rows.
    async fn find(&self, find: &Find) -> Result<Page, EngineError>;

    /// Its read replicas, where it has any, which answer callers in its stead.
    fn read_replicas(&self) -> Option<&dyn ReadReplicas> {
        None
    }

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

    /// The oldest messages of a shard but these, which the caller has already. Fewer than the limit:
    /// there are no more.
    async fn outbox_beyond(
        &self,
        shard: u32,
        known: &[Uuid],
        limit: u32,
    ) -> Result<Vec<OutboxRow>, EngineError> {
        let all = u32::try_from(known.len()).unwrap_or(u32::MAX);
        let mut rows = self.outbox(shard, limit.saturating_add(all)).await?;
        let known: HashSet<_> = known.iter().collect();
        rows.retain(|row| !known.contains(&row.event.id));
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(rows)
    }

    /// Deletes messages that the broker has acknowledged, by id.
    async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), EngineError>;

    /// The messages that are marked as refused for good, of all shards, in the order of their commits.
    async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, EngineError>;

    /// Marks a message as refused for good, so that it blocks its own key only, or (`None`) frees it.
    async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), EngineError>;

    /// How much waits in the outbox.
    async fn outbox_depth(&self) -> Result<OutboxDepth, EngineError>;

    /// Events of the log in the order `(aggregate, sequence)`, after this one.
    async fn event_log(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, EngineError>;

    /// Puts these in the place of the events of the log that have their aggregates and sequences, whether or
    /// not these have left the outbox, from which they go out as they are. What the log no longer has stays
    /// away.
    async fn rewrite_event_log(&self, events: &[OutboxEvent]) -> Result<(), EngineError>;

    /// Deletes events of the log older than this; how many.
    async fn trim_event_log(&self, before: Timestamp) -> Result<u64, EngineError>;

    /// The applied sequences of a handler for these aggregates; absent ones are left out.
    async fn applied_sequences(
        &self,
        handler: &str,
        generation: Generation,
        aggregates: &[Uuid],
    ) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError>;

    /// How far a handler has read; one per partition it has read at all.
    async fn offsets(
        &self,
        handler: &str,
        generation: Generation,
    ) -> Result<Vec<OffsetAdvance>, EngineError>;

    /// Deletes rows, applied sequences and offsets of a handler's generation that is no longer used.
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

    /// The answers to requests that an aggregate was asked, see [`Documents::Requests`].
    async fn requests(&self, table: &str, id: Uuid) -> Result<Vec<Document>, EngineError> {
        let prefix = format!("{table}/{id}/");
        let (mut found, mut after) = (Vec::new(), prefix.clone());
        loop {
            let page = self
                .documents(&DocumentsQuery {
                    collection: Documents::Requests,
                    group: None,
                    due_by: None,
                    heads_only: false,
                    after: Some(after),
                    limit: PAGE,
                })
                .await?;
            let full = page.len() >= PAGE as usize;
            let last = page.last().map(|last| last.key.clone());
            let own = page.into_iter();
            found.extend(own.take_while(|document| document.key.starts_with(&prefix)));
            match last {
                Some(last) if full && last.starts_with(&prefix) => after = last,
                _ => return Ok(found),
            }
        }
    }

    /// How many documents a collection holds.
    async fn count(&self, collection: Documents) -> Result<u64, EngineError>;

    /// The time, and which of these collections hold anything.
    async fn peek(&self, collections: &[Documents]) -> Result<Peek, EngineError> {
        let now = self.now().await?;
        let mut holding = Vec::new();
        for collection in collections {
            if self.count(*collection).await? > 0 {
                holding.push(*collection);
            }
        }
        Ok(Peek { now, holding })
    }

    /// Takes or renews a lease by the database's clock; whether `owner` has it now.
    async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, EngineError>;
}
