//! The statements for the table of a schema, composed once from its constants.
//!
//! Parameters mean the same in all that save: `$1` the id, `$2` the generation, `$3` the version,
//! `$4` and `$5` the times of creation and change, `$6` the version before, then a column each.

use std::fmt::Write as _;
use std::sync::Arc;

use platform_contract::schema::{Column, Schema};
use platform_ports::engine::per_schema::PerSchema;

use super::bulk::BulkSql;
use super::collections::CollectionSql;
use super::locks;
use super::row_with_events::RowWithEventsSql;
use super::shard::{COLUMN, Shard};

/// The statements for one table.
pub(super) struct TableSql {
    /// Everything of the row `$1`, and its tombstone; always one row.
    pub load: Arc<str>,
    /// The same for each of the ids `$1`, in their order.
    pub load_each: Arc<str>,
    /// What is read of rows, and what joins their entities to them as the table `t`.
    pub columns: String,
    /// The joins of the entities.
    pub joins: String,
    /// The version of the row `$1`.
    pub version: Arc<str>,
    /// Locks the rows with the ids `$1`, in the order of ids, and gives ids and versions.
    pub lock_to_read: Arc<str>,
    /// The same for who is about to change them.
    pub lock_to_update: Arc<str>,
    /// The same for who is about to delete some.
    pub lock_to_delete: Arc<str>,
    /// A new row, unless its id is there.
    pub insert: Arc<str>,
    /// Another content of a row that has the version before.
    pub update: Arc<str>,
    /// A new row of an id that was never used, or another content, with what comes with it.
    pub row_with_events: RowWithEventsSql,
    /// Whether a row is all there is to be written for it: it has no entities, nor lists of
    /// references.
    pub plain: bool,
    /// Whether a row that is made needs the lock of its id, taken before the statement that makes it.
    pub guarded: bool,
    /// Removes the row `$1` that has the version `$3`.
    pub delete: Arc<str>,
    /// Those of its collections, in their order.
    pub collections: Vec<CollectionSql>,
    /// Those for many rows, which only projections have.
    pub bulk: BulkSql,
    /// The lock that stands for what searches over the table answer.
    pub lock: i64,
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
        let this = format!(r#"t."id" = $1 AND {}"#, of_generation(schema));
        let shard = Shard::of(schema);
        let names = names(schema.columns);
        let values = separated(schema.columns, |index, _| format!("${}", index + 7));
        let sets = Shard::sets(schema);
        let (generation, its_value, key) = match schema.generations {
            true => (
                r#""_generation", "#,
                "$2::bigint, ",
                r#""_generation", "id""#.to_owned(),
            ),
            false => ("", "", format!(r#""id"{}"#, shard.key)),
        };
        // Every parameter is used in every statement that is given all of them.
        let used = "$2::bigint IS NOT NULL AND $6::bigint IS NOT NULL";
        let (columns, joins) = read(schema, &shard);
        let insert = format!(
            r#"INSERT INTO {table} ({generation}"id", "version", "created_at", "updated_at"{names})
               SELECT {its_value}$1::uuid, $3::bigint, $4::timestamptz, $5::timestamptz{values}
               FROM shared WHERE {used}{} ON CONFLICT ({key}) DO NOTHING"#,
            shard.nowhere
        );
        let update = format!(
            r#"UPDATE {table} AS t SET "version" = $3, "updated_at" = $5{sets} FROM shared
               WHERE {this}{} AND t."version" = $6 AND $4::timestamptz IS NOT NULL"#,
            shard.same
        );
        let lock = locks::of_table(schema.table);
        let never_deleted = format!(
            r#" RETURNING microdb_never_deleted('{}', $2, "id") AS done"#,
            schema.table.replace('\'', "''")
        );
        let generation_is = of_generation(schema);
        let locking =
            |mode: &str| locking(&table, r#"t."id", t."version""#, generation_is, mode).into();
        Self {
            load: format!(
                r"SELECT d.version, {columns} FROM (SELECT 1) AS one LEFT JOIN {table} AS t ON {this}
                  LEFT JOIN microdb_tombstones AS d ON d.of = $3 AND d.generation = $2 AND d.id = $1{joins}"
            )
            .into(),
            load_each: format!(
                r#"SELECT d.version, {columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS one(id, place)
                  LEFT JOIN LATERAL (SELECT * FROM {table} AS t
                      WHERE t."id" = one.id AND {generation_is} LIMIT 1) AS t ON TRUE
                  LEFT JOIN LATERAL (SELECT d.version FROM microdb_tombstones AS d
                      WHERE t."id" IS NULL AND d.of = $3 AND d.generation = $2 AND d.id = one.id LIMIT 1) AS d ON TRUE{joins}
                  ORDER BY one.place"#
            )
            .into(),
            version: format!(r#"SELECT t."version" FROM {table} AS t WHERE {this}"#).into(),
            lock_to_read: locking("SHARE OF t"),
            lock_to_update: locking("NO KEY UPDATE OF t"),
            lock_to_delete: locking("UPDATE OF t"),
            row_with_events: RowWithEventsSql::new(
                insert.clone() + &never_deleted,
                format!("{update} RETURNING TRUE AS done"),
                schema.columns.len() + 7,
                lock,
            ),
            insert: unshared(&insert),
            update: unshared(&update),
            plain: is_plain(schema),
            guarded: shard.column.is_some(),
            delete: format!(r#"DELETE FROM {table} AS t WHERE {this} AND t."version" = $3"#).into(),
            collections: CollectionSql::all(schema, &shard),
            bulk: BulkSql::new(schema),
            lock,
            columns,
            joins,
        }
    }
}

/// What is read of a row of the table `t`, with an array for each column of its entities, and the
/// joins that give them: root and entities are of one instant, as it is one statement.
fn read(schema: &Schema, shard: &Shard) -> (String, String) {
    let within = match &shard.column {
        Some((name, _)) => format!(" AND {COLUMN} = t.{name}"),
        None => String::new(),
    };
    let mut columns = r#"t."id", t."version", t."created_at", t."updated_at""#.to_owned();
    columns += &separated(schema.columns, |_, name| format!("t.{name}"));
    let mut joins = String::new();
    for (number, collection) in schema.collections.iter().enumerate() {
        let table = quoted(collection.table);
        let _ = write!(columns, ", c{number}.*");
        let arrays = separated(collection.columns, |_, name| format!("array_agg(s.{name})"));
        let _ = write!(
            joins,
            r#" LEFT JOIN LATERAL (SELECT array_agg(s."id"){arrays} FROM
                (SELECT * FROM {table} WHERE "_parent" = t."id"{within} ORDER BY "_position") AS s) AS c{number} ON TRUE"#
        );
    }
    (columns, joins)
}

/// Locks the rows `t` of a table with the ids `$1`, in their order. Each is looked up by its key: joined
/// as a whole, they would be looked for as the planner thought best when the table was smaller.
pub(super) fn locking(table: &str, columns: &str, condition: &str, mode: &str) -> String {
    format!(
        r#"SELECT t.* FROM (SELECT id FROM unnest($1::uuid[]) AS ids(id) ORDER BY id) AS one
           CROSS JOIN LATERAL (SELECT {columns} FROM {table} AS t
               WHERE t."id" = one.id AND {condition} LIMIT 1 FOR {mode}) AS t"#
    )
}

/// The statement where the lock of the table is held already.
pub(super) fn unshared(statement: &str) -> Arc<str> {
    format!("WITH shared AS (SELECT 1) {statement}").into()
}

fn is_plain(schema: &Schema) -> bool {
    let listed = |column: &Column| column.list && column.references.is_some();
    schema.collections.is_empty() && !schema.columns.iter().any(listed)
}

/// The name as SQL takes it, whatever characters or keywords it consists of.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The condition that a row of the table `t` is of the generation `$2`.
pub(super) fn of_generation(schema: &Schema) -> &'static str {
    if schema.generations {
        r#"t."_generation" = $2"#
    } else {
        "$2::bigint = 0"
    }
}

/// The names, each after a comma.
pub(super) fn names(columns: &[Column]) -> String {
    separated(columns, |_, name| name)
}

/// A text per column, each after a comma.
pub(super) fn separated(columns: &[Column], text: impl Fn(usize, String) -> String) -> String {
    let texts = columns.iter().enumerate();
    texts
        .map(|(index, column)| format!(", {}", text(index, quoted(column.name))))
        .collect()
}
