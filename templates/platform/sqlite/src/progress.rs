//! Applied sequences and offsets: how far handlers have come.

use platform_ports::engine::{
    AppliedSequence, CommitError, Generation, OffsetAdvance, SequenceAdvance,
};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::error::{ApplyError, Error, signed, unsigned};
use super::rows::{timestamp, uuid};

/// Advances an applied sequence, from the sequence it must have now.
pub(super) fn advance_sequence(
    connection: &Connection,
    advance: &SequenceAdvance,
) -> Result<(), ApplyError> {
    let sql = match advance.from {
        None => {
            "INSERT INTO microdb_applied_sequences (handler, generation, aggregate, sequence, event)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"
        }
        Some(_) => {
            "UPDATE microdb_applied_sequences SET sequence = ?4, event = ?5
             WHERE handler = ?1 AND generation = ?2 AND aggregate = ?3 AND sequence = ?6"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    statement.raw_bind_parameter(1, &advance.handler)?;
    statement.raw_bind_parameter(2, advance.generation)?;
    statement.raw_bind_parameter(3, advance.aggregate.to_string())?;
    statement.raw_bind_parameter(4, signed(advance.to.sequence)?)?;
    statement.raw_bind_parameter(5, advance.to.event.map(|event| event.to_string()))?;
    if let Some(from) = advance.from {
        statement.raw_bind_parameter(6, signed(from)?)?;
    }
    if statement.raw_execute()? == 1 {
        Ok(())
    } else {
        Err(CommitError::Conflict.into())
    }
}

/// The applied sequences of a handler for these aggregates.
pub(super) fn applied_sequences(
    connection: &Connection,
    handler: &str,
    generation: Generation,
    aggregates: &[Uuid],
) -> Result<Vec<(Uuid, AppliedSequence)>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT sequence, event FROM microdb_applied_sequences
         WHERE handler = ?1 AND generation = ?2 AND aggregate = ?3",
    )?;
    let mut applied_sequences = Vec::new();
    for aggregate in aggregates {
        let mut rows = statement.query(params![handler, generation, aggregate.to_string()])?;
        if let Some(row) = rows.next()? {
            let event: Option<String> = row.get(1)?;
            let applied = AppliedSequence {
                sequence: unsigned(row.get(0)?)?,
                event: event.as_deref().map(uuid).transpose()?,
            };
            applied_sequences.push((*aggregate, applied));
        }
    }
    Ok(applied_sequences)
}

/// Moves an offset forward, or to its place in a topic that was made anew.
pub(super) fn advance_offset(
    connection: &Connection,
    offset: &OffsetAdvance,
) -> Result<(), ApplyError> {
    connection
        .prepare_cached(
            "INSERT INTO microdb_offsets
                (handler, generation, topic, partition, topic_id, next, as_of)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET
                topic_id = excluded.topic_id,
                next = iif(topic_id = excluded.topic_id,
                    max(next, excluded.next), excluded.next),
                as_of = iif(topic_id = excluded.topic_id,
                    nullif(max(coalesce(as_of, ''), coalesce(excluded.as_of, '')), ''),
                    excluded.as_of)",
        )?
        .execute(params![
            offset.handler,
            offset.generation,
            offset.topic,
            offset.partition,
            offset.topic_id,
            offset.next,
            offset.as_of.map(|as_of| as_of.to_string()),
        ])?;
    Ok(())
}

/// How far a handler has read.
pub(super) fn offsets(
    connection: &Connection,
    handler: &str,
    generation: Generation,
) -> Result<Vec<OffsetAdvance>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT topic, partition, topic_id, next, as_of FROM microdb_offsets
         WHERE handler = ?1 AND generation = ?2 ORDER BY topic, partition",
    )?;
    let mut rows = statement.query(params![handler, generation])?;
    let mut offsets = Vec::new();
    while let Some(row) = rows.next()? {
        let as_of: Option<String> = row.get(4)?;
        offsets.push(OffsetAdvance {
            handler: handler.to_owned(),
            generation,
            topic: row.get(0)?,
            partition: row.get(1)?,
            topic_id: row.get(2)?,
            next: row.get(3)?,
            as_of: as_of.as_deref().map(timestamp).transpose()?,
        });
    }
    Ok(offsets)
}
