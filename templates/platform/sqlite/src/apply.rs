//! Applies write sets inside a transaction.

use platform_contract::value::Timestamp;
use platform_ports::engine::{Check, CommitError, WriteSet};
use rusqlite::Connection;

use super::error::ApplyError;
use super::tables::Tables;
use super::{documents, find, outbox, progress, rows, save};

/// Applies one write set, or fails at the first thing that keeps it from being applied; the caller
/// rolls back.
pub(super) fn apply(
    connection: &Connection,
    tables: &Tables,
    outbox_limit: u64,
    write: &WriteSet,
) -> Result<(), ApplyError> {
    for one in &write.checks {
        check(connection, tables, one)?;
    }
    for one in &write.saves {
        save::save(connection, &tables.of(one.schema), one)?;
    }
    append(connection, outbox_limit, write)?;
    for advance in &write.applied_sequences {
        progress::advance_sequence(connection, advance)?;
    }
    for one in &write.documents {
        documents::write(connection, one)?;
    }
    for offset in &write.offsets {
        progress::advance_offset(connection, offset)?;
    }
    Ok(())
}

fn append(connection: &Connection, limit: u64, write: &WriteSet) -> Result<(), ApplyError> {
    if write.events.is_empty() {
        return Ok(());
    }
    if outbox::capacity(connection, limit)? < write.events.len() as u64 {
        return Err(CommitError::OutboxFull.into());
    }
    let now = Timestamp::now();
    for event in &write.events {
        outbox::append(connection, event, now)?;
    }
    Ok(())
}

fn check(connection: &Connection, tables: &Tables, check: &Check) -> Result<(), ApplyError> {
    let holds = match check {
        Check::Version {
            schema,
            generation,
            id,
            version,
        } => {
            let sql = tables.of(schema);
            let live = rows::live_version(connection, &sql, *generation, *id)?;
            let now = match live {
                Some(live) => Some(live),
                None => rows::tombstone(connection, schema, *generation, *id)?,
            };
            now.unwrap_or(0) == *version
        }
        Check::Answer { find, rows } => find::versions(connection, find)? == *rows,
        Check::EmptyGroup { collection, group } => {
            documents::is_empty(connection, *collection, group)?
        }
    };
    if holds {
        Ok(())
    } else {
        Err(CommitError::Conflict.into())
    }
}
