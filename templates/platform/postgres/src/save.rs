//! Changes of rows of a schema's table, on condition of their version.

use std::sync::Arc;

use platform_contract::value::Timestamp;
use platform_ports::engine::{CommitError, EngineError, Save, SaveTo, Stored};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::ApplyError;
use super::error::{StatementError, signed};
use super::tables::TableSql;
use super::value::{Arguments, Sql, Type};
use super::{codec, collections, constraints, rows, statement};

/// Applies one change.
pub(super) async fn save(
    connection: &mut PgConnection,
    sql: &TableSql,
    save: &Save,
) -> Result<(), ApplyError> {
    match &save.to {
        SaveTo::Live(stored) => live(connection, sql, save, stored).await,
        SaveTo::Deleted { id, version } => delete(connection, sql, save, *id, *version).await,
    }
}

async fn live(
    connection: &mut PgConnection,
    sql: &TableSql,
    save: &Save,
    stored: &Stored,
) -> Result<(), ApplyError> {
    let id = stored.id;
    let changed = save.expected > 0 && {
        let changed = statement::execute(connection, &sql.update, values(save, stored)?).await;
        changed.map_err(|failed| constraints::apply_error(save, id, false, failed))? > 0
    };
    if !changed {
        make(connection, sql, save, stored).await?;
    }
    rest(connection, sql, save, stored, changed).await
}

/// What else belongs to a row that was saved: its entities, and that its lists name something.
pub(super) async fn rest(
    connection: &mut PgConnection,
    sql: &TableSql,
    save: &Save,
    stored: &Stored,
    existed: bool,
) -> Result<(), ApplyError> {
    constraints::listed_references(connection, save.schema, stored).await?;
    for (collection, sql) in save.schema.collections.iter().zip(&sql.collections) {
        collections::save(connection, save, collection, sql, stored, existed).await?;
    }
    Ok(())
}

/// Makes a row. Only once it is made is its tombstone looked at for the last time: who deletes the
/// row at the same time has committed by then, or waits.
async fn make(
    connection: &mut PgConnection,
    sql: &TableSql,
    save: &Save,
    stored: &Stored,
) -> Result<(), ApplyError> {
    let id = stored.id;
    if save.expected > 0 && buried(connection, save, id).await? != save.expected {
        return Err(ApplyError::conflict());
    }
    let made = statement::execute(connection, &sql.insert, values(save, stored)?).await;
    if made.map_err(|failed| constraints::apply_error(save, id, true, failed))? == 0
        || buried(connection, save, id).await? != save.expected
    {
        return Err(ApplyError::conflict());
    }
    if save.expected > 0 {
        let sql: Arc<str> =
            "DELETE FROM microdb_tombstones WHERE of = $1 AND generation = $2 AND id = $3".into();
        let arguments = Arguments::default()
            .text(save.schema.table)
            .int(save.generation)
            .uuid(id);
        statement::execute(connection, &sql, arguments).await?;
    }
    Ok(())
}

/// The version at which the row was deleted, or 0.
async fn buried(
    connection: &mut PgConnection,
    save: &Save,
    id: Uuid,
) -> Result<u64, StatementError> {
    let version = rows::tombstone(connection, save.schema, save.generation, id).await?;
    Ok(version.unwrap_or(0))
}

/// The parameters of [`TableSql::insert`] and [`TableSql::update`].
pub(super) fn values(save: &Save, stored: &Stored) -> Result<Arguments, EngineError> {
    let instant = |at: Timestamp| Sql::Instant(at.as_microseconds());
    let mut values = Arguments::default()
        .uuid(stored.id)
        .int(save.generation)
        .int(signed(stored.version)?)
        .one(Type::Instant, &instant(stored.created_at))
        .one(Type::Instant, &instant(stored.updated_at))
        .int(signed(save.expected)?);
    for column in save.schema.columns {
        let value = codec::encode(column, stored.members.get(column.name))?;
        values = values.one(codec::type_of(column), &value);
    }
    Ok(values)
}

async fn delete(
    connection: &mut PgConnection,
    sql: &TableSql,
    save: &Save,
    id: Uuid,
    version: u64,
) -> Result<(), ApplyError> {
    if !save.schema.referenced_by.is_empty() {
        // Who adds it to a list waits from now on, or is done and seen.
        let arguments = Arguments::default()
            .many(Type::Uuid, &[Sql::Uuid(id)])
            .int(save.generation);
        statement::rows(connection, &sql.lock_to_delete, arguments).await?;
        constraints::listed_referrers(connection, save.schema, id).await?;
    }
    let arguments = Arguments::default()
        .uuid(id)
        .int(save.generation)
        .int(signed(save.expected)?);
    let deleted = statement::execute(connection, &sql.delete, arguments).await;
    let deleted = deleted.map_err(|failed| constraints::apply_error(save, id, false, failed))?;
    if deleted == 0 {
        // What was never here can be told as deleted too: a projection learns of it that way. Nobody
        // else may make the row in the meantime.
        let alone: Arc<str> = "SELECT pg_advisory_xact_lock($1)".into();
        statement::execute(connection, &alone, Arguments::default().int(sql.lock)).await?;
        let live = rows::live_version(connection, sql, save.generation, id).await?;
        if live.is_some() || buried(connection, save, id).await? != save.expected {
            return Err(ApplyError::conflict());
        }
    }
    bury(connection, save, id, version).await
}

async fn bury(
    connection: &mut PgConnection,
    save: &Save,
    id: Uuid,
    version: u64,
) -> Result<(), ApplyError> {
    let sql: Arc<str> = "INSERT INTO microdb_tombstones AS t (of, generation, id, version)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (of, generation, id) DO UPDATE SET version = excluded.version
         WHERE t.version = $5"
        .into();
    let arguments = Arguments::default()
        .text(save.schema.table)
        .int(save.generation)
        .uuid(id)
        .int(signed(version)?)
        .int(signed(save.expected)?);
    match statement::execute(connection, &sql, arguments).await? {
        1 => Ok(()),
        _ => Err(ApplyError::Commit(CommitError::Conflict)),
    }
}
