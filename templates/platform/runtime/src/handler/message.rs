//! What a handler reads, and the form in which a message waits in the database.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use platform_contract::envelope::{Control, DecodeError, Envelope, Wire, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::broker::Delivery;

/// A message as it was read, in a form that the database keeps while it has to wait.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Message {
    pub topic: String,
    pub partition: u32,
    pub offset: i64,
    pub key: String,
    /// The message itself.
    #[serde(flatten)]
    pub wire: Wire,
}

impl From<Delivery> for Message {
    fn from(delivery: Delivery) -> Self {
        Self {
            topic: delivery.topic,
            partition: delivery.partition,
            offset: delivery.offset,
            key: delivery.key,
            wire: delivery.wire,
        }
    }
}

/// What a message turns out to be.
#[derive(Debug)]
pub(super) enum Content {
    /// An event or a snapshot of an aggregate.
    Envelope(Box<Envelope>),
    /// All that its owner had committed by then has been read.
    Heartbeat(Timestamp),
    /// All that was asked for with this request has been read, as far as this partition goes.
    RequestComplete(Uuid),
    /// Nothing for handlers.
    Ignored,
    /// Nothing anybody could read.
    Unreadable(String),
}

impl Message {
    /// A message that says the same as an event of this topic that was read.
    pub fn restating(envelope: &Envelope, topic: &str, partitions: u32) -> Self {
        Self {
            topic: topic.to_owned(),
            partition: partition_of(envelope.subject, partitions),
            offset: 0,
            key: envelope.subject.to_string(),
            wire: envelope.to_wire(),
        }
    }

    /// A message of an aggregate that is kept though nobody can read what there is of it.
    pub fn unreadable(aggregate: &str, body: &serde_json::Value) -> Self {
        Self {
            topic: String::new(),
            partition: 0,
            offset: 0,
            key: aggregate.to_owned(),
            wire: Wire {
                payload: body.to_string().into_bytes(),
                ..Wire::default()
            },
        }
    }

    /// What it says of an aggregate.
    pub fn envelope(&self) -> Result<Envelope, DecodeError> {
        Envelope::from_wire(&self.wire)
    }

    /// What it turns out to be.
    pub fn content(&self) -> Content {
        let wire = &self.wire;
        if Control::is(wire) {
            return match Control::from_wire(wire) {
                Ok(Control::Heartbeat { as_of }) => Content::Heartbeat(as_of),
                Ok(
                    Control::SnapshotComplete { request, .. } | Control::ReplayComplete { request },
                ) => Content::RequestComplete(request),
                Ok(_) | Err(DecodeError::NewerVersion { .. } | DecodeError::UnknownType(_)) => {
                    Content::Ignored
                }
                Err(error) => Content::Unreadable(error.to_string()),
            };
        }
        match Envelope::from_wire(wire) {
            Ok(envelope) => Content::Envelope(Box::new(envelope)),
            Err(error) => Content::Unreadable(error.to_string()),
        }
    }

    /// The aggregate whose order it belongs to, also when it cannot be read: its key, or an id made
    /// of that.
    pub fn aggregate(&self) -> Uuid {
        self.key
            .parse()
            .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, self.key.as_bytes()))
    }
}
