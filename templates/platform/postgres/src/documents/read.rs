//! What collections of documents are asked.

use platform_ports::engine::{Document, Documents, DocumentsQuery, EngineError, Peek};
use sqlx::postgres::{PgConnection, PgRow};

use super::{COLUMNS, table};
use crate::error::StatementError;
use crate::statement;
use crate::value::{Arguments, Sql, Type};

/// Whether a group has no document.
pub(crate) async fn is_empty(
    connection: &mut PgConnection,
    collection: Documents,
    group: &str,
) -> Result<bool, StatementError> {
    let table = table(collection);
    let sql = format!(r#"SELECT 1 FROM {table} WHERE "group" = $1 LIMIT 1"#);
    let rows = statement::rows(connection, &sql.into(), Arguments::default().text(group)).await?;
    Ok(rows.is_empty())
}

/// A document.
pub(crate) async fn get(
    connection: &mut PgConnection,
    collection: Documents,
    key: &str,
) -> Result<Option<Document>, EngineError> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE key = $1", table(collection));
    let rows = statement::rows(connection, &sql.into(), Arguments::default().text(key)).await?;
    rows.first().map(document).transpose()
}

/// How many documents there are.
pub(crate) async fn count(
    connection: &mut PgConnection,
    collection: Documents,
) -> Result<u64, EngineError> {
    let sql = format!("SELECT count(*) FROM {}", table(collection));
    let rows = statement::rows(connection, &sql.into(), Arguments::default()).await?;
    rows.first().map_or(Ok(0), |row| statement::natural(row, 0))
}

/// The time, and which collections hold anything.
pub(crate) async fn peek(
    connection: &mut PgConnection,
    collections: &[Documents],
) -> Result<Peek, EngineError> {
    let mut sql = "SELECT clock_timestamp()".to_owned();
    for collection in collections {
        sql += &format!(", EXISTS (SELECT FROM {})", table(*collection));
    }
    let rows = statement::rows(connection, &sql.into(), Arguments::default()).await?;
    let nothing = || EngineError::Corrupt("no row was given".to_owned());
    let row = rows.first().ok_or_else(nothing)?;
    let mut holding = Vec::new();
    for (at, collection) in collections.iter().enumerate() {
        if statement::truth(row, at + 1)? {
            holding.push(*collection);
        }
    }
    let now = statement::instant(row, 0)?;
    Ok(Peek { now, holding })
}

/// Documents by due time, group, position and key; by key alone when paging.
pub(crate) async fn list(
    connection: &mut PgConnection,
    query: &DocumentsQuery,
) -> Result<Vec<Document>, EngineError> {
    let table = table(query.collection);
    let mut conditions = vec!["TRUE".to_owned()];
    let mut arguments = Arguments::default();
    let mut number = 0;
    let mut compared = |condition: &str| {
        number += 1;
        conditions.push(format!("{condition} ${number}"));
    };
    if let Some(group) = &query.group {
        compared(r#"one."group" ="#);
        arguments = arguments.text(group);
    }
    if let Some(due_by) = query.due_by {
        compared("one.due <=");
        arguments = arguments.one(Type::Instant, &Sql::Instant(due_by.as_microseconds()));
    }
    if let Some(after) = &query.after {
        compared("one.key >");
        arguments = arguments.text(after);
    }
    if query.heads_only {
        conditions.push(format!(
            r#"NOT EXISTS (SELECT 1 FROM {table} AS other WHERE other."group" = one."group"
                AND (other.position, other.key) < (one.position, one.key))"#
        ));
    }
    let order = match query.after {
        Some(_) => "key",
        None => r#"due NULLS FIRST, "group", position, key"#,
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM {table} AS one WHERE {} ORDER BY {order} LIMIT {}",
        conditions.join(" AND "),
        query.limit
    );
    let rows = statement::rows(connection, &sql.into(), arguments).await?;
    rows.iter().map(document).collect()
}

fn document(row: &PgRow) -> Result<Document, EngineError> {
    Ok(Document {
        key: statement::text(row, 0)?,
        group: statement::text(row, 1)?,
        position: statement::int(row, 2)?,
        due: statement::maybe_instant(row, 3)?,
        version: statement::natural(row, 4)?,
        body: statement::json(row, 5)?,
    })
}
