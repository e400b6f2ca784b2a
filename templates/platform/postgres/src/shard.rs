//! What a shard key adds to the statements for a table that is divided by it.
//!
//! The primary key of such a table has to have the shard key in it, and so lets one id stand in
//! several partitions. What makes a row therefore has the lock of its id, taken by a statement
//! before, and looks for the id in all of them.

use platform_contract::schema::Schema;

use super::codec::type_of;
use super::tables::quoted;
use super::value::Type;

/// The column of a collection's table that holds the shard key of its parent. No member is called so.
pub(super) const COLUMN: &str = r#""_shard""#;

/// What is added; nothing where the id alone decides.
#[derive(Default)]
pub(super) struct Shard {
    /// To the primary key, after the id.
    pub key: String,
    /// To the condition of a new row: its id is in no partition.
    pub nowhere: String,
    /// To the condition of a row that is changed: it is in the partition of its key.
    pub same: String,
    /// Its column, and the column's type.
    pub column: Option<(String, Type)>,
}

impl Shard {
    /// For the table of `schema`.
    pub(super) fn of(schema: &Schema) -> Self {
        let columns = schema.columns.iter().enumerate();
        let mut columns = columns.filter(|(_, column)| Some(column.name) == schema.shard_by);
        let Some((number, column)) = columns.next() else {
            return Self::default();
        };
        let (name, table) = (quoted(column.name), quoted(schema.table));
        Self {
            key: format!(", {name}"),
            nowhere: format!(r#" AND NOT EXISTS (SELECT FROM {table} AS o WHERE o."id" = $1)"#),
            same: format!(" AND t.{name} = ${}", number + 7),
            column: Some((name, type_of(column))),
        }
    }

    /// The columns of a row that is changed, each after a comma: all but the one that never is.
    pub(super) fn sets(schema: &Schema) -> String {
        let columns = schema.columns.iter().enumerate();
        columns
            .filter(|(_, column)| Some(column.name) != schema.shard_by)
            .map(|(index, column)| format!(", {} = ${}", quoted(column.name), index + 7))
            .collect()
    }
}
