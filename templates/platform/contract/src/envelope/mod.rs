//! CloudEvents 1.0 in binary mode: the envelope every message travels in.
//!
//! Attributes are headers with the prefix `ce_`, as in the Kafka protocol binding of CloudEvents;
//! the payload is the data alone. The embedded broker keeps the same form.

mod attributes;
mod control;
mod decode;
mod emptied;
mod headers;
mod partition;
mod wire;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::value::{CorrelationId, Timestamp, as_text};

pub use control::Control;
pub use decode::{DecodeError, decode, latest, status_of};
pub use emptied::{emptied, is_personal};
pub use headers::Headers;
pub use partition::partition_of;

/// What the type of a snapshot ends with: `fintech.loan.LoanSnapshot`. No event's name does.
pub const SNAPSHOT_SUFFIX: &str = "Snapshot";

/// What a message says of its aggregate, besides its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was created or changed.
    Saved,
    /// It was deleted.
    Deleted,
    /// Nothing happened: all published members as they are now. (The snapshot of a deleted
    /// aggregate says `Deleted`; [`Envelope::is_snapshot`] tells it from the event of its deletion.)
    Snapshot,
}

/// The attributes and the data of a message about an aggregate.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// The message's id.
    pub id: Uuid,
    /// The type without its version: `fintech.loan.LoanApproved`.
    pub kind: String,
    /// The version of the type.
    pub version: u32,
    /// The source: `/fintech/loan`.
    pub source: String,
    /// The aggregate's id.
    pub subject: Uuid,
    /// The event's place in the history of the aggregate, from 1; for a snapshot, the aggregate's version.
    pub sequence: u64,
    /// What it says of the aggregate.
    pub change: Change,
    /// For a snapshot: the id of the event with that sequence, when it is still known.
    pub last_event: Option<Uuid>,
    /// When it was recorded.
    pub time: Timestamp,
    /// The id that all messages share which one request set off.
    pub correlation: CorrelationId,
    /// The message or request that caused this one.
    pub causation: Uuid,
    /// The trace it belongs to (W3C Trace Context).
    pub traceparent: Option<String>,
    /// The data: a JSON object; `status` in it where the aggregate has states.
    pub data: Value,
}

impl Envelope {
    /// Whether it tells the state of its aggregate instead of an event.
    pub fn is_snapshot(&self) -> bool {
        self.change == Change::Snapshot
            || (self.change == Change::Deleted && self.kind.ends_with(SNAPSHOT_SUFFIX))
    }

    /// The event with this sequence in the history of the aggregate: the message itself, or for a
    /// snapshot the last event it stands for, when that is known.
    pub fn event(&self) -> Option<Uuid> {
        if self.is_snapshot() {
            self.last_event
        } else {
            Some(self.id)
        }
    }
}

/// The form in which a message is stored and sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// The headers.
    pub headers: Headers,
    /// The payload; base64 in JSON.
    #[serde(with = "as_text")]
    pub payload: Vec<u8>,
}

impl Wire {
    /// How many bytes it has.
    pub const fn size(&self) -> usize {
        self.headers.size() + self.payload.len()
    }
}
