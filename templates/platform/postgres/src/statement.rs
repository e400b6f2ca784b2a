//! Runs statements and reads their rows.

use std::sync::Arc;

use platform_contract::value::Timestamp;
use platform_ports::engine::EngineError;
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgArguments, PgConnection, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Row, ValueRef};
use uuid::Uuid;

use super::error::{StatementError, unsigned};
use super::value::{Arguments, Sql, Type};

/// Runs a statement, which the connection keeps prepared; how many rows it changed.
pub(super) async fn execute(
    connection: &mut PgConnection,
    sql: &Arc<str>,
    arguments: Arguments,
) -> Result<u64, StatementError> {
    let query = query(sql, arguments)?;
    let done = query.execute(connection).await?;
    Ok(done.rows_affected())
}

/// Runs a statement, which the connection keeps prepared; the rows it gives.
pub(super) async fn rows(
    connection: &mut PgConnection,
    sql: &Arc<str>,
    arguments: Arguments,
) -> Result<Vec<PgRow>, StatementError> {
    let query = query(sql, arguments)?;
    Ok(query.fetch_all(connection).await?)
}

fn query(
    sql: &Arc<str>,
    arguments: Arguments,
) -> Result<Query<'static, Postgres, PgArguments>, StatementError> {
    let arguments = arguments.take()?;
    Ok(sqlx::query_with(AssertSqlSafe(Arc::clone(sql)), arguments))
}

/// Runs statements without parameters, in one go.
pub(super) async fn script(
    connection: &mut PgConnection,
    sql: impl Into<String>,
) -> Result<(), StatementError> {
    let script = sqlx::raw_sql(AssertSqlSafe(sql.into()));
    script.execute(connection).await?;
    Ok(())
}

/// The database's clock.
pub(super) async fn now(connection: &mut PgConnection) -> Result<Timestamp, EngineError> {
    let sql: Arc<str> = "SELECT clock_timestamp()".into();
    let rows = rows(connection, &sql, Arguments::default()).await?;
    match rows.first() {
        Some(row) => instant(row, 0),
        None => Err(EngineError::Corrupt("it has no clock".to_owned())),
    }
}

/// A value of a row.
pub(super) fn value(row: &PgRow, index: usize, of: Type) -> Result<Sql, EngineError> {
    match bytes(row, index)? {
        None => Ok(Sql::Null),
        Some(bytes) => Sql::read(of, bytes).ok_or_else(|| unexpected(index, of)),
    }
}

/// An array in a row; nothing is an empty one.
pub(super) fn array(row: &PgRow, index: usize, of: Type) -> Result<Vec<Sql>, EngineError> {
    match bytes(row, index)? {
        None => Ok(Vec::new()),
        Some(bytes) => Sql::read_array(of, bytes).ok_or_else(|| unexpected(index, of)),
    }
}

fn bytes(row: &PgRow, index: usize) -> Result<Option<&[u8]>, EngineError> {
    let value = row.try_get_raw(index).map_err(StatementError::from)?;
    if value.is_null() {
        return Ok(None);
    }
    let bytes = value.as_bytes();
    bytes
        .map(Some)
        .map_err(|error| EngineError::Corrupt(error.to_string()))
}

fn unexpected(index: usize, of: Type) -> EngineError {
    EngineError::Corrupt(format!("column {index} is no {}", of.name()))
}

/// A text of a row.
pub(super) fn text(row: &PgRow, index: usize) -> Result<String, EngineError> {
    match value(row, index, Type::Text)? {
        Sql::Text(text) => Ok(text),
        _ => Err(unexpected(index, Type::Text)),
    }
}

/// A value that stands in a row as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &PgRow, index: usize) -> Result<T, EngineError> {
    let text = bytes(row, index)?.unwrap_or_default();
    serde_json::from_slice(text).map_err(|error| EngineError::Corrupt(error.to_string()))
}

/// A text of a row, or nothing.
pub(super) fn maybe_text(row: &PgRow, index: usize) -> Result<Option<String>, EngineError> {
    match value(row, index, Type::Text)? {
        Sql::Text(text) => Ok(Some(text)),
        _ => Ok(None),
    }
}

/// A number of a row.
pub(super) fn int(row: &PgRow, index: usize) -> Result<i64, EngineError> {
    match value(row, index, Type::Int)? {
        Sql::Int(number) => Ok(number),
        _ => Err(unexpected(index, Type::Int)),
    }
}

/// A number of a row that is never negative.
pub(super) fn natural(row: &PgRow, index: usize) -> Result<u64, EngineError> {
    unsigned(int(row, index)?)
}

/// Whether a row says yes.
pub(super) fn truth(row: &PgRow, index: usize) -> Result<bool, EngineError> {
    Ok(value(row, index, Type::Bool)? == Sql::Bool(true))
}

/// A UUID of a row.
pub(super) fn uuid(row: &PgRow, index: usize) -> Result<Uuid, EngineError> {
    maybe_uuid(row, index)?.ok_or_else(|| unexpected(index, Type::Uuid))
}

/// A UUID of a row, or nothing.
pub(super) fn maybe_uuid(row: &PgRow, index: usize) -> Result<Option<Uuid>, EngineError> {
    match value(row, index, Type::Uuid)? {
        Sql::Uuid(uuid) => Ok(Some(uuid)),
        _ => Ok(None),
    }
}

/// An instant of a row.
pub(super) fn instant(row: &PgRow, index: usize) -> Result<Timestamp, EngineError> {
    maybe_instant(row, index)?.ok_or_else(|| unexpected(index, Type::Instant))
}

/// An instant of a row, or nothing.
pub(super) fn maybe_instant(row: &PgRow, index: usize) -> Result<Option<Timestamp>, EngineError> {
    match value(row, index, Type::Instant)? {
        Sql::Instant(micros) => Timestamp::from_microseconds(micros)
            .map(Some)
            .ok_or_else(|| unexpected(index, Type::Instant)),
        _ => Ok(None),
    }
}

/// A number of a row that was one of 32 bits.
pub(super) fn small(row: &PgRow, index: usize) -> Result<u32, EngineError> {
    u32::try_from(int(row, index)?).map_err(|_| unexpected(index, Type::Int))
}
