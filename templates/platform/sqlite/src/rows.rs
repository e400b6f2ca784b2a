//! Reads rows of a schema's table, with the entities inside.

use platform_contract::schema::{Collection, Column, Schema};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, Found, Generation, Stored};
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::codec;
use super::error::{Error, unsigned};
use super::tables::{CollectionSql, TableSql};

/// The row under an id, or what its deletion left behind.
pub(super) fn load(
    connection: &Connection,
    sql: &TableSql,
    schema: &Schema,
    generation: Generation,
    id: Uuid,
) -> Result<Found, Error> {
    let mut statement = connection.prepare_cached(&sql.load)?;
    let mut rows = statement.query(params![id.to_string(), generation])?;
    match rows.next()? {
        Some(row) => stored(connection, sql, schema, row).map(Found::Live),
        None => Ok(match tombstone(connection, schema, generation, id)? {
            Some(version) => Found::Deleted(version),
            None => Found::Nothing,
        }),
    }
}

/// The version of a live row.
pub(super) fn live_version(
    connection: &Connection,
    sql: &TableSql,
    generation: Generation,
    id: Uuid,
) -> Result<Option<u64>, Error> {
    let mut statement = connection.prepare_cached(&sql.version)?;
    let mut rows = statement.query(params![id.to_string(), generation])?;
    rows.next()?.map(|row| unsigned(row.get(0)?)).transpose()
}

/// The version at which a row was deleted.
pub(super) fn tombstone(
    connection: &Connection,
    schema: &Schema,
    generation: Generation,
    id: Uuid,
) -> Result<Option<u64>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT version FROM microdb_tombstones WHERE of = ?1 AND generation = ?2 AND id = ?3",
    )?;
    let mut rows = statement.query(params![schema.table, generation, id.to_string()])?;
    rows.next()?.map(|row| unsigned(row.get(0)?)).transpose()
}

/// Deleted rows after an id, in the order of ids, with the versions of their deletions.
pub(super) fn tombstones(
    connection: &Connection,
    schema: &Schema,
    generation: Generation,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, u64)>, Error> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let mut statement = connection.prepare_cached(
        "SELECT id, version FROM microdb_tombstones
         WHERE of = ?1 AND generation = ?2 AND id > ?3 ORDER BY id LIMIT ?4",
    )?;
    let mut rows = statement.query(params![schema.table, generation, after, limit])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((uuid(&row.get::<_, String>(0)?)?, unsigned(row.get(1)?)?));
    }
    Ok(found)
}

/// A row `id, version, created_at, updated_at, …columns`, with its entities.
pub(super) fn stored(
    connection: &Connection,
    sql: &TableSql,
    schema: &Schema,
    row: &Row<'_>,
) -> Result<Stored, Error> {
    let id: String = row.get(0)?;
    let mut members = members(schema.columns, row, 4)?;
    for (collection, sql) in schema.collections.iter().zip(&sql.collections) {
        members.insert(
            collection.member.to_owned(),
            entities(connection, collection, sql, &id)?,
        );
    }
    Ok(Stored {
        id: uuid(&id)?,
        version: unsigned(row.get(1)?)?,
        created_at: timestamp(&row.get::<_, String>(2)?)?,
        updated_at: timestamp(&row.get::<_, String>(3)?)?,
        members,
    })
}

fn entities(
    connection: &Connection,
    collection: &Collection,
    sql: &CollectionSql,
    parent: &str,
) -> Result<Value, Error> {
    let mut statement = connection.prepare_cached(&sql.load)?;
    let mut rows = statement.query([parent])?;
    let mut entities = Vec::new();
    while let Some(row) = rows.next()? {
        let mut entity = members(collection.columns, row, 2)?;
        entity.insert("id".to_owned(), Value::String(row.get(0)?));
        entities.push(Value::Object(entity));
    }
    Ok(Value::Array(entities))
}

fn members(columns: &[Column], row: &Row<'_>, first: usize) -> Result<Map<String, Value>, Error> {
    let mut members = Map::new();
    for (index, column) in columns.iter().enumerate() {
        if let Some(value) = codec::decode(column, row.get_ref(first + index)?)? {
            members.insert(column.name.to_owned(), value);
        }
    }
    Ok(members)
}

/// A stored UUID.
pub(super) fn uuid(text: &str) -> Result<Uuid, EngineError> {
    Uuid::try_parse(text).map_err(|_| EngineError::Corrupt(format!("`{text}` is no UUID")))
}

/// A stored instant.
pub(super) fn timestamp(text: &str) -> Result<Timestamp, EngineError> {
    text.parse()
        .map_err(|_| EngineError::Corrupt(format!("`{text}` is no instant")))
}
