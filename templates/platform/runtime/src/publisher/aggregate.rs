//! What a service has to know of an aggregate that it owns to publish its state.

use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::Runtime;
use crate::decision::Aggregate;
use crate::erasure::has_personal_data;
use platform_contract::AggregateType;
use platform_contract::envelope::{Change, Envelope, SNAPSHOT_SUFFIX, emptied, partition_of};
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{OutboxEvent, Stored};

/// The version of all snapshots' types: their data is read by members, without upcasters.
const SNAPSHOT_VERSION: u32 = 1;

/// A kind of aggregate that a service owns.
#[derive(Debug, Clone, Copy)]
pub struct PublishedAggregate {
    /// How it is stored.
    pub schema: &'static Schema,
    /// Its name, in snake case.
    pub name: &'static str,
    /// The topic of its events.
    pub topic: &'static str,
    /// The members that snapshots publish, besides the status.
    pub published: &'static [&'static str],
    /// Whether it has personal data, or its events do.
    pub is_personal: fn() -> bool,
    /// Takes personal data out of messages about it.
    pub emptied: fn(&Envelope) -> Option<Envelope>,
    /// Whether it has states.
    pub has_status: bool,
    /// When replicas of it count as stale, the shortest time of all; `None`: nobody has any.
    pub stale_after: Option<Duration>,
}

/// What a snapshot says of an aggregate.
pub struct AggregateState {
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: u64,
    /// Its published members; `None` when it was deleted.
    pub members: Option<Map<String, Value>>,
    /// The event with that version, when it is known.
    pub last_event: Option<Uuid>,
}

impl PublishedAggregate {
    /// What the aggregate says of itself.
    pub const fn of<A: Aggregate>() -> Self {
        Self {
            schema: A::SCHEMA,
            name: A::Type::NAME,
            topic: A::Type::TOPIC,
            published: A::PUBLISHED,
            is_personal: has_personal_data::<A>,
            emptied: emptied::<A::Type>,
            has_status: A::INITIAL_STATUS.is_some(),
            stale_after: None,
        }
    }

    /// The members of a row that everybody may know.
    pub(super) fn published(&self, row: Stored) -> Map<String, Value> {
        let published = |member: &str| {
            self.published.contains(&member) || (self.has_status && member == "status")
        };
        let members = row.members.into_iter();
        members.filter(|(member, _)| published(member)).collect()
    }

    /// The message that tells a state; asked for by `request`.
    pub(super) fn snapshot(
        &self,
        runtime: &Runtime,
        request: Uuid,
        now: Timestamp,
        state: AggregateState,
    ) -> OutboxEvent {
        let name = [state.id.as_bytes().as_slice(), &state.version.to_be_bytes()].concat();
        let envelope = Envelope {
            id: Uuid::new_v5(&request, &name),
            kind: self.snapshot_kind(runtime),
            version: SNAPSHOT_VERSION,
            source: runtime.source(),
            subject: state.id,
            sequence: state.version,
            change: match state.members {
                Some(_) => Change::Snapshot,
                None => Change::Deleted,
            },
            last_event: state.last_event,
            time: now,
            correlation: request.into(),
            causation: request,
            traceparent: None,
            data: Value::Object(state.members.unwrap_or_default()),
        };
        OutboxEvent {
            id: envelope.id,
            aggregate_type: self.name.to_owned(),
            aggregate_id: envelope.subject,
            sequence: envelope.sequence,
            kind: envelope.versioned_kind(),
            topic: self.topic.to_owned(),
            partition: partition_of(envelope.subject, runtime.partitions),
            logged: false,
            wire: envelope.to_wire(),
        }
    }

    /// `fintech.loan.LoanSnapshot`.
    fn snapshot_kind(&self, runtime: &Runtime) -> String {
        let mut kind = format!("{}.{}.", runtime.system, runtime.context);
        for word in self.name.split('_') {
            let mut letters = word.chars();
            kind.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            kind.push_str(letters.as_str());
        }
        kind + SNAPSHOT_SUFFIX
    }
}
