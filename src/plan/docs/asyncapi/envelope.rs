//! What messages carry around their payloads, and the messages of the runtime itself, as its contract's
//! `envelope` has them.

use serde_json::{Map, Value, json};

use super::reference;

/// What tells how fresh a topic is.
pub(super) const HEARTBEAT: &str = "microdb.heartbeat.v1";
/// What ends the snapshots that were asked for.
pub(super) const SNAPSHOT_COMPLETE: &str = "microdb.snapshot-complete.v1";
/// What ends a replay that was asked for.
pub(super) const REPLAY_COMPLETE: &str = "microdb.replay-complete.v1";
/// What the owner of a topic is asked for.
pub(super) const REQUESTS: [&str; 3] = [
    "microdb.snapshot-request.v1",
    "microdb.resend-request.v1",
    "microdb.replay-request.v1",
];

/// What every message carries around its payload: CloudEvents 1.0 in the binding of Kafka.
pub(super) fn envelope() -> Value {
    let text = |says: &str| json!({ "type": "string", "description": says });
    let uuid = |says: &str| json!({ "type": "string", "format": "uuid", "description": says });
    json!({
        "contentType": "application/json",
        "correlationId": { "location": "$message.header#/ce_correlationid" },
        "headers": {
            "type": "object",
            "required": [
                "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time",
                "ce_sequence", "ce_partitionkey", "ce_correlationid", "ce_causationid", "ce_change",
            ],
            "properties": {
                "ce_specversion": { "const": "1.0" },
                "ce_id": uuid("The event's id"),
                "ce_source": text("The context that tells: `/<system>/<context>`"),
                "ce_type": text("The event's type with its version"),
                "ce_subject": uuid("The aggregate's id"),
                "ce_time": { "type": "string", "format": "date-time" },
                "ce_sequence": text("The event's place in the history of its aggregate, from 1"),
                "ce_partitionkey": uuid("What order is kept for: the aggregate's id"),
                "ce_dataschema": text("The type and the version of the payload"),
                "ce_correlationid": text("What all messages share that one request set off"),
                "ce_causationid": uuid("The message or the request that caused this one"),
                "ce_change": { "enum": ["saved", "deleted", "snapshot"] },
                "ce_lastevent": uuid("For a snapshot: the last event it stands for"),
                "ce_traceparent": text("The trace it belongs to (W3C Trace Context)"),
            },
        },
    })
}

/// What messages of the runtime itself carry around their payloads.
pub(super) fn control() -> Value {
    json!({
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"],
            "properties": {
                "ce_specversion": { "const": "1.0" },
                "ce_id": { "type": "string", "format": "uuid", "description": "The message's id" },
                "ce_source": {
                    "type": "string", "description": "The context that sends: `/<system>/<context>`",
                },
                "ce_type": { "type": "string", "description": "The message's type with its version" },
                "ce_time": { "type": "string", "format": "date-time" },
            },
        },
    })
}

/// All messages of the runtime itself, by their types.
pub(super) fn messages() -> Map<String, Value> {
    let id = |says: &str| json!({ "type": "string", "format": "uuid", "description": says });
    let request = || id("The request's id: asked again under the same one, it is done once");
    let kind =
        || json!({ "type": "string", "description": "The kind of aggregate, in snake case" });
    let as_of = json!({
        "type": "string", "format": "date-time", "description": "The time of the owner's database",
    });
    let from = json!({
        "type": "integer", "minimum": 1, "description": "The first sequence that is missed",
    });
    let one = json!({
        "type": ["string", "null"], "format": "uuid",
        "description": "The aggregate; left out: all, and `snapshot-complete` after them",
    });
    let [snapshots, resend, replay] = REQUESTS;
    let payloads = [
        (
            HEARTBEAT,
            "All that was committed up to then stands before this in its partition",
            payload(&["as_of"], json!({ "as_of": as_of })),
        ),
        (
            SNAPSHOT_COMPLETE,
            "The snapshots of a request stand before this in its partition; each partition has one",
            payload(
                &["request", "aggregate_type"],
                json!({ "request": id("The request"), "aggregate_type": kind() }),
            ),
        ),
        (
            REPLAY_COMPLETE,
            "The log that a replay asked for stands before this in its partition; each partition has one",
            payload(&["request"], json!({ "request": id("The request") })),
        ),
        (
            snapshots,
            "Asks for a snapshot of one aggregate, or of all",
            payload(
                &["request", "aggregate_type"],
                json!({ "request": request(), "aggregate_type": kind(), "aggregate": one }),
            ),
        ),
        (
            resend,
            "Asks for the events of one aggregate again",
            payload(
                &["request", "aggregate_type", "aggregate", "from"],
                json!({
                    "request": request(), "aggregate_type": kind(),
                    "aggregate": id("The aggregate"), "from": from,
                }),
            ),
        ),
        (
            replay,
            "Asks for all events of a kind of aggregate, in a channel of their own",
            payload(
                &["request", "aggregate_type"],
                json!({ "request": request(), "aggregate_type": kind() }),
            ),
        ),
    ];
    let messages = payloads.into_iter().map(|(name, summary, payload)| {
        let message = json!({
            "name": name,
            "summary": summary,
            "tags": [{ "name": "runtime" }],
            "payload": payload,
            "traits": [reference("components/messageTraits/control")],
        });
        (name.to_owned(), message)
    });
    messages.collect()
}

fn payload(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}
