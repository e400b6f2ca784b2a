//! The outbox and the event log.

use platform_contract::envelope::Wire;
use platform_contract::value::Timestamp;
use platform_ports::engine::{CommitError, EngineError, OutboxDepth, OutboxEvent, OutboxRow};
use rusqlite::{Connection, Params, Row, ffi, params};
use uuid::Uuid;

use super::error::{ApplyError, Error, signed, unsigned};
use super::rows::{timestamp, uuid};

/// What both tables have of a message, in the order [`event`] reads it.
const COLUMNS: &str = "id, aggregatetype, aggregateid, sequence, type, topic, partition, headers, payload, written_at";

/// How many messages may still be written before the outbox is full, by the limit.
///
/// Positions are given without gaps but for rolled back and deleted rows, so the span between the
/// first and the last is an upper bound that costs nothing; only beyond it rows are counted.
pub(super) fn capacity(connection: &Connection, limit: u64) -> Result<u64, Error> {
    let span: i64 = connection
        .prepare_cached(
            "SELECT coalesce((SELECT max(position) FROM microdb_outbox)
                - (SELECT min(position) FROM microdb_outbox) + 1, 0)",
        )?
        .query_row([], |row| row.get(0))?;
    let span = unsigned(span)?;
    let rows = if span < limit {
        span
    } else {
        depth(connection)?.rows
    };
    Ok(limit.saturating_sub(rows))
}

/// Writes a message into the outbox, and an event into the log.
pub(super) fn append(
    connection: &Connection,
    event: &OutboxEvent,
    now: Timestamp,
) -> Result<(), ApplyError> {
    let headers = serde_json::to_string(&event.wire.headers)
        .map_err(|error| EngineError::Corrupt(error.to_string()))?;
    let (id, aggregate) = (event.id.to_string(), event.aggregate_id.to_string());
    let (sequence, now) = (signed(event.sequence)?, now.to_string());
    let values = params![
        id,
        event.aggregate_type,
        aggregate,
        sequence,
        event.kind,
        event.topic,
        event.partition,
        headers,
        event.wire.payload,
        now,
        event.logged,
    ];
    connection
        .prepare_cached(
            "INSERT INTO microdb_outbox (id, aggregatetype, aggregateid, sequence, type, topic,
                partition, headers, payload, written_at, logged)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(values)
        .map_err(|error| waiting(&error).unwrap_or_else(|| error.into()))?;
    if event.logged {
        connection
            .prepare_cached(
                "INSERT INTO microdb_event_log (id, aggregatetype, aggregateid, sequence, type,
                    topic, partition, headers, payload, written_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(&values[..values.len() - 1])?;
    }
    Ok(())
}

/// A message with the same id is waiting already.
fn waiting(error: &rusqlite::Error) -> Option<ApplyError> {
    let code = error.sqlite_error()?.extended_code;
    (code == ffi::SQLITE_CONSTRAINT_UNIQUE).then(|| CommitError::Conflict.into())
}

/// The oldest messages of a shard.
pub(super) fn oldest(
    connection: &Connection,
    shards: u32,
    shard: u32,
    limit: u32,
) -> Result<Vec<OutboxRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, logged, position, refused FROM microdb_outbox
         WHERE partition % ?1 = ?2 ORDER BY position LIMIT ?3"
    );
    outbox_rows(connection, &sql, params![shards, shard, limit])
}

/// The messages that are marked as refused.
pub(super) fn refused(connection: &Connection, limit: u32) -> Result<Vec<OutboxRow>, Error> {
    let sql = format!(
        "SELECT {COLUMNS}, logged, position, refused FROM microdb_outbox
         WHERE refused IS NOT NULL ORDER BY position LIMIT ?1"
    );
    outbox_rows(connection, &sql, params![limit])
}

fn outbox_rows(
    connection: &Connection,
    sql: &str,
    values: impl Params,
) -> Result<Vec<OutboxRow>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(OutboxRow {
            position: row.get(11)?,
            refused: row.get(12)?,
            written_at: timestamp(&row.get::<_, String>(9)?)?,
            event: event(row, row.get(10)?)?,
        });
    }
    Ok(found)
}

/// Deletes acknowledged messages.
pub(super) fn acknowledge(connection: &Connection, ids: &[Uuid]) -> Result<(), Error> {
    let mut statement = connection.prepare_cached("DELETE FROM microdb_outbox WHERE id = ?1")?;
    for id in ids {
        statement.execute([id.to_string()])?;
    }
    Ok(())
}

/// Marks a message as refused, or frees it.
pub(super) fn refuse(connection: &Connection, id: Uuid, why: Option<&str>) -> Result<(), Error> {
    connection
        .prepare_cached("UPDATE microdb_outbox SET refused = ?2 WHERE id = ?1")?
        .execute(params![id.to_string(), why])?;
    Ok(())
}

/// How much waits.
pub(super) fn depth(connection: &Connection) -> Result<OutboxDepth, Error> {
    let (rows, oldest): (i64, Option<String>) = connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM microdb_outbox),
                (SELECT written_at FROM microdb_outbox ORDER BY position LIMIT 1)",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(OutboxDepth {
        rows: unsigned(rows)?,
        oldest: oldest.as_deref().map(timestamp).transpose()?,
    })
}

/// Events of the log after a place, in the order of aggregates and their sequences.
pub(super) fn log(
    connection: &Connection,
    aggregate_type: &str,
    after: Option<(Uuid, u64)>,
    limit: u32,
) -> Result<Vec<OutboxEvent>, Error> {
    let (aggregate, sequence) = match after {
        Some((aggregate, sequence)) => (aggregate.to_string(), signed(sequence)?),
        None => (String::new(), 0),
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM microdb_event_log
         WHERE aggregatetype = ?1 AND (aggregateid, sequence) > (?2, ?3)
         ORDER BY aggregateid, sequence LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![aggregate_type, aggregate, sequence, limit])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(event(row, true)?);
    }
    Ok(events)
}

/// Puts events in the place of those that the log has.
pub(super) fn rewrite_log(connection: &Connection, events: &[OutboxEvent]) -> Result<(), Error> {
    let mut update = connection.prepare_cached(
        "UPDATE microdb_event_log SET type = ?4, headers = ?5, payload = ?6
         WHERE aggregatetype = ?1 AND aggregateid = ?2 AND sequence = ?3",
    )?;
    for event in events {
        let headers = serde_json::to_string(&event.wire.headers)
            .map_err(|error| EngineError::Corrupt(error.to_string()))?;
        let (aggregate, sequence) = (event.aggregate_id.to_string(), signed(event.sequence)?);
        update.execute(params![
            event.aggregate_type,
            aggregate,
            sequence,
            event.kind,
            headers,
            event.wire.payload,
        ])?;
    }
    Ok(())
}

/// Deletes up to `limit` of the oldest events of the log that are older than `before`.
pub(super) fn trim(connection: &Connection, before: Timestamp, limit: u32) -> Result<u64, Error> {
    let deleted = connection
        .prepare_cached(
            "DELETE FROM microdb_event_log WHERE position IN
                (SELECT position FROM microdb_event_log WHERE position <=
                    (SELECT min(position) + ?2 - 1 FROM microdb_event_log))
             AND written_at < ?1",
        )?
        .execute(params![before.to_string(), limit])?;
    Ok(deleted as u64)
}

fn event(row: &Row<'_>, logged: bool) -> Result<OutboxEvent, Error> {
    let headers: String = row.get(7)?;
    let headers =
        serde_json::from_str(&headers).map_err(|error| EngineError::Corrupt(error.to_string()))?;
    Ok(OutboxEvent {
        id: uuid(&row.get::<_, String>(0)?)?,
        aggregate_type: row.get(1)?,
        aggregate_id: uuid(&row.get::<_, String>(2)?)?,
        sequence: unsigned(row.get(3)?)?,
        kind: row.get(4)?,
        topic: row.get(5)?,
        partition: row.get(6)?,
        logged,
        wire: Wire {
            headers,
            payload: row.get(8)?,
        },
    })
}
