//! The runtime's collections of documents, and leases, which are documents too.

use platform_contract::value::Timestamp;
use platform_ports::engine::{
    CommitError, Document, DocumentWrite, Documents, DocumentsQuery, EngineError, Peek,
};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, Row, params, params_from_iter};
use uuid::Uuid;

use super::error::{ApplyError, Error, signed, unsigned};
use super::rows::timestamp;

const COLUMNS: &str = r#"key, "group", position, due, version, body"#;

fn table(collection: Documents) -> &'static str {
    match collection {
        Documents::Requests => "microdb_requests",
        Documents::Commands => "microdb_commands",
        Documents::Parked => "microdb_parked",
        Documents::DeadLetters => "microdb_dead_letters",
        Documents::Blocks => "microdb_blocks",
        Documents::Jobs => "microdb_jobs",
        Documents::Cursors => "microdb_cursors",
        Documents::Projections => "microdb_projections",
        Documents::Leases => "microdb_leases",
    }
}

/// Writes or deletes a document, on condition of its version.
pub(super) fn write(connection: &Connection, write: &DocumentWrite) -> Result<(), ApplyError> {
    let changed = match write {
        DocumentWrite::Put {
            collection,
            expected,
            document,
        } => put(connection, *collection, *expected, document)?,
        DocumentWrite::Delete {
            collection,
            key,
            expected,
        } => connection
            .prepare_cached(&format!(
                "DELETE FROM {} WHERE key = ?1 AND version = ?2",
                table(*collection)
            ))?
            .execute(params![key, signed(*expected)?])?,
    };
    if changed == 1 {
        Ok(())
    } else {
        Err(CommitError::Conflict.into())
    }
}

fn put(
    connection: &Connection,
    collection: Documents,
    expected: u64,
    document: &Document,
) -> Result<usize, Error> {
    let table = table(collection);
    let sql = if expected == 0 {
        format!(
            "INSERT INTO {table} ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5 + 1, ?6) ON CONFLICT DO NOTHING"
        )
    } else {
        format!(
            r#"UPDATE {table} SET "group" = ?2, position = ?3, due = ?4, version = ?5 + 1, body = ?6
               WHERE key = ?1 AND version = ?5"#
        )
    };
    Ok(connection.prepare_cached(&sql)?.execute(params![
        document.key,
        document.group,
        document.position,
        document.due.map(|due| due.to_string()),
        signed(expected)?,
        document.body.to_string(),
    ])?)
}

/// Whether a group has no document.
pub(super) fn is_empty(
    connection: &Connection,
    collection: Documents,
    group: &str,
) -> Result<bool, Error> {
    let sql = format!(
        r#"SELECT 1 FROM {} WHERE "group" = ?1 LIMIT 1"#,
        table(collection)
    );
    Ok(!connection.prepare_cached(&sql)?.exists([group])?)
}

/// A document.
pub(super) fn get(
    connection: &Connection,
    collection: Documents,
    key: &str,
) -> Result<Option<Document>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE key = ?1", table(collection));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    rows.next()?.map(document).transpose()
}

/// How many documents there are.
pub(super) fn count(connection: &Connection, collection: Documents) -> Result<u64, Error> {
    let sql = format!("SELECT count(*) FROM {}", table(collection));
    let count = connection
        .prepare_cached(&sql)?
        .query_row([], |row| row.get(0))?;
    unsigned(count)
}

/// The time, and which of these collections hold anything: one statement.
pub(super) fn peek(connection: &Connection, collections: &[Documents]) -> Result<Peek, Error> {
    let holds = |collection: &Documents| format!("EXISTS (SELECT 1 FROM {})", table(*collection));
    let holds: Vec<_> = collections.iter().map(holds).collect();
    let sql = format!("SELECT {}", holds.join(", "));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut holding = Vec::new();
    if let Some(row) = rows.next()? {
        for (at, collection) in collections.iter().enumerate() {
            if row.get(at)? {
                holding.push(*collection);
            }
        }
    }
    let now = Timestamp::now();
    Ok(Peek { now, holding })
}

/// Documents by due time, group, position and key; by key alone when paging.
pub(super) fn list(
    connection: &Connection,
    query: &DocumentsQuery,
) -> Result<Vec<Document>, Error> {
    let table = table(query.collection);
    let mut conditions = vec!["TRUE".to_owned()];
    let mut values: Vec<Sql> = Vec::new();
    let mut compared = |condition: &str, value: String| {
        values.push(Sql::Text(value));
        conditions.push(format!("{condition} ?{}", values.len()));
    };
    if let Some(group) = &query.group {
        compared(r#"one."group" ="#, group.clone());
    }
    if let Some(due_by) = query.due_by {
        compared("one.due <=", due_by.to_string());
    }
    if let Some(after) = &query.after {
        compared("one.key >", after.clone());
    }
    if query.heads_only {
        conditions.push(format!(
            r#"NOT EXISTS (SELECT 1 FROM {table} AS other WHERE other."group" = one."group"
                AND (other.position, other.key) < (one.position, one.key))"#
        ));
    }
    let order = match query.after {
        Some(_) => "key",
        None => r#"due, "group", position, key"#,
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM {table} AS one WHERE {} ORDER BY {order} LIMIT {}",
        conditions.join(" AND "),
        query.limit
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(document(row)?);
    }
    Ok(found)
}

/// Takes or renews a lease; whether `owner` has it now.
pub(super) fn lease(
    connection: &Connection,
    name: &str,
    owner: Uuid,
    millis: u64,
    now: Timestamp,
) -> Result<bool, Error> {
    let taken = connection
        .prepare_cached(
            r#"INSERT INTO microdb_leases (key, "group", position, due, version, body)
               VALUES (?1, ?1, 0, ?2, 1, json_object('owner', ?3))
               ON CONFLICT DO UPDATE SET
                   due = excluded.due, version = version + 1, body = excluded.body
               WHERE due <= ?4 OR body = excluded.body"#,
        )?
        .execute(params![
            name,
            now.plus_millis(millis).to_string(),
            owner.to_string(),
            now.to_string()
        ])?;
    Ok(taken == 1)
}

fn document(row: &Row<'_>) -> Result<Document, Error> {
    let due: Option<String> = row.get(3)?;
    let body: String = row.get(5)?;
    Ok(Document {
        key: row.get(0)?,
        group: row.get(1)?,
        position: row.get(2)?,
        due: due.as_deref().map(timestamp).transpose()?,
        version: unsigned(row.get(4)?)?,
        body: serde_json::from_str(&body)
            .map_err(|error| EngineError::Corrupt(error.to_string()))?,
    })
}
