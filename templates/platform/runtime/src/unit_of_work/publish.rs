//! From what a decision emitted to what goes into the outbox.

use serde_json::Value;
use uuid::Uuid;

use super::refusals;
use crate::context::Context;
use crate::decision::Aggregate;
use crate::{Refused, Runtime};
use platform_contract::AggregateType;
use platform_contract::AnyEvent;
use platform_contract::envelope::{Change, Envelope, partition_of};
use platform_ports::engine::OutboxEvent;

/// The size of a message's headers and payload that every broker takes: below the 1,048,588 bytes
/// that Kafka takes at most unless told otherwise (`message.max.bytes`), with room for its framing.
pub const MESSAGE_LIMIT: usize = 1_000_000;

/// The messages of an aggregate's events, numbered from the version after `version`.
///
/// # Errors
/// `invalid`, when a message would be larger than [`MESSAGE_LIMIT`].
pub(super) fn messages<A: Aggregate>(
    runtime: &Runtime,
    context: &Context,
    id: Uuid,
    version: u64,
    events: Vec<AnyEvent>,
    deletes: bool,
) -> Result<Vec<OutboxEvent>, Refused> {
    let last = events.len();
    let numbered = events.into_iter().zip(1..);
    numbered
        .map(|(event, number)| {
            let change = match deletes && number == last {
                true => Change::Deleted,
                false => Change::Saved,
            };
            let sequence = version + number as u64;
            message::<A>(runtime, context, id, sequence, event, change)
        })
        .collect()
}

fn message<A: Aggregate>(
    runtime: &Runtime,
    context: &Context,
    aggregate: Uuid,
    sequence: u64,
    event: AnyEvent,
    change: Change,
) -> Result<OutboxEvent, Refused> {
    let envelope = Envelope {
        id: Uuid::now_v7(),
        kind: event.kind.to_owned(),
        version: event.version,
        source: runtime.source(),
        subject: aggregate,
        sequence,
        change,
        last_event: None,
        time: context.now,
        correlation: context.correlation.clone(),
        causation: context.command_id,
        traceparent: context.traceparent.clone(),
        data: Value::Object(event.data),
    };
    let wire = envelope.to_wire();
    let size = wire.size();
    if size > MESSAGE_LIMIT {
        return Err(refusals::invalid_at(
            "",
            format!("its event would have {size} bytes, more than the {MESSAGE_LIMIT} allowed"),
        ));
    }
    Ok(OutboxEvent {
        id: envelope.id,
        aggregate_type: A::Type::NAME.to_owned(),
        aggregate_id: aggregate,
        sequence,
        kind: envelope.versioned_kind(),
        topic: A::Type::TOPIC.to_owned(),
        partition: partition_of(aggregate, runtime.partitions),
        logged: true,
        wire,
    })
}
