//! Appending heartbeats, which come to all partitions of a topic at once and follow each other in the
//! same place: so many statements for a topic, however many partitions it has.

use std::collections::{BTreeMap, HashMap};

use platform_contract::envelope::Control;
use platform_ports::broker::{Publication, PublishOutcome};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::error::Error;

/// Takes the newest heartbeat out of partitions.
const DELETE: &str = r#"
    DELETE FROM messages WHERE (partition, "offset") IN
        (SELECT id, heartbeat FROM partitions
         WHERE topic = ?1 AND number IN (SELECT value FROM json_each(?2)))"#;

/// Gives each of the partitions an offset for another one.
const ADVANCE: &str = "
    UPDATE partitions SET heartbeat = next, next = next + 1
    WHERE topic = ?1 AND number IN (SELECT value FROM json_each(?2))
    RETURNING number, id, heartbeat";

/// Inserts heartbeats at their offsets.
const INSERT: &str = r#"
    INSERT INTO messages (partition, "offset", key, headers, payload, at)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BLOB), ?2
    FROM json_each(?1)"#;

/// Appends heartbeats; one outcome each. `None`: other messages are among them, or two are of one
/// partition.
///
/// # Errors
/// When the file fails; nothing was appended then.
pub fn append(
    connection: &Connection,
    messages: &[Publication],
    max_bytes: usize,
    now: i64,
) -> Result<Option<Vec<PublishOutcome>>, Error> {
    let mut topics: BTreeMap<&str, BTreeMap<u32, Heartbeat<'_>>> = BTreeMap::new();
    for (at, message) in messages.iter().enumerate() {
        let Some(heartbeat) = Heartbeat::of(at, message, max_bytes) else {
            return Ok(None);
        };
        let heartbeats = topics.entry(&message.topic).or_default();
        if heartbeats.insert(message.partition, heartbeat).is_some() {
            return Ok(None);
        }
    }
    let missing = || PublishOutcome::Failed("there is no such partition".to_owned());
    let mut outcomes: Vec<_> = std::iter::repeat_with(missing)
        .take(messages.len())
        .collect();
    for (topic, heartbeats) in topics {
        for at in append_to(connection, topic, &heartbeats, now)? {
            outcomes[at] = PublishOutcome::Acknowledged;
        }
    }
    Ok(Some(outcomes))
}

/// A heartbeat, and its place among those that are to be appended.
struct Heartbeat<'a> {
    at: usize,
    message: &'a Publication,
    text: &'a str,
}

impl<'a> Heartbeat<'a> {
    fn of(at: usize, message: &'a Publication, max_bytes: usize) -> Option<Self> {
        let text = std::str::from_utf8(&message.wire.payload).ok()?;
        let is = Control::is_heartbeat(&message.wire) && message.size() <= max_bytes;
        is.then_some(Self { at, message, text })
    }
}

/// Appends to the partitions of a topic; which were there.
fn append_to(
    connection: &Connection,
    topic: &str,
    heartbeats: &BTreeMap<u32, Heartbeat<'_>>,
    now: i64,
) -> Result<Vec<usize>, Error> {
    let numbers = json!(heartbeats.keys().collect::<Vec<_>>()).to_string();
    let of_topic = params![topic, numbers];
    connection.prepare_cached(DELETE)?.execute(of_topic)?;
    let offsets: HashMap<u32, (i64, i64)> = connection
        .prepare_cached(ADVANCE)?
        .query_map(of_topic, |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?
        .collect::<Result<_, _>>()?;
    let (mut rows, mut appended) = (Vec::new(), Vec::new());
    for (number, Heartbeat { at, message, text }) in heartbeats {
        let Some((partition, offset)) = offsets.get(number) else {
            continue;
        };
        let headers = serde_json::to_string(&message.wire.headers).map_err(Error::unusable)?;
        rows.push(json!([partition, offset, message.key, headers, text]));
        appended.push(*at);
    }
    let rows = Value::from(rows).to_string();
    connection
        .prepare_cached(INSERT)?
        .execute(params![rows, now])?;
    Ok(appended)
}
