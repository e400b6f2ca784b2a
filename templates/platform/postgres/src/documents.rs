//! The runtime's collections of documents, and leases, which are documents too. No condition on groups is
//! about leases, so they take no lock by name.

mod read;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use platform_ports::engine::{Document, DocumentWrite, Documents, EngineError};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::ApplyError;
use super::error::{StatementError, lost, signed};
use super::statement;
use super::tables::unshared;
use super::value::{Arguments, Sql, Type};

pub(super) use read::{count, get, is_empty, list, peek};

/// The columns of a document.
pub(super) const COLUMNS: &str = r#"key, "group", position, due, version, body"#;

/// The table of a collection.
pub(super) fn table(collection: Documents) -> &'static str {
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

/// Changes of one collection, each of another key.
#[derive(Default)]
struct Changes<'a> {
    made: Vec<&'a Document>,
    changed: Vec<(&'a Document, u64)>,
    deleted: Vec<(&'a str, u64)>,
}

/// Writes and deletes documents, on condition of their versions.
pub(super) async fn write(
    connection: &mut PgConnection,
    writes: &[DocumentWrite],
) -> Result<(), ApplyError> {
    let mut changes: BTreeMap<Documents, Changes<'_>> = BTreeMap::new();
    let mut keys = HashSet::new();
    for write in writes {
        let (collection, key) = match write {
            DocumentWrite::Put {
                collection,
                document,
                ..
            } => (*collection, document.key.as_str()),
            DocumentWrite::Delete {
                collection, key, ..
            } => (*collection, key.as_str()),
        };
        if !keys.insert((collection, key)) {
            // The second change of a document is one of what the first made of it.
            apply(connection, &std::mem::take(&mut changes)).await?;
            keys = HashSet::from([(collection, key)]);
        }
        let its = changes.entry(collection).or_default();
        match write {
            DocumentWrite::Put {
                expected: 0,
                document,
                ..
            } => its.made.push(document),
            DocumentWrite::Put {
                expected, document, ..
            } => its.changed.push((document, *expected)),
            DocumentWrite::Delete { expected, .. } => its.deleted.push((key, *expected)),
        }
    }
    apply(connection, &changes).await
}

async fn apply(
    connection: &mut PgConnection,
    changes: &BTreeMap<Documents, Changes<'_>>,
) -> Result<(), ApplyError> {
    for (collection, changes) in changes {
        let table = table(*collection);
        change(connection, table, &changes.changed).await?;
        delete(connection, table, &changes.deleted).await?;
        make(connection, table, &changes.made).await?;
    }
    Ok(())
}

/// The documents as arrays: keys, groups, positions, due times, bodies.
pub(super) fn arrays<'a>(
    arguments: Arguments,
    documents: impl Iterator<Item = &'a Document>,
) -> Arguments {
    let mut columns: [Vec<Sql>; 5] = Default::default();
    for document in documents {
        let due = document.due.map(|due| Sql::Instant(due.as_microseconds()));
        let values = [
            Sql::Text(document.key.clone()),
            Sql::Text(document.group.clone()),
            Sql::Int(document.position),
            due.unwrap_or(Sql::Null),
            Sql::Text(document.body.to_string()),
        ];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
    }
    let types = [Type::Text, Type::Text, Type::Int, Type::Instant, Type::Text];
    types
        .into_iter()
        .zip(&columns)
        .fold(arguments, |arguments, (of, column)| {
            arguments.many(of, column)
        })
}

fn versions(versions: impl Iterator<Item = u64>) -> Result<Vec<Sql>, EngineError> {
    versions
        .map(|version| signed(version).map(Sql::Int))
        .collect()
}

/// Every one of them has to be concerned.
fn all(done: u64, wanted: usize) -> Result<(), ApplyError> {
    if done == wanted as u64 {
        Ok(())
    } else {
        Err(ApplyError::conflict())
    }
}

async fn make(
    connection: &mut PgConnection,
    table: &str,
    documents: &[&Document],
) -> Result<(), ApplyError> {
    if documents.is_empty() {
        return Ok(());
    }
    let arguments = arrays(Arguments::default(), documents.iter().copied());
    match statement::execute(connection, &unshared(&making(table)), arguments).await {
        Ok(_) => Ok(()),
        Err(StatementError::Server(error)) if lost(&error) => Err(ApplyError::conflict()),
        Err(failed) => Err(failed.into()),
    }
}

/// Makes documents, after a table `shared` of one row.
pub(super) fn making(table: &str) -> String {
    format!(
        r#"INSERT INTO {table} ({COLUMNS}) SELECT n.key, n."group", n.position, n.due, 1, n.body
           FROM shared, unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[])
               AS n(key, "group", position, due, body)
           ORDER BY n.key COLLATE "C" RETURNING TRUE"#
    )
}

async fn change(
    connection: &mut PgConnection,
    table: &str,
    documents: &[(&Document, u64)],
) -> Result<(), ApplyError> {
    if documents.is_empty() {
        return Ok(());
    }
    let sql = format!(
        r#"UPDATE {table} AS d SET "group" = n."group", position = n.position, due = n.due,
            version = n.expected + 1, body = n.body
        FROM (SELECT *
                FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::bigint[])
                    AS n(key, "group", position, due, body, expected)
                ORDER BY n.key COLLATE "C") AS n
            CROSS JOIN LATERAL (SELECT ctid FROM {table} AS d WHERE d.key = n.key LIMIT 1 FOR UPDATE) AS there
        WHERE d.ctid = there.ctid AND d.version = n.expected"#
    );
    let expected = versions(documents.iter().map(|(_, expected)| *expected))?;
    let arguments = arrays(
        Arguments::default(),
        documents.iter().map(|(document, _)| *document),
    );
    let arguments = arguments.many(Type::Int, &expected);
    let changed = statement::execute(connection, &sql.into(), arguments).await?;
    all(changed, documents.len())
}

async fn delete(
    connection: &mut PgConnection,
    table: &str,
    keys: &[(&str, u64)],
) -> Result<(), ApplyError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = format!(
        r#"DELETE FROM {table} AS d
        USING (SELECT * FROM unnest($1::text[], $2::bigint[]) AS n(key, expected)
                ORDER BY n.key COLLATE "C") AS n
            CROSS JOIN LATERAL (SELECT ctid FROM {table} AS d WHERE d.key = n.key LIMIT 1 FOR UPDATE) AS there
        WHERE d.ctid = there.ctid AND d.version = n.expected"#
    );
    let texts: Vec<Sql> = keys
        .iter()
        .map(|(key, _)| Sql::Text((*key).to_owned()))
        .collect();
    let expected = versions(keys.iter().map(|(_, expected)| *expected))?;
    let arguments = Arguments::default()
        .many(Type::Text, &texts)
        .many(Type::Int, &expected);
    let deleted = statement::execute(connection, &sql.into(), arguments).await?;
    all(deleted, keys.len())
}

/// Takes or renews a lease; whether `owner` has it now.
pub(super) async fn lease(
    connection: &mut PgConnection,
    name: &str,
    owner: Uuid,
    millis: u64,
) -> Result<bool, EngineError> {
    let sql: Arc<str> =
        r#"INSERT INTO microdb_leases AS l (key, "group", position, due, version, body)
        VALUES ($1, $1, 0, clock_timestamp() + $3::bigint * interval '1 millisecond', 1, $2)
        ON CONFLICT (key) DO UPDATE SET
            due = clock_timestamp() + $3::bigint * interval '1 millisecond',
            version = l.version + 1, body = excluded.body
        WHERE l.due <= clock_timestamp() OR l.body = excluded.body"#
            .into();
    let body = serde_json::json!({ "owner": owner.to_string() });
    let arguments = Arguments::default()
        .text(name)
        .text(&body.to_string())
        .int(signed(millis)?);
    Ok(statement::execute(connection, &sql, arguments).await? == 1)
}
