//! Searches over one table, page by page.
//!
//! Absent values are the least in every order. A page starts after the values its predecessor ended
//! with, never at a number of rows, so that no row is missed or told twice while others come and go.

use platform_contract::schema::{Column, Kind};
use platform_ports::engine::cursor::Cursor;
use platform_ports::engine::{EngineError, Find, Page};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value;
use uuid::Uuid;

use super::error::{Error, unsigned};
use super::tables::{TableSql, of_generation, quoted};
use super::{codec, rows};

const ID: Column = Column::new("id", Kind::Uuid);
const VERSION: Column = Column::new("version", Kind::Int);
const CREATED_AT: Column = Column::new("created_at", Kind::Timestamp);
const UPDATED_AT: Column = Column::new("updated_at", Kind::Timestamp);

/// A page of rows.
pub(super) fn page(connection: &Connection, sql: &TableSql, find: &Find) -> Result<Page, Error> {
    let query = Query::new(find)?;
    let names: String = find
        .schema
        .columns
        .iter()
        .map(|column| format!(", {}", quoted(column.name)))
        .collect();
    let text = query.text(
        find,
        &format!(r#""id", "version", "created_at", "updated_at"{names}"#),
        1,
    );
    let mut statement = connection.prepare_cached(&text)?;
    let mut found = statement.query(params_from_iter(&query.values))?;
    let mut page = Page {
        rows: Vec::new(),
        next: None,
    };
    let limit = usize::try_from(find.limit).unwrap_or(usize::MAX);
    while let Some(row) = found.next()? {
        if page.rows.len() == limit {
            let last = page
                .rows
                .last()
                .map(|last| Cursor::after(find, last).encode());
            page.next = last.transpose()?;
            break;
        }
        page.rows
            .push(rows::stored(connection, sql, find.schema, row)?);
    }
    Ok(page)
}

/// Ids and versions of a page alone.
pub(super) fn versions(connection: &Connection, find: &Find) -> Result<Vec<(Uuid, u64)>, Error> {
    let query = Query::new(find)?;
    let mut statement = connection.prepare_cached(&query.text(find, r#""id", "version""#, 0))?;
    let mut found = statement.query(params_from_iter(&query.values))?;
    let mut versions = Vec::new();
    while let Some(row) = found.next()? {
        versions.push((
            rows::uuid(&row.get::<_, String>(0)?)?,
            unsigned(row.get(1)?)?,
        ));
    }
    Ok(versions)
}

/// A `WHERE` with its values; `?1` is nothing, `?2` the generation.
struct Query {
    conditions: Vec<String>,
    values: Vec<Sql>,
}

impl Query {
    fn new(find: &Find) -> Result<Self, EngineError> {
        let mut query = Self {
            conditions: vec![of_generation(find.schema).to_owned()],
            values: vec![Sql::Null, Sql::Integer(find.generation.into())],
        };
        for (name, value) in &find.equals {
            let value = encode(find, name, value)?;
            let equals = query.compared(name, "IS", value);
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
        let order: String = find
            .order
            .iter()
            .map(|(name, descending)| {
                format!(
                    "{}{}, ",
                    quoted(name),
                    if *descending { " DESC" } else { "" }
                )
            })
            .collect();
        format!(
            r#"SELECT {columns} FROM {} WHERE {} ORDER BY {order}"id" LIMIT {}"#,
            quoted(find.schema.table),
            self.conditions.join(" AND "),
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
            equal.push(self.compared(name, "IS", value.clone()));
            if equal.len() == 1 {
                self.seek(name, *descending, value);
            }
        }
        let beyond = self.compared("id", ">", Sql::Text(cursor.id.to_string()));
        alternatives.push(conjunction(&equal, &beyond));
        self.conditions
            .push(format!("({})", alternatives.join(" OR ")));
        Ok(())
    }

    fn beyond(&mut self, name: &str, descending: bool, value: Sql) -> String {
        let column = quoted(name);
        match (descending, value) {
            (false, Sql::Null) => format!("{column} IS NOT NULL"),
            (true, Sql::Null) => "FALSE".to_owned(),
            (false, value) => self.compared(name, ">", value),
            (true, value) => format!("({} OR {column} IS NULL)", self.compared(name, "<", value)),
        }
    }

    /// Says once more, for the first member alone, where the page can start: from that SQLite finds
    /// its place in an index, from the alternatives it does not.
    fn seek(&mut self, name: &str, descending: bool, value: Sql) {
        if !descending && value != Sql::Null {
            let from = self.compared(name, ">=", value);
            self.conditions.push(from);
        }
    }

    fn compared(&mut self, name: &str, operator: &str, value: Sql) -> String {
        self.values.push(value);
        format!("{} {operator} ?{}", quoted(name), self.values.len())
    }
}

fn conjunction(equal: &[String], beyond: &str) -> String {
    let all: Vec<&str> = equal.iter().map(String::as_str).chain([beyond]).collect();
    format!("({})", all.join(" AND "))
}

fn encode(find: &Find, name: &str, value: &Value) -> Result<Sql, EngineError> {
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
    codec::encode(column, Some(value))
}
