//! Documents of the runtime.

use serde_json::Value;

use platform_contract::value::Timestamp;

/// The key, in [`Documents::Projections`], of the mark of a database that is new: its first migration
/// makes it, the first service that stands on it takes it away. No handler has an id like that.
pub const NEW: &str = "/new";

/// The group, in [`Documents::Projections`], and what its keys start with before the ids of them: events
/// that an operator has taken out of the outbox, and that nobody is sent any more.
pub const DISCARDED: &str = "/discarded/";

/// The runtime's own collections of documents. Each is a table of one shape: key, group, position,
/// due, version, body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Documents {
    /// Answers to commands with an `Idempotency-Key`, under `<table>/<id>/<command>`, the first two of
    /// the aggregate, so that an engine may keep them with it. Of those that created it a fingerprint
    /// stays, which is never due.
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
    /// Timers, cursors over large sets of targets, and personal data that is still to be erased.
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
    /// Its position in the group.
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

/// What one look at the database tells.
#[derive(Debug, Clone)]
pub struct Peek {
    /// The time by the database's own clock.
    pub now: Timestamp,
    /// The collections that hold anything, of those asked for.
    pub holding: Vec<Documents>,
}

impl Peek {
    /// Whether a collection that was asked for holds anything.
    pub fn holds(&self, collection: Documents) -> bool {
        self.holding.contains(&collection)
    }
}
