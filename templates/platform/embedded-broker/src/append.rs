//! Appending messages to their partitions.

use std::collections::HashSet;

use platform_contract::envelope::Control;
use platform_ports::broker::{Publication, PublishOutcome};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::Error;
use super::heartbeats;

/// Appends the messages in order; one outcome each.
///
/// # Errors
/// When the file fails; nothing was appended then.
pub fn append(
    connection: &Connection,
    messages: &[Publication],
    max_bytes: usize,
    now: i64,
) -> Result<Vec<PublishOutcome>, Error> {
    if let Some(outcomes) = heartbeats::append(connection, messages, max_bytes, now)? {
        return Ok(outcomes);
    }
    let mut stopped = HashSet::new();
    let mut outcomes = Vec::with_capacity(messages.len());
    for message in messages {
        let key = (message.topic.as_str(), message.key.as_str());
        let outcome = if stopped.contains(&key) {
            PublishOutcome::Failed("an earlier message of its key was not taken".to_owned())
        } else {
            append_one(connection, message, max_bytes, now)?
        };
        if outcome != PublishOutcome::Acknowledged {
            stopped.insert(key);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// A partition as its next message finds it.
struct PartitionEnd {
    id: i64,
    next: i64,
    heartbeat: Option<i64>,
}

fn append_one(
    connection: &Connection,
    message: &Publication,
    max_bytes: usize,
    now: i64,
) -> Result<PublishOutcome, Error> {
    let size = message.size();
    if size > max_bytes {
        return Ok(PublishOutcome::Refused(format!(
            "it has {size} bytes, the broker takes {max_bytes}"
        )));
    }
    let Some(end) = end(connection, message)? else {
        return Ok(PublishOutcome::Failed(format!(
            "there is no topic `{}` with a partition {}",
            message.topic, message.partition
        )));
    };
    let heartbeat = Control::is_heartbeat(&message.wire);
    if let Some(older) = end.heartbeat.filter(|_| heartbeat) {
        connection
            .prepare_cached(r#"DELETE FROM messages WHERE partition = ?1 AND "offset" = ?2"#)?
            .execute([end.id, older])?;
    }
    let headers = serde_json::to_string(&message.wire.headers).map_err(Error::unusable)?;
    connection
        .prepare_cached(
            r#"INSERT INTO messages (partition, "offset", key, headers, payload, at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)"#,
        )?
        .execute(params![
            end.id,
            end.next,
            message.key,
            headers,
            message.wire.payload,
            now
        ])?;
    connection
        .prepare_cached("UPDATE partitions SET next = ?2, heartbeat = ?3 WHERE id = ?1")?
        .execute(params![
            end.id,
            end.next + 1,
            if heartbeat {
                Some(end.next)
            } else {
                end.heartbeat
            }
        ])?;
    Ok(PublishOutcome::Acknowledged)
}

fn end(connection: &Connection, message: &Publication) -> rusqlite::Result<Option<PartitionEnd>> {
    connection
        .prepare_cached(
            "SELECT id, next, heartbeat FROM partitions WHERE topic = ?1 AND number = ?2",
        )?
        .query_row(params![message.topic, message.partition], |row| {
            Ok(PartitionEnd {
                id: row.get(0)?,
                next: row.get(1)?,
                heartbeat: row.get(2)?,
            })
        })
        .optional()
}
