//! What a member reads: which partitions are its own, and their messages.

use std::collections::VecDeque;

use platform_contract::envelope::Wire;
use platform_ports::broker::Assignment;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::Error;

/// How many bytes of payload are read at once, unless the first message alone has more.
const MAX_BYTES: usize = 8 << 20;

/// A partition that a member owns.
pub struct AssignedPartition {
    /// Its id.
    pub id: i64,
    /// Whether it is meant to stay the member's.
    pub stays: bool,
    /// Where it stands.
    pub assignment: Assignment,
}

/// The partitions a member owns; `None` when the group no longer knows it.
///
/// # Errors
/// When the file fails.
pub fn assigned_partitions(
    connection: &Connection,
    group: &str,
    member: &str,
) -> Result<Option<Vec<AssignedPartition>>, Error> {
    let known = connection
        .prepare_cached("SELECT 1 FROM members WHERE id = ?1")?
        .exists([member])?;
    if !known {
        return Ok(None);
    }
    let assigned = connection
        .prepare_cached(
            r#"SELECT id, wanted = owner, topic, number, topic_id, start, next
               FROM assignments
               JOIN partitions ON id = partition
               JOIN topics ON name = topic
               WHERE "group" = ?1 AND owner = ?2"#,
        )?
        .query_map([group, member], |row| {
            Ok(AssignedPartition {
                id: row.get(0)?,
                stays: row.get(1)?,
                assignment: Assignment {
                    topic: row.get(2)?,
                    partition: row.get(3)?,
                    topic_id: row.get(4)?,
                    start: row.get(5)?,
                    end: row.get(6)?,
                },
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(assigned))
}

/// What is found from an offset on.
pub enum Fetched {
    /// The partition is no longer there.
    Gone,
    /// The offset is not in the log.
    OutOfRange,
    /// Messages.
    Messages {
        /// The messages, in order.
        rows: Vec<Row>,
        /// The offset to read after them.
        next: i64,
    },
}

/// A message as it is stored.
pub struct Row {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: String,
    /// The message.
    pub wire: Wire,
}

/// What was found in a partition from a position on.
pub struct Read {
    /// The partition's id.
    pub id: i64,
    /// The position.
    pub position: i64,
    /// What was found.
    pub fetched: Fetched,
}

/// Reads partitions in turn, until there are as many messages as may be had of one.
///
/// # Errors
/// When the file fails.
pub fn fetch_all(
    connection: &Connection,
    turn: &[(i64, i64)],
    limit: u32,
) -> Result<VecDeque<Read>, Error> {
    let (mut all, mut left) = (VecDeque::new(), limit);
    for (id, position) in turn {
        if left == 0 {
            break;
        }
        let fetched = fetch(connection, *id, *position, limit)?;
        if let Fetched::Messages { rows, .. } = &fetched {
            left = left.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        }
        all.push_back(Read {
            id: *id,
            position: *position,
            fetched,
        });
    }
    Ok(all)
}

/// The messages of a partition from `position` on.
///
/// # Errors
/// When the file fails.
pub fn fetch(
    connection: &Connection,
    partition: i64,
    position: i64,
    limit: u32,
) -> Result<Fetched, Error> {
    let bounds: Option<(i64, i64)> = connection
        .prepare_cached("SELECT start, next FROM partitions WHERE id = ?1")?
        .query_row([partition], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((start, end)) = bounds else {
        return Ok(Fetched::Gone);
    };
    if position < start || position > end {
        return Ok(Fetched::OutOfRange);
    }
    let rows = rows(connection, partition, position, limit)?;
    // Old heartbeats leave gaps: where nothing is left before the end, the end is next.
    let next = rows.last().map_or(end, |row| row.offset + 1);
    Ok(Fetched::Messages { rows, next })
}

fn rows(
    connection: &Connection,
    partition: i64,
    position: i64,
    limit: u32,
) -> Result<Vec<Row>, Error> {
    let mut statement = connection.prepare_cached(
        r#"SELECT "offset", key, headers, payload FROM messages
           WHERE partition = ?1 AND "offset" >= ?2 ORDER BY "offset" LIMIT ?3"#,
    )?;
    let mut found = statement.query(params![partition, position, limit])?;
    let mut rows = Vec::new();
    let mut bytes = 0;
    while bytes < MAX_BYTES
        && let Some(row) = found.next()?
    {
        let headers: String = row.get(2)?;
        let headers = serde_json::from_str(&headers).map_err(Error::unusable)?;
        let payload: Vec<u8> = row.get(3)?;
        bytes += payload.len();
        rows.push(Row {
            offset: row.get(0)?,
            key: row.get(1)?,
            wire: Wire { headers, payload },
        });
    }
    Ok(rows)
}
