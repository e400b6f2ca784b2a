//! Reads rows of a schema's table, with the entities inside.

use std::sync::Arc;

use platform_contract::schema::{Collection, Schema};
use platform_ports::engine::{EngineError, Found, Generation, Stored};
use serde_json::{Map, Value};
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::codec::{self, type_of};
use super::error::StatementError;
use super::statement;
use super::tables::TableSql;
use super::value::{Arguments, Sql, Type};

/// The row under an id, or what its deletion left behind.
pub(super) async fn load(
    connection: &mut PgConnection,
    sql: &TableSql,
    schema: &Schema,
    generation: Generation,
    id: Uuid,
) -> Result<Found, EngineError> {
    let arguments = Arguments::default()
        .uuid(id)
        .int(generation)
        .text(schema.table);
    let rows = statement::rows(connection, &sql.load, arguments).await?;
    match rows.first() {
        Some(row) => found(schema, row),
        None => Ok(Found::Nothing),
    }
}

/// The same for each of these ids, in their order.
pub(super) async fn load_each(
    connection: &mut PgConnection,
    sql: &TableSql,
    schema: &Schema,
    generation: Generation,
    ids: &[Uuid],
) -> Result<Vec<Found>, EngineError> {
    let ids: Vec<Sql> = ids.iter().copied().map(Sql::Uuid).collect();
    let arguments = Arguments::default()
        .many(Type::Uuid, &ids)
        .int(generation)
        .text(schema.table);
    let rows = statement::rows(connection, &sql.load_each, arguments).await?;
    rows.iter().map(|row| found(schema, row)).collect()
}

/// A row of [`TableSql::load`].
fn found(schema: &Schema, row: &PgRow) -> Result<Found, EngineError> {
    if statement::maybe_uuid(row, 1)?.is_some() {
        return stored(schema, row, 1).map(Found::Live);
    }
    Ok(match statement::value(row, 0, Type::Int)? {
        Sql::Null => Found::Nothing,
        _ => Found::Deleted(statement::natural(row, 0)?),
    })
}

/// The version of a live row.
pub(super) async fn live_version(
    connection: &mut PgConnection,
    sql: &TableSql,
    generation: Generation,
    id: Uuid,
) -> Result<Option<u64>, StatementError> {
    let arguments = Arguments::default().uuid(id).int(generation);
    let rows = statement::rows(connection, &sql.version, arguments).await?;
    let version = rows.first().map(|row| statement::natural(row, 0));
    Ok(version.transpose()?)
}

/// The version at which a row was deleted, which stays so until the end of the transaction.
pub(super) async fn tombstone(
    connection: &mut PgConnection,
    schema: &Schema,
    generation: Generation,
    id: Uuid,
) -> Result<Option<u64>, StatementError> {
    let sql: Arc<str> =
        "SELECT version FROM microdb_tombstones WHERE of = $1 AND generation = $2 AND id = $3 FOR UPDATE"
            .into();
    let arguments = Arguments::default()
        .text(schema.table)
        .int(generation)
        .uuid(id);
    let rows = statement::rows(connection, &sql, arguments).await?;
    let version = rows.first().map(|row| statement::natural(row, 0));
    Ok(version.transpose()?)
}

/// Deleted rows after an id, in the order of ids, with the versions of their deletions.
pub(super) async fn tombstones(
    connection: &mut PgConnection,
    schema: &Schema,
    generation: Generation,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, u64)>, EngineError> {
    let sql: Arc<str> = "SELECT id, version FROM microdb_tombstones
         WHERE of = $1 AND generation = $2 AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4"
        .into();
    let after = after.map_or(Sql::Null, Sql::Uuid);
    let arguments = Arguments::default()
        .text(schema.table)
        .int(generation)
        .one(Type::Uuid, &after)
        .int(limit);
    versions(connection, &sql, arguments)
        .await
        .map_err(Into::into)
}

/// Rows `id, version`.
pub(super) async fn versions(
    connection: &mut PgConnection,
    sql: &Arc<str>,
    arguments: Arguments,
) -> Result<Vec<(Uuid, u64)>, StatementError> {
    let rows = statement::rows(connection, sql, arguments).await?;
    let pair = |row| Ok((statement::uuid(row, 0)?, statement::natural(row, 1)?));
    rows.iter()
        .map(pair)
        .collect::<Result<_, _>>()
        .map_err(StatementError::Engine)
}

/// A row of [`TableSql::columns`], from the given place on.
pub(super) fn stored(schema: &Schema, row: &PgRow, first: usize) -> Result<Stored, EngineError> {
    let mut members = Map::new();
    let mut index = first + 4;
    for column in schema.columns {
        let value = statement::value(row, index, type_of(column))?;
        if let Some(value) = codec::decode(column, value)? {
            members.insert(column.name.to_owned(), value);
        }
        index += 1;
    }
    for collection in schema.collections {
        let entities = entities(collection, row, index)?;
        members.insert(collection.member.to_owned(), entities);
        index += collection.columns.len() + 1;
    }
    Ok(Stored {
        id: statement::uuid(row, first)?,
        version: statement::natural(row, first + 1)?,
        created_at: statement::instant(row, first + 2)?,
        updated_at: statement::instant(row, first + 3)?,
        members,
    })
}

fn entities(collection: &Collection, row: &PgRow, first: usize) -> Result<Value, EngineError> {
    let mut entities = Vec::new();
    for id in statement::array(row, first, Type::Uuid)? {
        let mut entity = Map::new();
        if let Sql::Uuid(id) = id {
            entity.insert("id".to_owned(), Value::String(id.to_string()));
        }
        entities.push(entity);
    }
    for (index, column) in collection.columns.iter().enumerate() {
        let values = statement::array(row, first + 1 + index, type_of(column))?;
        for (entity, value) in entities.iter_mut().zip(values) {
            if let Some(value) = codec::decode(column, value)? {
                entity.insert(column.name.to_owned(), value);
            }
        }
    }
    Ok(entities.into_iter().map(Value::Object).collect())
}
