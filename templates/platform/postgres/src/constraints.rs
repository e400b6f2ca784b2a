//! What a broken constraint means. The server names it, and has given up the transaction by then, so
//! what else has to be known is asked after that was rolled back.

use std::collections::HashSet;
use std::sync::Arc;

use platform_contract::schema::{Column, Schema};
use platform_ports::engine::{CommitError, EngineError, Generation, Save, SaveTo, Stored};
use serde_json::Value;
use sqlx::Error;
use sqlx::postgres::{PgConnection, PgDatabaseError};
use uuid::Uuid;

use super::apply::ApplyError;
use super::error::{StatementError, is_there, of_server};
use super::rows;
use super::statement;
use super::tables::{TableSql, locking, quoted};
use super::value::{Arguments, Sql, Type};

const FOREIGN_KEY: &str = "23503";

/// A constraint that kept a row from being saved or deleted.
#[derive(Debug)]
pub(super) struct ConstraintViolation {
    schema: &'static Schema,
    generation: Generation,
    id: Uuid,
    /// The version it had to have; `None` when it was to be made.
    expected: Option<u64>,
    unique: bool,
    deleting: bool,
    table: String,
    constraint: String,
    /// The id that is referenced, where it is a reference.
    names: Uuid,
    error: EngineError,
}

/// What kept a row, or an entity in it, from being saved or deleted. `making`: it was not there.
pub(super) fn apply_error(
    save: &Save,
    id: Uuid,
    making: bool,
    failed: StatementError,
) -> ApplyError {
    let error = match failed {
        StatementError::Engine(error) => return ApplyError::Commit(error.into()),
        StatementError::Server(error) => error,
    };
    let Some((unique, table, constraint)) = violation(&error) else {
        return StatementError::Server(error).into();
    };
    let detail = of_server(&error).and_then(PgDatabaseError::detail);
    let names = detail.and_then(id_in).unwrap_or_default();
    ApplyError::Constraint(Box::new(ConstraintViolation {
        schema: save.schema,
        generation: save.generation,
        id,
        expected: (!making).then_some(save.expected),
        unique,
        deleting: matches!(save.to, SaveTo::Deleted { .. }),
        table,
        constraint,
        names,
        error: StatementError::Server(error).into(),
    }))
}

fn violation(error: &Error) -> Option<(bool, String, String)> {
    let found = of_server(error)?;
    let unique = is_there(error);
    (unique || found.code() == FOREIGN_KEY).then(|| {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        (unique, text(found.table()), text(found.constraint()))
    })
}

/// The value in `Key (owner)=(…) …`, whatever language the rest is in.
fn id_in(detail: &str) -> Option<Uuid> {
    let (_, after) = detail.split_once(")=(")?;
    let (value, _) = after.split_once(')')?;
    Uuid::try_parse(value).ok()
}

impl ConstraintViolation {
    /// The schema of the row.
    pub(super) const fn schema(&self) -> &'static Schema {
        self.schema
    }

    /// What it means, asked after the transaction.
    pub(super) async fn explain(
        self,
        connection: &mut PgConnection,
        sql: &TableSql,
    ) -> CommitError {
        let explained = match (self.unique, self.deleting) {
            (true, _) => self.taken(connection, sql).await,
            (false, true) => self.still_referenced(connection).await,
            (false, false) => self.missing_reference(connection).await,
        };
        match explained {
            Ok(Some(error)) => error,
            Ok(None) => self.error.into(),
            Err(error) => error.into(),
        }
    }

    /// A row that is there already is likely to have the same unique members, too: that it is there
    /// is what counts.
    async fn taken(
        &self,
        connection: &mut PgConnection,
        sql: &TableSql,
    ) -> Result<Option<CommitError>, EngineError> {
        if root(connection, &self.table).await? != self.schema.table {
            return Ok(None);
        }
        let members = members(connection, &self.constraint).await?;
        let unique = self.schema.unique.iter();
        let mut violated = unique.filter(|unique| unique.members == members);
        let Some(unique) = violated.next() else {
            return Ok(None);
        };
        // An update that met with it had the version it expected; a row to be made had not.
        let live = rows::live_version(connection, sql, self.generation, self.id).await?;
        Ok(Some(match live {
            Some(version) if Some(version) != self.expected => CommitError::Conflict,
            _ => CommitError::Taken(unique.name),
        }))
    }

    async fn still_referenced(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<CommitError>, EngineError> {
        let table = root(connection, &self.table).await?;
        let referrers = self.schema.referenced_by.iter();
        let mut referrers = referrers.map(|referrer| referrer.table);
        let found = referrers.find(|referrer| *referrer == table);
        Ok(found.map(CommitError::StillReferenced))
    }

    async fn missing_reference(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<CommitError>, EngineError> {
        let sql: Arc<str> = "SELECT a.attname::text FROM pg_constraint AS c
             JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.conname = $1 AND c.conrelid = to_regclass($2)"
            .into();
        let arguments = Arguments::default()
            .text(&self.constraint)
            .text(&quoted(&self.table));
        let found = statement::rows(connection, &sql, arguments).await?;
        let Some(row) = found.first() else {
            return Ok(None);
        };
        let name = statement::text(row, 0)?;
        let table = root(connection, &self.table).await?;
        let columns: &[Column] = if table == self.schema.table {
            self.schema.columns
        } else {
            let collections = self.schema.collections.iter();
            let mut its = collections.filter(|collection| collection.table == table);
            its.next().map_or(&[], |collection| collection.columns)
        };
        let column = columns.iter().find(|column| column.name == name);
        Ok(column.map(|column| CommitError::MissingReference(column.name, self.names)))
    }
}

/// The table that a partition is of, or the table itself.
async fn root(connection: &mut PgConnection, table: &str) -> Result<String, EngineError> {
    let sql: Arc<str> = "SELECT coalesce((SELECT relname::text FROM pg_class
         WHERE oid = pg_partition_root(to_regclass($1))), $2)"
        .into();
    let arguments = Arguments::default().text(&quoted(table)).text(table);
    let found = statement::rows(connection, &sql, arguments).await?;
    match found.first() {
        Some(row) => statement::text(row, 0),
        None => Ok(table.to_owned()),
    }
}

/// The members that an index is over, whatever it is called: names that are too long are cut, and
/// those of partitions' indexes are the server's own.
async fn members(connection: &mut PgConnection, index: &str) -> Result<Vec<String>, EngineError> {
    let sql: Arc<str> = "SELECT attname::text FROM pg_attribute
         WHERE attrelid = to_regclass($1) AND attnum > 0 ORDER BY attnum"
        .into();
    let arguments = Arguments::default().text(&quoted(index));
    let found = statement::rows(connection, &sql, arguments).await?;
    found.iter().map(|row| statement::text(row, 0)).collect()
}

/// Lists of references have no foreign key: whether each element names a row, which then stays until
/// the end of the transaction.
pub(super) async fn listed_references(
    connection: &mut PgConnection,
    schema: &Schema,
    stored: &Stored,
) -> Result<(), ApplyError> {
    for column in schema.columns.iter().filter(|column| column.list) {
        let (Some(table), Some(Value::Array(ids))) =
            (column.references, stored.members.get(column.name))
        else {
            continue;
        };
        let texts = ids.iter().filter_map(Value::as_str);
        let mut named: HashSet<Uuid> = texts.filter_map(|text| text.parse().ok()).collect();
        if named.is_empty() {
            continue;
        }
        let sql = locking(&quoted(table), r#"t."id""#, "TRUE", "KEY SHARE OF t");
        let ids: Vec<Sql> = named.iter().copied().map(Sql::Uuid).collect();
        let arguments = Arguments::default().many(Type::Uuid, &ids);
        for found in statement::rows(connection, &sql.into(), arguments).await? {
            named.remove(&statement::uuid(&found, 0)?);
        }
        if let Some(missing) = named.into_iter().next() {
            let error = CommitError::MissingReference(column.name, missing);
            return Err(ApplyError::Commit(error));
        }
    }
    Ok(())
}

/// Whether the row, which is locked, is in a list of references, other than its own. A referring column is a list when
/// it is a text; all rows of its table are looked at.
pub(super) async fn listed_referrers(
    connection: &mut PgConnection,
    schema: &Schema,
    id: Uuid,
) -> Result<(), ApplyError> {
    let type_of: Arc<str> = "SELECT atttypid = 'text'::regtype FROM pg_attribute
         WHERE attrelid = to_regclass($1) AND attname = $2"
        .into();
    for referrer in schema.referenced_by {
        let (table, column) = (quoted(referrer.table), quoted(referrer.column));
        let arguments = Arguments::default().text(&table).text(referrer.column);
        let found = statement::rows(connection, &type_of, arguments).await?;
        let list = found.first().map(|row| statement::truth(row, 0));
        if !list.transpose()?.unwrap_or(false) {
            continue;
        }
        let others = schema.owner_in(referrer.table);
        let others = others.map_or(String::new(), |own| {
            format!("AND {} <> $1::uuid", quoted(own))
        });
        let sql = format!(
            "SELECT 1 FROM {table} WHERE jsonb_exists({column}::jsonb, $1) {others} LIMIT 1"
        );
        let arguments = Arguments::default().text(&id.to_string());
        let found = statement::rows(connection, &sql.into(), arguments).await?;
        if !found.is_empty() {
            return Err(ApplyError::Commit(CommitError::StillReferenced(
                referrer.table,
            )));
        }
    }
    Ok(())
}
