//! Searches over one table, page by page.
//!
//! Absent values are the least in every order. A page starts after the values its predecessor ended
//! with, never at a number of rows, so that no row is missed or told twice while others come and go.

use platform_contract::schema::{Column, Kind};
use platform_ports::engine::cursor::Cursor;
use platform_ports::engine::{EngineError, Find, Page};
use serde_json::Value;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::error::StatementError;
use super::tables::{TableSql, of_generation, quoted};
use super::value::{Arguments, Sql, Type};
use super::{codec, rows, statement};

const ID: Column = Column::new("id", Kind::Uuid);
const VERSION: Column = Column::new("version", Kind::Int);
const CREATED_AT: Column = Column::new("created_at", Kind::Timestamp);
const UPDATED_AT: Column = Column::new("updated_at", Kind::Timestamp);

/// A page of rows.
pub(super) async fn page(
    connection: &mut PgConnection,
    sql: &TableSql,
    find: &Find,
) -> Result<Page, EngineError> {
    let query = Query::new(find)?;
    // The page comes first, so that entities of its rows alone are read.
    let text = format!(
        "SELECT {} FROM ({}) AS t{} ORDER BY {}",
        sql.columns,
        query.text(find, "t.*", 1),
        sql.joins,
        order(find)
    );
    let found = statement::rows(connection, &text.into(), query.arguments()).await?;
    let limit = usize::try_from(find.limit).unwrap_or(usize::MAX);
    let rows: Result<Vec<_>, _> = found
        .iter()
        .take(limit)
        .map(|row| rows::stored(find.schema, row, 0))
        .collect();
    let rows = rows?;
    let next = match rows.last() {
        Some(last) if found.len() > limit => Some(Cursor::after(find, last).encode()?),
        _ => None,
    };
    Ok(Page { rows, next })
}

/// Ids and versions of a page alone.
pub(super) async fn versions(
    connection: &mut PgConnection,
    find: &Find,
) -> Result<Vec<(Uuid, u64)>, StatementError> {
    let query = Query::new(find)?;
    let text = query.text(find, r#"t."id", t."version""#, 0);
    rows::versions(connection, &text.into(), query.arguments()).await
}

/// What the rows are ordered by.
fn order(find: &Find) -> String {
    let members = find.order.iter().map(|(name, descending)| {
        let column = quoted(name);
        match descending {
            false => format!("t.{column} NULLS FIRST, "),
            true => format!("t.{column} DESC NULLS LAST, "),
        }
    });
    members.collect::<String>() + r#"t."id""#
}

/// A `WHERE` with its values; `$1` is nothing, `$2` the generation.
struct Query {
    conditions: Vec<String>,
    values: Vec<(Type, Sql)>,
}

impl Query {
    fn new(find: &Find) -> Result<Self, EngineError> {
        let mut query = Self {
            conditions: vec![
                "$1::text IS NULL".to_owned(),
                of_generation(find.schema).to_owned(),
            ],
            values: vec![
                (Type::Text, Sql::Null),
                (Type::Int, Sql::Int(find.generation.into())),
            ],
        };
        for (name, value) in &find.equals {
            let value = encode(find, name, value)?;
            let equals = query.equal(name, value);
            query.conditions.push(equals);
        }
        if let Some((name, from, to)) = &find.range {
            for (operator, bound) in [(">=", from), ("<", to)] {
                if let Some(bound) = bound {
                    let bound = encode(find, name, bound)?;
                    let within = query.compared(name, operator, bound);
                    query.conditions.push(within);
                }
            }
        }
        if let Some(after) = &find.after {
            query.start_after(find, after)?;
        }
        Ok(query)
    }

    /// `more`: how many rows beyond the limit.
    fn text(&self, find: &Find, columns: &str, more: u32) -> String {
        format!(
            "SELECT {columns} FROM {} AS t WHERE {} ORDER BY {} LIMIT {}",
            quoted(find.schema.table),
            self.conditions.join(" AND "),
            order(find),
            u64::from(find.limit) + u64::from(more),
        )
    }

    /// A row is after the cursor when it equals it in the first members of the order, for some
    /// number of these, and is beyond it in the next.
    fn start_after(&mut self, find: &Find, after: &str) -> Result<(), EngineError> {
        let cursor = Cursor::decode(find, after)?;
        let mut equal: Vec<String> = Vec::new();
        let mut alternatives = Vec::new();
        for ((name, descending), value) in find.order.iter().zip(&cursor.values) {
            let value = encode(find, name, value).map_err(|_| EngineError::BadCursor)?;
            let beyond = self.beyond(name, *descending, value.clone());
            alternatives.push(conjunction(&equal, &beyond));
            equal.push(self.equal(name, value.clone()));
            if equal.len() == 1 {
                self.seek(name, *descending, value);
            }
        }
        let beyond = self.compared("id", ">", (Type::Uuid, Sql::Uuid(cursor.id)));
        alternatives.push(conjunction(&equal, &beyond));
        self.conditions
            .push(format!("({})", alternatives.join(" OR ")));
        Ok(())
    }

    fn beyond(&mut self, name: &str, descending: bool, value: (Type, Sql)) -> String {
        let column = format!("t.{}", quoted(name));
        match (descending, value) {
            (false, (_, Sql::Null)) => format!("{column} IS NOT NULL"),
            (true, (_, Sql::Null)) => "FALSE".to_owned(),
            (false, value) => self.compared(name, ">", value),
            (true, value) => format!("({} OR {column} IS NULL)", self.compared(name, "<", value)),
        }
    }

    /// Says once more, for the first member alone, where the page can start: from that PostgreSQL
    /// finds its place in an index, from the alternatives it does not.
    fn seek(&mut self, name: &str, descending: bool, value: (Type, Sql)) {
        if !descending && value.1 != Sql::Null {
            let from = self.compared(name, ">=", value);
            self.conditions.push(from);
        }
    }

    fn equal(&mut self, name: &str, value: (Type, Sql)) -> String {
        match value {
            (_, Sql::Null) => format!("t.{} IS NULL", quoted(name)),
            value => self.compared(name, "=", value),
        }
    }

    fn compared(&mut self, name: &str, operator: &str, value: (Type, Sql)) -> String {
        self.values.push(value);
        format!("t.{} {operator} ${}", quoted(name), self.values.len())
    }

    fn arguments(&self) -> Arguments {
        let values = self.values.iter();
        values.fold(Arguments::default(), |arguments, (of, value)| {
            arguments.one(*of, value)
        })
    }
}

fn conjunction(equal: &[String], beyond: &str) -> String {
    let all: Vec<&str> = equal.iter().map(String::as_str).chain([beyond]).collect();
    format!("({})", all.join(" AND "))
}

fn encode(find: &Find, name: &str, value: &Value) -> Result<(Type, Sql), EngineError> {
    let own = find
        .schema
        .columns
        .iter()
        .find(|column| column.name == name);
    let column = match (own, name) {
        (Some(column), _) => column,
        (None, "id") => &ID,
        (None, "version") => &VERSION,
        (None, "created_at") => &CREATED_AT,
        (None, "updated_at") => &UPDATED_AT,
        (None, _) => {
            let table = find.schema.table;
            return Err(EngineError::Corrupt(format!(
                "`{table}` has no member `{name}`"
            )));
        }
    };
    Ok((codec::type_of(column), codec::encode(column, Some(value))?))
}
