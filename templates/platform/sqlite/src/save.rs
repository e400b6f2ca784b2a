//! Changes of rows of a schema's table, on condition of their version.

use platform_ports::engine::{CommitError, Generation, Save, SaveTo, Stored};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params, params_from_iter};
use uuid::Uuid;

use super::error::{ApplyError, Error, signed};
use super::tables::TableSql;
use super::{codec, collections, constraints, rows};

/// Applies one change.
pub(super) fn save(connection: &Connection, sql: &TableSql, save: &Save) -> Result<(), ApplyError> {
    match &save.to {
        SaveTo::Live(stored) => live(connection, sql, save, stored),
        SaveTo::Deleted { id, version } => delete(connection, sql, save, *id, *version),
    }
}

fn live(
    connection: &Connection,
    sql: &TableSql,
    save: &Save,
    stored: &Stored,
) -> Result<(), ApplyError> {
    let mut values = values(save, stored)?;
    let changed = save.expected > 0 && {
        values.push(Sql::Integer(signed(save.expected)?));
        let changed = execute(connection, &sql.update, &values)
            .map_err(|error| constraints::of_save(connection, save.schema, stored, error))?;
        values.pop();
        changed > 0
    };
    if !changed {
        let tombstone = rows::tombstone(connection, save.schema, save.generation, stored.id)?;
        if tombstone.unwrap_or(0) != save.expected {
            return Err(CommitError::Conflict.into());
        }
        insert(connection, sql, save, stored, &values)?;
        if tombstone.is_some() {
            remove_tombstone(connection, save, stored.id)?;
        }
    }
    constraints::listed_references(connection, save.schema, stored)?;
    for (collection, sql) in save.schema.collections.iter().zip(&sql.collections) {
        collections::save(connection, collection, sql, stored, changed)?;
    }
    Ok(())
}

fn insert(
    connection: &Connection,
    sql: &TableSql,
    save: &Save,
    stored: &Stored,
    values: &[Sql],
) -> Result<(), ApplyError> {
    let Err(error) = execute(connection, &sql.insert, values) else {
        return Ok(());
    };
    // A row that is there already is likely to have the same unique members, too: that it is there
    // is what counts.
    match rows::live_version(connection, sql, save.generation, stored.id)? {
        Some(_) => Err(CommitError::Conflict.into()),
        None => Err(constraints::of_save(connection, save.schema, stored, error)),
    }
}

/// The parameters of [`TableSql::insert`].
fn values(save: &Save, stored: &Stored) -> Result<Vec<Sql>, Error> {
    let mut values = Vec::with_capacity(save.schema.columns.len() + 6);
    values.push(Sql::Text(stored.id.to_string()));
    values.push(Sql::Integer(save.generation.into()));
    values.push(Sql::Integer(signed(stored.version)?));
    values.push(Sql::Text(stored.created_at.to_string()));
    values.push(Sql::Text(stored.updated_at.to_string()));
    for column in save.schema.columns {
        values.push(codec::encode(column, stored.members.get(column.name))?);
    }
    Ok(values)
}

fn execute(connection: &Connection, sql: &str, values: &[Sql]) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(sql)?
        .execute(params_from_iter(values))
}

fn delete(
    connection: &Connection,
    sql: &TableSql,
    save: &Save,
    id: Uuid,
    version: u64,
) -> Result<(), ApplyError> {
    constraints::listed_referrers(connection, save.schema, id)?;
    let deleted = connection
        .prepare_cached(&sql.delete)?
        .execute(params![
            id.to_string(),
            save.generation,
            signed(save.expected)?
        ])
        .map_err(|error| constraints::of_delete(connection, save.schema, id, error))?;
    // What was never here can be told as deleted too: a projection learns of it that way.
    let known = rows::tombstone(connection, save.schema, save.generation, id)?;
    if deleted == 0 {
        let live = rows::live_version(connection, sql, save.generation, id)?;
        if live.is_some() || known.unwrap_or(0) != save.expected {
            return Err(CommitError::Conflict.into());
        }
    }
    put_tombstone(connection, save, save.generation, id, version)
}

fn put_tombstone(
    connection: &Connection,
    save: &Save,
    generation: Generation,
    id: Uuid,
    version: u64,
) -> Result<(), ApplyError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO microdb_tombstones (of, generation, id, version)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            save.schema.table,
            generation,
            id.to_string(),
            signed(version)?
        ])?;
    Ok(())
}

fn remove_tombstone(connection: &Connection, save: &Save, id: Uuid) -> Result<(), ApplyError> {
    connection
        .prepare_cached(
            "DELETE FROM microdb_tombstones WHERE of = ?1 AND generation = ?2 AND id = ?3",
        )?
        .execute(params![save.schema.table, save.generation, id.to_string()])?;
    Ok(())
}
