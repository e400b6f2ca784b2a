//! Writes the entities inside an aggregate, and of these only what changed.

use std::sync::Arc;

use platform_contract::schema::{Collection, Schema};
use platform_ports::engine::{EngineError, Save, Stored, entities};
use sqlx::postgres::PgConnection;

use super::apply::ApplyError;
use super::codec::type_of;
use super::shard::{COLUMN, Shard};
use super::tables::{names, quoted, separated};
use super::value::{Arguments, Sql, Type};
use super::{codec, constraints, statement};

/// The statements for one collection: `$1` is the parent, `$2` the ids, `$3` the positions, then a
/// column each, as arrays, then the shard key of the parent, where it has one.
pub(super) struct CollectionSql {
    /// Makes the rows of the parent those that are given, and changes only what is different.
    pub save: Arc<str>,
}

impl CollectionSql {
    /// Those of the collections of `schema`, in their order.
    pub(super) fn all(schema: &Schema, shard: &Shard) -> Vec<Self> {
        let collections = schema.collections.iter();
        collections.map(|one| Self::new(one, shard)).collect()
    }

    fn new(collection: &Collection, shard: &Shard) -> Self {
        let (table, columns) = (quoted(collection.table), collection.columns);
        let names = names(columns);
        let arrays = separated(columns, |index, _| {
            let of = columns.get(index).map_or("text", |it| type_of(it).name());
            format!("${}::{of}[]", index + 4)
        });
        let sets = separated(columns, |_, name| format!("{name} = n.{name}"));
        let (old, new) = (
            separated(columns, |_, name| format!("c.{name}")),
            separated(columns, |_, name| format!("n.{name}")),
        );
        let (column, given, within) = match &shard.column {
            None => (String::new(), String::new(), String::new()),
            Some((_, of)) => {
                let given = format!("${}::{}", columns.len() + 4, of.name());
                let within = format!(" AND c.{COLUMN} = {given}");
                (format!(", {COLUMN}"), format!(", {given}"), within)
            }
        };
        Self {
            save: format!(
                r#"WITH n AS MATERIALIZED (SELECT * FROM unnest($2::uuid[], $3::bigint[]{arrays}) AS n("id", "_position"{names})),
                gone AS (DELETE FROM {table} AS c WHERE c."_parent" = $1 AND c."id" <> ALL($2::uuid[]){within}),
                changed AS (UPDATE {table} AS c SET "_position" = n."_position"{sets} FROM n
                    WHERE c."id" = n."id" AND c."_parent" = $1{within}
                        AND (c."_position"{old}) IS DISTINCT FROM (n."_position"{new}))
                INSERT INTO {table} ("id", "_parent", "_position"{names}{column})
                SELECT n."id", $1, n."_position"{new}{given} FROM n WHERE NOT EXISTS
                    (SELECT FROM {table} AS c WHERE c."id" = n."id" AND c."_parent" = $1{within})"#
            )
            .into(),
        }
    }
}

/// Makes the rows of `collection` those of `stored`. `existed`: whether there may be rows already.
pub(super) async fn save(
    connection: &mut PgConnection,
    save: &Save,
    collection: &Collection,
    sql: &CollectionSql,
    stored: &Stored,
    existed: bool,
) -> Result<(), ApplyError> {
    let (ids, columns) = arrays(collection, stored)?;
    if ids.is_empty() && !existed {
        return Ok(());
    }
    let positions: Vec<Sql> = (0_i64..).take(ids.len()).map(Sql::Int).collect();
    let mut arguments = Arguments::default()
        .uuid(stored.id)
        .many(Type::Uuid, &ids)
        .many(Type::Int, &positions);
    for (column, values) in collection.columns.iter().zip(&columns) {
        arguments = arguments.many(type_of(column), values);
    }
    if let Some(shard) = save.schema.shard() {
        let value = codec::encode(shard, stored.members.get(shard.name))?;
        arguments = arguments.one(type_of(shard), &value);
    }
    statement::execute(connection, &sql.save, arguments)
        .await
        .map_err(|failed| constraints::apply_error(save, stored.id, !existed, failed))?;
    Ok(())
}

/// What is to be stored: the ids, and for each column the values.
fn arrays(
    collection: &Collection,
    stored: &Stored,
) -> Result<(Vec<Sql>, Vec<Vec<Sql>>), EngineError> {
    let mut ids = Vec::new();
    let mut columns = vec![Vec::new(); collection.columns.len()];
    for (id, entity) in entities::of(collection, stored)? {
        ids.push(Sql::Uuid(id));
        for (column, values) in collection.columns.iter().zip(&mut columns) {
            values.push(codec::encode(column, entity.get(column.name))?);
        }
    }
    Ok((ids, columns))
}
