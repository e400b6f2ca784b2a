//! Messages on their way out.

use uuid::Uuid;

use platform_contract::envelope::Wire;
use platform_contract::value::Timestamp;

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
    /// Its position in the order of commits.
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
