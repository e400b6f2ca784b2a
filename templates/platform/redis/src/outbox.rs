//! The outbox and the event log (`lua/8_outbox.lua`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use platform_contract::envelope::{Headers, Wire};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, OutboxDepth, OutboxEvent, OutboxRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::connect::{Connection, json};
use super::error::corrupt;
use super::rows::instant;

/// A message as it is stored. The names are those of Debezium's outbox event router.
#[derive(Serialize, Deserialize)]
struct Message {
    id: Uuid,
    aggregatetype: String,
    aggregateid: Uuid,
    sequence: u64,
    #[serde(rename = "type")]
    kind: String,
    topic: String,
    partition: u32,
    logged: bool,
    headers: Headers,
    payload: String,
}

/// A message, as the function takes it.
pub(super) fn appended(event: &OutboxEvent) -> Result<Value, EngineError> {
    let message = Message {
        id: event.id,
        aggregatetype: event.aggregate_type.clone(),
        aggregateid: event.aggregate_id,
        sequence: event.sequence,
        kind: event.kind.clone(),
        topic: event.topic.clone(),
        partition: event.partition,
        logged: event.logged,
        headers: event.wire.headers.clone(),
        payload: BASE64_STANDARD.encode(&event.wire.payload),
    };
    Ok(json!({
        "id": event.id.to_string(),
        "type": event.aggregate_type,
        "aggregate": event.aggregate_id.to_string(),
        "sequence": sequence(event.sequence),
        "partition": event.partition.to_string(),
        "logged": event.logged,
        "message": json(&message)?,
    }))
}

/// A sequence whose texts order as numbers do.
fn sequence(number: u64) -> String {
    format!("{number:020}")
}

/// The oldest messages of a shard.
pub(super) async fn oldest(
    connection: &Connection,
    shards: u32,
    shard: u32,
    limit: u32,
) -> Result<Vec<OutboxRow>, EngineError> {
    let asked = json!({ "shards": shards, "shard": shard, "limit": limit });
    rows(connection.read("outbox", &asked).await?)
}

/// The messages that are marked as refused.
pub(super) async fn refused(
    connection: &Connection,
    limit: u32,
) -> Result<Vec<OutboxRow>, EngineError> {
    let mut found = rows(connection.read("refused", &json!({})).await?)?;
    found.sort_by_key(|row| row.position);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// Messages, each with why it was refused behind a one, or a zero.
fn rows(found: Vec<(String, String)>) -> Result<Vec<OutboxRow>, EngineError> {
    found
        .iter()
        .map(|(text, refused)| {
            let mut parts = text.splitn(4, '\n');
            let mut part = || parts.next().ok_or_else(|| corrupt("a message"));
            let position = part()?.parse().map_err(|_| corrupt("a message"))?;
            let _partition = part()?;
            Ok(OutboxRow {
                position,
                refused: refused.strip_prefix('1').map(str::to_owned),
                written_at: instant(part()?)?,
                event: event(part()?)?,
            })
        })
        .collect()
}

/// Deletes acknowledged messages.
pub(super) async fn acknowledge(connection: &Connection, ids: &[Uuid]) -> Result<(), EngineError> {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    connection.clear("acknowledge", &ids).await.map(drop)
}

/// Marks a message as refused, or frees it.
pub(super) async fn refuse(
    connection: &Connection,
    id: Uuid,
    why: Option<&str>,
) -> Result<(), EngineError> {
    let why = why.map_or(Value::Bool(false), Value::from);
    let asked = json!({ "id": id.to_string(), "why": why });
    connection.clear("refuse", &asked).await.map(drop)
}

/// How much waits.
pub(super) async fn depth(connection: &Connection) -> Result<OutboxDepth, EngineError> {
    let (rows, oldest): (u64, String) = connection.read("depth", &json!({})).await?;
    let oldest = (!oldest.is_empty()).then(|| instant(&oldest));
    Ok(OutboxDepth {
        rows,
        oldest: oldest.transpose()?,
    })
}

/// Events of the log after a place, in the order of aggregates and their sequences.
pub(super) async fn log(
    connection: &Connection,
    aggregate_type: &str,
    after: Option<(Uuid, u64)>,
    limit: u32,
) -> Result<Vec<OutboxEvent>, EngineError> {
    let after = after.map_or(Value::Bool(false), |(aggregate, number)| {
        format!("{aggregate}\0{}", sequence(number)).into()
    });
    let asked = json!({ "type": aggregate_type, "after": after, "limit": limit });
    let found: Vec<String> = connection.read("log", &asked).await?;
    found
        .iter()
        .map(|text| {
            let (_written_at, message) =
                text.split_once('\n').ok_or_else(|| corrupt("an event"))?;
            event(message)
        })
        .collect()
}

/// Puts events in the place of those that the log has.
pub(super) async fn rewrite_log(
    connection: &Connection,
    events: &[OutboxEvent],
) -> Result<(), EngineError> {
    let events: Vec<Value> = events.iter().map(appended).collect::<Result<_, _>>()?;
    connection.clear("rewrite", &events).await.map(drop)
}

/// Deletes up to `limit` of the oldest events of the log that are older than `before`.
pub(super) async fn trim(
    connection: &Connection,
    before: Timestamp,
    limit: u32,
) -> Result<u64, EngineError> {
    let before = before.as_microseconds().to_string();
    connection
        .clear("trim", &json!({ "before": before, "limit": limit }))
        .await
}

fn event(text: &str) -> Result<OutboxEvent, EngineError> {
    let message: Message = serde_json::from_str(text).map_err(|_| corrupt("a message"))?;
    let payload = BASE64_STANDARD.decode(&message.payload);
    Ok(OutboxEvent {
        id: message.id,
        aggregate_type: message.aggregatetype,
        aggregate_id: message.aggregateid,
        sequence: message.sequence,
        kind: message.kind,
        topic: message.topic,
        partition: message.partition,
        logged: message.logged,
        wire: Wire {
            headers: message.headers,
            payload: payload.map_err(|_| corrupt("a message"))?,
        },
    })
}
