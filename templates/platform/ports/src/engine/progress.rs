//! How far handlers have come.

use uuid::Uuid;

use super::Generation;
use platform_contract::value::Timestamp;

/// How far a handler has come with an aggregate: what it has had already is a duplicate, and what is not
/// the next one a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedSequence {
    /// The last sequence that took effect.
    pub sequence: u64,
    /// The id of that event; `None` after a snapshot of unknown history.
    pub event: Option<Uuid>,
}

/// The advance of an applied sequence: from what it must be now to a later one.
#[derive(Debug, Clone)]
pub struct SequenceAdvance {
    /// The handler.
    pub handler: String,
    /// Its generation.
    pub generation: Generation,
    /// The aggregate.
    pub aggregate: Uuid,
    /// The sequence it must have now; `None`: there is no row yet.
    pub from: Option<u64>,
    /// What it becomes.
    pub to: AppliedSequence,
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
    pub topic_id: String,
    /// The offset to read next.
    pub next: i64,
    /// The time, by the database of the context that owns the topic, up to which all is read, when a heartbeat told it.
    pub as_of: Option<Timestamp>,
}
