//! What a service hears and is asked for, as the description has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::envelope::{Change, Envelope};
use crate::value::Timestamp;

/// When the first events were recorded: long ago, in microseconds since 1970.
const LONG_AGO: i64 = 1_700_000_000_000_000;

/// What a service hears and is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Examples {
    /// Aggregates of its own that are there before.
    pub rows: Vec<Row>,
    /// What aggregates of other contexts go through.
    pub histories: Vec<History>,
    /// What it is asked for over HTTP.
    pub requests: Vec<Ask>,
    /// Kinds of its aggregates whose end depends on who is first, without any failure.
    pub racing: Vec<String>,
    /// Whether any of it has an effect that can be foretold.
    pub acts: bool,
}

/// An aggregate of the service.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    /// Its kind, in snake case.
    pub aggregate: String,
    pub id: Uuid,
    pub members: Map<String, Value>,
}

/// What an aggregate of another context goes through.
#[derive(Debug, Deserialize)]
pub(super) struct History {
    /// The handler that it is meant for.
    pub handler: String,
    /// The type of the events that set the handler off; absent for replicas, which take any.
    pub heard: Option<String>,
    /// The context that owns it.
    pub context: String,
    /// Its kind, in snake case.
    pub aggregate: String,
    pub topic: String,
    pub id: Uuid,
    pub events: Vec<Event>,
}

/// An event.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    /// The type without its version.
    #[serde(rename = "type")]
    pub kind: String,
    pub version: u32,
    pub change: String,
    pub data: Value,
}

/// A request that changes something.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    pub path: String,
    pub body: Value,
}

impl History {
    /// The messages of its events.
    pub fn envelopes(&self, system: &str) -> Vec<Envelope> {
        let numbered = self.events.iter().zip(1..);
        numbered
            .map(|(event, sequence)| self.envelope(system, event, sequence))
            .collect()
    }

    fn envelope(&self, system: &str, event: &Event, sequence: u64) -> Envelope {
        let id = Uuid::new_v5(&self.id, &sequence.to_be_bytes());
        let time = LONG_AGO + i64::try_from(sequence).unwrap_or_default();
        Envelope {
            id,
            kind: event.kind.clone(),
            version: event.version,
            source: format!("/{system}/{}", self.context),
            subject: self.id,
            sequence,
            change: event.change.parse().unwrap_or(Change::Saved),
            last_event: None,
            time: Timestamp::constant(time),
            correlation: id,
            causation: id,
            traceparent: None,
            data: event.data.clone(),
        }
    }
}

impl Examples {
    /// One history of each topic: the first.
    pub fn one_of_each_topic(&self) -> Vec<&History> {
        let mut first = BTreeMap::new();
        for history in &self.histories {
            first.entry(history.topic.as_str()).or_insert(history);
        }
        first.into_values().collect()
    }
}
