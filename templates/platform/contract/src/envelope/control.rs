//! Messages between the runtimes of two services: what they say of a topic, and what they ask the
//! owner of one for.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DecodeError, Headers, Wire, attributes};
use crate::value::Timestamp;

/// What the types of all control messages start with.
const PREFIX: &str = "microdb.";
/// What the types of heartbeats of all versions start with.
const HEARTBEAT: &str = "microdb.heartbeat.v";
/// The one version there is of each.
const VERSION: u32 = 1;
/// The names of all: the variants' in kebab case.
const NAMES: [&str; 6] = [
    "heartbeat",
    "snapshot-complete",
    "replay-complete",
    "snapshot-request",
    "resend-request",
    "replay-request",
];

/// A message of the runtime itself. In topics of events consumers find the first three kinds; the
/// requests arrive in `<system>.<context>.commands`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
pub enum Control {
    /// Everything that was committed up to then stands before this message in its partition.
    Heartbeat {
        /// The owner's database time.
        as_of: Timestamp,
    },
    /// The snapshots of a request stand before this message in its partition; each partition has one.
    SnapshotComplete {
        /// The id of the request.
        request: Uuid,
        /// The kind of aggregate, in snake case.
        aggregate_type: String,
    },
    /// The event log that a replay asked for stands before this message in its partition.
    ReplayComplete {
        /// The id of the request.
        request: Uuid,
    },
    /// Asks for a snapshot of one aggregate, or of all.
    SnapshotRequest {
        /// The request's id: asked again under the same id, it is done once.
        request: Uuid,
        /// The kind of aggregate, in snake case.
        aggregate_type: String,
        /// The aggregate; absent: all, and [`Control::SnapshotComplete`] after them.
        aggregate: Option<Uuid>,
    },
    /// Asks for the events of one aggregate again.
    ResendRequest {
        /// The request's id: asked again under the same id, it is done once.
        request: Uuid,
        /// The kind of aggregate, in snake case.
        aggregate_type: String,
        /// The aggregate.
        aggregate: Uuid,
        /// The first sequence that is missed.
        from: u64,
    },
    /// Asks for the whole event log of a kind of aggregate in a topic of its own (see
    /// `replay_topic` of the runtime).
    ReplayRequest {
        /// The request's id: asked again under the same id, it is done once.
        request: Uuid,
        /// The kind of aggregate, in snake case.
        aggregate_type: String,
    },
}

impl Control {
    /// Whether a message claims to be one of the runtime's own.
    pub fn is(wire: &Wire) -> bool {
        wire.headers
            .get(attributes::TYPE)
            .is_some_and(|kind| kind.starts_with(PREFIX))
    }

    /// Whether a message is a heartbeat, of which only the newest says anything.
    pub fn is_heartbeat(wire: &Wire) -> bool {
        wire.headers
            .get(attributes::TYPE)
            .is_some_and(|kind| kind.starts_with(HEARTBEAT))
    }

    /// The id of the request it is, or answers; `None` for a heartbeat.
    pub fn request(&self) -> Option<Uuid> {
        match self {
            Self::Heartbeat { .. } => None,
            Self::SnapshotComplete { request, .. }
            | Self::ReplayComplete { request }
            | Self::SnapshotRequest { request, .. }
            | Self::ResendRequest { request, .. }
            | Self::ReplayRequest { request, .. } => Some(*request),
        }
    }

    /// The kind of aggregate it is about, where it says so.
    pub fn aggregate_type(&self) -> Option<&str> {
        match self {
            Self::Heartbeat { .. } | Self::ReplayComplete { .. } => None,
            Self::SnapshotComplete { aggregate_type, .. }
            | Self::SnapshotRequest { aggregate_type, .. }
            | Self::ResendRequest { aggregate_type, .. }
            | Self::ReplayRequest { aggregate_type, .. } => Some(aggregate_type),
        }
    }

    /// The one aggregate it is about, if any.
    pub fn subject(&self) -> Option<Uuid> {
        match self {
            Self::SnapshotRequest { aggregate, .. } => *aggregate,
            Self::ResendRequest { aggregate, .. } => Some(*aggregate),
            _ => None,
        }
    }

    /// Its type with the version: `microdb.heartbeat.v1`.
    pub fn versioned_kind(&self) -> String {
        let tagged = json!(self);
        let name = tagged["type"].as_str().unwrap_or_default();
        format!("{PREFIX}{name}.v{VERSION}")
    }

    /// The message, from `source` (`/fintech/loan`) at `time`.
    pub fn to_wire(&self, id: Uuid, source: &str, time: Timestamp) -> Wire {
        let data = &json!(self)["data"];
        let mut headers = Headers::new();
        headers.push(attributes::SPEC_VERSION, attributes::SPEC_VERSION_1);
        headers.push(attributes::ID, &id.to_string());
        headers.push(attributes::SOURCE, source);
        headers.push(attributes::TYPE, &self.versioned_kind());
        headers.push(attributes::TIME, &time.to_string());
        headers.push(attributes::CONTENT_TYPE, attributes::JSON);
        Wire {
            headers,
            payload: data.to_string().into_bytes(),
        }
    }

    /// Reads what [`to_wire`](Self::to_wire) wrote.
    ///
    /// # Errors
    /// Every variant of [`DecodeError`].
    pub fn from_wire(wire: &Wire) -> Result<Self, DecodeError> {
        attributes::check_spec_version(wire)?;
        let (kind, version) = attributes::versioned_type(wire)?;
        let Some(name) = kind.strip_prefix(PREFIX) else {
            return Err(DecodeError::UnknownType(kind.to_owned()));
        };
        if version > VERSION {
            return Err(DecodeError::NewerVersion {
                kind: kind.to_owned(),
                version,
                latest: VERSION,
            });
        }
        if !NAMES.contains(&name) {
            return Err(DecodeError::UnknownType(kind.to_owned()));
        }
        let malformed = |error: serde_json::Error| DecodeError::Malformed {
            kind: kind.to_owned(),
            why: error.to_string(),
        };
        let data: Value = serde_json::from_slice(&wire.payload).map_err(malformed)?;
        serde_json::from_value(json!({ "type": name, "data": data })).map_err(malformed)
    }
}
