//! The statements for the table of a schema, composed once from its constants.
//!
//! Parameters mean the same in all of them: `?1` the id, `?2` the generation, `?3` the version,
//! `?4` and `?5` the times of creation and change, then a column each; `?2` of a table without
//! generations must be 0.

use std::sync::Arc;

use platform_contract::schema::{Collection, Column, Schema};
use platform_ports::engine::per_schema::PerSchema;

/// The statements for one table.
pub(super) struct TableSql {
    /// Everything of one row.
    pub load: String,
    /// The version of one row.
    pub version: String,
    /// A new row.
    pub insert: String,
    /// Another content of a row that has the version in the parameter after the columns.
    pub update: String,
    /// Removes a row that has the version `?3`.
    pub delete: String,
    /// Those of its collections, in their order.
    pub collections: Vec<CollectionSql>,
}

/// The statements for one collection. Where they change an entity, `?1` is its id, `?2` its parent,
/// `?3` its position, then a column each.
pub(super) struct CollectionSql {
    /// Id, position and columns of the entities of the parent `?1`, by position.
    pub load: String,
    /// A new entity.
    pub insert: String,
    /// Another content or position of an entity.
    pub update: String,
    /// Removes an entity.
    pub delete: String,
}

/// The statements of all tables that were used so far.
#[derive(Default)]
pub(super) struct Tables(PerSchema<TableSql>);

impl Tables {
    /// The statements for the table of `schema`.
    pub(super) fn of(&self, schema: &'static Schema) -> Arc<TableSql> {
        self.0.of(schema, TableSql::new)
    }
}

impl TableSql {
    fn new(schema: &Schema) -> Self {
        let table = quoted(schema.table);
        let this = format!(r#""id" = ?1 AND {}"#, of_generation(schema));
        let names = comma_separated(schema.columns, |_, name| name);
        let values = comma_separated(schema.columns, |index, _| format!("?{}", index + 6));
        let sets = comma_separated(schema.columns, |index, name| {
            format!("{name} = ?{}", index + 6)
        });
        let (generation, its_value) = match schema.generations {
            true => (r#""_generation", "#, "?2, "),
            false => ("", ""),
        };
        let expected = schema.columns.len() + 6;
        Self {
            load: format!(
                r#"SELECT "id", "version", "created_at", "updated_at"{names} FROM {table} WHERE {this}"#
            ),
            version: format!(r#"SELECT "version" FROM {table} WHERE {this}"#),
            insert: format!(
                r#"INSERT INTO {table} ({generation}"id", "version", "created_at", "updated_at"{names}) VALUES ({its_value}?1, ?3, ?4, ?5{values})"#
            ),
            update: format!(
                r#"UPDATE {table} SET "version" = ?3, "updated_at" = ?5{sets} WHERE {this} AND "version" = ?{expected}"#
            ),
            delete: format!(r#"DELETE FROM {table} WHERE {this} AND "version" = ?3"#),
            collections: schema.collections.iter().map(CollectionSql::new).collect(),
        }
    }
}

impl CollectionSql {
    fn new(collection: &Collection) -> Self {
        let table = quoted(collection.table);
        let columns = collection.columns;
        let names = comma_separated(columns, |_, name| name);
        let values = comma_separated(columns, |index, _| format!("?{}", index + 4));
        let sets = comma_separated(columns, |index, name| format!("{name} = ?{}", index + 4));
        Self {
            load: format!(
                r#"SELECT "id", "_position"{names} FROM {table} WHERE "_parent" = ?1 ORDER BY "_position""#
            ),
            insert: format!(
                r#"INSERT INTO {table} ("id", "_parent", "_position"{names}) VALUES (?1, ?2, ?3{values})"#
            ),
            update: format!(
                r#"UPDATE {table} SET "_position" = ?3{sets} WHERE "id" = ?1 AND "_parent" = ?2"#
            ),
            delete: format!(r#"DELETE FROM {table} WHERE "id" = ?1 AND "_parent" = ?2"#),
        }
    }
}

/// The name as SQL takes it, whatever characters or keywords it consists of.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The condition that a row is of the generation `?2`.
pub(super) fn of_generation(schema: &Schema) -> &'static str {
    if schema.generations {
        r#""_generation" = ?2"#
    } else {
        "?2 = 0"
    }
}

/// A text per column, each after a comma.
fn comma_separated(columns: &[Column], text: impl Fn(usize, String) -> String) -> String {
    let texts = columns.iter().enumerate();
    texts
        .map(|(index, column)| format!(", {}", text(index, quoted(column.name))))
        .collect()
}
