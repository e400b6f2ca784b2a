//! What a service hears and is asked for, as the description has it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use platform_contract::envelope::{Change, Envelope};
use platform_contract::value::Timestamp;

/// The time that decisions are told, 2026-01-30T12:00:00Z, in microseconds since 1970. That is a day
/// before the dates of examples, so that what is to come in them is still to come.
const NOW: i64 = 1_769_774_400_000_000;
/// How long before that what is there was recorded, in microseconds.
const AGO: i64 = 60 * 60 * 1_000_000;

/// The time that decisions are told.
pub(super) fn now() -> Timestamp {
    Timestamp::constant(NOW)
}

/// When what is there was recorded.
pub(super) fn ago() -> Timestamp {
    Timestamp::constant(NOW - AGO)
}

/// What a service hears and is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Examples {
    /// Aggregates of its own that are there before.
    pub rows: Vec<Row>,
    /// What aggregates of other contexts go through.
    pub histories: Vec<History>,
    /// What it is asked for over HTTP.
    pub requests: Vec<ExampleRequest>,
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
pub(super) struct ExampleRequest {
    /// The command it is for.
    pub command: String,
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
        let time = ago().as_microseconds() + i64::try_from(sequence).unwrap_or_default();
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
            correlation: id.into(),
            causation: id,
            traceparent: None,
            data: event.data.clone(),
        }
    }
}

/// A phase of what happens. What replicas hold comes before what is decided by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The aggregates that the service has replicas of.
    Replicas,
    /// The events that set policies and effects off.
    Triggers,
}

impl Phase {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Replicas, Self::Triggers];
}

impl Examples {
    /// The histories of a phase.
    pub fn histories(&self, phase: Phase) -> impl Iterator<Item = &History> {
        let of = move |one: &&History| one.heard.is_some() == (phase == Phase::Triggers);
        self.histories.iter().filter(of)
    }

    /// The phases in which something happens.
    pub fn phases(&self) -> Vec<Phase> {
        let happens = |phase: &Phase| self.histories(*phase).next().is_some();
        Phase::ALL.into_iter().filter(happens).collect()
    }
}

/// One history of each topic: the first.
pub(super) fn one_of_each_topic<'a>(
    histories: impl Iterator<Item = &'a History>,
) -> Vec<&'a History> {
    let mut first = BTreeMap::new();
    for history in histories {
        first.entry(history.topic.as_str()).or_insert(history);
    }
    first.into_values().collect()
}
