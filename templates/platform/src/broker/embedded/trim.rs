//! Deleting what is older than the retention, and what deleted topics left.

use rusqlite::{Connection, OptionalExtension, params};

use crate::broker::BrokerError;

/// How many messages one write deletes at most, so that no other write waits for long.
const SLICE: u32 = 1_000;

/// Deletes a slice of what is due; whether there may be more.
///
/// # Errors
/// When the file fails.
pub fn trim(connection: &Connection, before: i64) -> Result<bool, BrokerError> {
    let full = usize::try_from(SLICE).unwrap_or(usize::MAX);
    Ok(trim_old(connection, before)? == full || trim_dropped(connection)?)
}

/// `id` grows with time, so the oldest messages come first in its order.
fn trim_old(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let deleted: Vec<(i64, i64)> = connection
        .prepare_cached(
            r#"DELETE FROM messages WHERE id IN (SELECT id FROM messages ORDER BY id LIMIT ?2)
               AND at < ?1 RETURNING partition, "offset""#,
        )?
        .query_map(params![before, SLICE], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (partition, offset) in &deleted {
        connection
            .prepare_cached("UPDATE partitions SET start = max(start, ?2) WHERE id = ?1")?
            .execute([*partition, offset + 1])?;
    }
    Ok(deleted.len())
}

fn trim_dropped(connection: &Connection) -> rusqlite::Result<bool> {
    let partition: Option<i64> = connection
        .prepare_cached("SELECT partition FROM dropped LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(partition) = partition else {
        return Ok(false);
    };
    let deleted = connection
        .prepare_cached(
            "DELETE FROM messages WHERE id IN
             (SELECT id FROM messages WHERE partition = ?1 LIMIT ?2)",
        )?
        .execute(params![partition, SLICE])?;
    if deleted == 0 {
        connection.execute("DELETE FROM dropped WHERE partition = ?1", [partition])?;
    }
    Ok(true)
}
