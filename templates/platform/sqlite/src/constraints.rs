//! What a broken constraint means: SQLite says which columns are not unique, but of a foreign key
//! only that one is broken, so that is found out in the same transaction.

use platform_contract::schema::{Collection, Column, Schema};
use platform_ports::engine::{CommitError, EngineError, Stored};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, ffi};
use serde_json::Value;
use uuid::Uuid;

use super::error::{ApplyError, Error};
use super::tables::quoted;
use super::{codec, rows};

/// What kept a row from being saved.
pub(super) fn of_save(
    connection: &Connection,
    schema: &Schema,
    stored: &Stored,
    error: rusqlite::Error,
) -> ApplyError {
    match extended(&error) {
        Some(ffi::SQLITE_CONSTRAINT_UNIQUE) => taken(schema, error),
        Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) => {
            let value = |column: &Column| codec::encode(column, stored.members.get(column.name));
            missing_reference(connection, schema.table, schema.columns, value, error)
        }
        _ => error.into(),
    }
}

/// What kept an entity from being saved: `values` are id, parent, position and columns.
pub(super) fn of_entity(
    connection: &Connection,
    collection: &Collection,
    values: &[Sql],
    error: rusqlite::Error,
) -> ApplyError {
    if extended(&error) != Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) {
        return error.into();
    }
    let value = |column: &Column| {
        let place = collection
            .columns
            .iter()
            .position(|one| one.name == column.name);
        Ok(place
            .and_then(|place| values.get(place + 3))
            .cloned()
            .unwrap_or(Sql::Null))
    };
    missing_reference(
        connection,
        collection.table,
        collection.columns,
        value,
        error,
    )
}

/// What kept a row from being deleted.
pub(super) fn of_delete(
    connection: &Connection,
    schema: &Schema,
    id: Uuid,
    error: rusqlite::Error,
) -> ApplyError {
    if extended(&error) != Some(ffi::SQLITE_CONSTRAINT_FOREIGNKEY) {
        return error.into();
    }
    for referrer in schema.referenced_by {
        let (table, column) = (quoted(referrer.table), quoted(referrer.column));
        let sql = format!("SELECT 1 FROM {table} WHERE {column} = ?1 LIMIT 1");
        match exists(connection, &sql, &id.to_string()) {
            Ok(true) => return CommitError::StillReferenced(referrer.table).into(),
            Ok(false) => {}
            Err(error) => return error.into(),
        }
    }
    unknown_reference(connection, schema.table, &error)
}

/// Lists of references have no foreign key: whether each element names a row.
pub(super) fn listed_references(
    connection: &Connection,
    schema: &Schema,
    stored: &Stored,
) -> Result<(), ApplyError> {
    for column in schema.columns.iter().filter(|column| column.list) {
        let (Some(table), Some(Value::Array(ids))) =
            (column.references, stored.members.get(column.name))
        else {
            continue;
        };
        let sql = names_row(table);
        for id in ids.iter().filter_map(Value::as_str) {
            if !exists(connection, &sql, &id.to_lowercase())? {
                return Err(CommitError::MissingReference(column.name, rows::uuid(id)?).into());
            }
        }
    }
    Ok(())
}

/// Whether the row is in a list of references, other than its own. A referring column is a list when it has no
/// foreign key; all rows of its table are looked at.
pub(super) fn listed_referrers(
    connection: &Connection,
    schema: &Schema,
    id: Uuid,
) -> Result<(), ApplyError> {
    for referrer in schema.referenced_by {
        let single = connection
            .prepare_cached(r#"SELECT 1 FROM pragma_foreign_key_list(?1) WHERE "from" = ?2"#)?
            .exists([referrer.table, referrer.column])?;
        if single {
            continue;
        }
        let (table, column) = (quoted(referrer.table), quoted(referrer.column));
        let others = schema.owner_in(referrer.table);
        let others = others.map_or(String::new(), |own| {
            format!("AND referrer.{} <> ?1", quoted(own))
        });
        let sql = format!(
            "SELECT 1 FROM {table} AS referrer, json_each(referrer.{column}) AS element
             WHERE element.value = ?1 {others} LIMIT 1"
        );
        if exists(connection, &sql, &id.to_string())? {
            return Err(CommitError::StillReferenced(referrer.table).into());
        }
    }
    Ok(())
}

fn missing_reference(
    connection: &Connection,
    of: &str,
    columns: &[Column],
    value: impl Fn(&Column) -> Result<Sql, EngineError>,
    error: rusqlite::Error,
) -> ApplyError {
    for column in columns.iter().filter(|column| !column.list) {
        let Some(table) = column.references else {
            continue;
        };
        let missing = || match value(column)? {
            Sql::Text(id) if !exists(connection, &names_row(table), &id)? => {
                Ok::<_, Error>(Some(rows::uuid(&id)?))
            }
            _ => Ok(None),
        };
        match missing() {
            Ok(None) => {}
            Ok(Some(id)) => return CommitError::MissingReference(column.name, id).into(),
            Err(error) => return error.into(),
        }
    }
    unknown_reference(connection, of, &error)
}

/// A foreign key that no description has. SQLite does not say which one it is: those are named that
/// the table has, or that lead to it.
fn unknown_reference(connection: &Connection, table: &str, error: &rusqlite::Error) -> ApplyError {
    let keys = connection
        .prepare_cached(
            r#"SELECT group_concat('`' || source.name || '`.`' || key."from" || '`', ', ')
               FROM sqlite_schema AS source, pragma_foreign_key_list(source.name) AS key
               WHERE source.type = 'table' AND (source.name = ?1 OR key."table" = ?1)"#,
        )
        .and_then(|mut keys| keys.query_row([table], |row| row.get::<_, String>(0)));
    match keys {
        Ok(keys) => EngineError::Corrupt(format!("{error}: one of {keys}")).into(),
        Err(error) => error.into(),
    }
}

/// SQLite names the columns, `UNIQUE constraint failed: loans.borrower, loans.reference`.
fn taken(schema: &Schema, error: rusqlite::Error) -> ApplyError {
    let message = error.to_string();
    let unique = schema.unique.iter().find(|unique| {
        let columns = unique
            .members
            .iter()
            .map(|member| format!("{}.{member}", schema.table));
        message.ends_with(&format!(": {}", columns.collect::<Vec<_>>().join(", ")))
    });
    match unique {
        Some(unique) => CommitError::Taken(unique.name).into(),
        None => error.into(),
    }
}

fn names_row(table: &str) -> String {
    format!(r#"SELECT 1 FROM {} WHERE "id" = ?1"#, quoted(table))
}

fn exists(connection: &Connection, sql: &str, value: &str) -> rusqlite::Result<bool> {
    connection.prepare_cached(sql)?.exists([value])
}

fn extended(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}
