//! Many rows of a projection by two statements.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::Stop;
use super::error::signed;
use super::statement;
use super::tables::{TableSql, quoted, separated};
use super::value::{Arguments, Sql, Type};
use super::{codec, save};
use crate::engine::{EngineError, Save, SaveTo, Stored};
use crate::schema::{Column, Schema};
use crate::value::Timestamp;

/// The statements: `$1` is the generation, then arrays of ids, versions, times of creation and
/// change, versions before, and a column each. They give the ids of the rows they wrote.
pub(super) struct BulkSql {
    /// New rows, unless their ids are there.
    insert: Arc<str>,
    /// Other contents of rows that have the versions before.
    update: Arc<str>,
}

impl BulkSql {
    /// For the table of a projection.
    pub(super) fn new(schema: &Schema) -> Self {
        let table = quoted(schema.table);
        let names = separated(schema.columns, |_, name| name);
        let values = separated(schema.columns, |_, name| format!("n.{name}"));
        let sets = separated(schema.columns, |_, name| format!("{name} = n.{name}"));
        let arrays = separated(schema.columns, |index, _| {
            let of = schema.columns.get(index).map(codec::type_of);
            format!("${}::{}[]", index + 7, of.map_or("text", Type::name))
        });
        let given = format!(
            r#"unnest($2::uuid[], $3::bigint[], $4::timestamptz[], $5::timestamptz[], $6::bigint[]{arrays})
               AS n("id", "version", "created_at", "updated_at", " expected"{names})"#
        );
        Self {
            insert: format!(
                r#"INSERT INTO {table} ("generation", "id", "version", "created_at", "updated_at"{names})
                   SELECT $1, n."id", n."version", n."created_at", n."updated_at"{values} FROM {given}
                   ORDER BY n."id" ON CONFLICT ("generation", "id") DO NOTHING RETURNING "id""#
            )
            .into(),
            update: format!(
                r#"UPDATE {table} AS t SET "version" = n."version", "updated_at" = n."updated_at"{sets}
                   FROM {given} WHERE t."id" = n."id" AND t."generation" = $1
                       AND t."version" = n." expected" RETURNING t."id""#
            )
            .into(),
        }
    }
}

/// Whether the changes are of one projection, and each of another row that is to be there.
pub(super) fn fits(saves: &[Save]) -> bool {
    let mut ids = HashSet::new();
    let of = saves.first().map(|one| (one.schema.table, one.generation));
    saves.len() > 1
        && saves.iter().all(|one| {
            one.schema.generations
                && one.schema.collections.is_empty()
                && Some((one.schema.table, one.generation)) == of
                && matches!(one.to, SaveTo::Live(_))
                && ids.insert(one.id())
        })
}

/// Applies changes that [`fits`] was true of; their rows are locked.
pub(super) async fn apply(
    connection: &mut PgConnection,
    sql: &TableSql,
    saves: &[Save],
) -> Result<(), Stop> {
    let live = saves.iter().filter_map(|one| match &one.to {
        SaveTo::Live(stored) => Some((one, stored)),
        SaveTo::Deleted { .. } => None,
    });
    let (changed, made): (Vec<_>, Vec<_>) = live.partition(|(one, _)| one.expected > 0);
    let done = write(connection, &sql.bulk.update, &changed).await?;
    for (one, stored) in changed {
        // It may have been deleted before: that is looked at one by one.
        if !done.contains(&stored.id) {
            save::save(connection, sql, one).await?;
        }
    }
    if write(connection, &sql.bulk.insert, &made).await?.len() < made.len()
        || were_deleted(connection, &made).await?
    {
        return Err(Stop::conflict());
    }
    Ok(())
}

/// Whether one of the rows that were just made had been deleted: what was committed up to now is seen.
async fn were_deleted(
    connection: &mut PgConnection,
    made: &[(&Save, &Stored)],
) -> Result<bool, Stop> {
    let Some((first, _)) = made.first() else {
        return Ok(false);
    };
    let sql: Arc<str> = "SELECT 1 FROM microdb_tombstones
        WHERE of = $1 AND generation = $2 AND id = ANY($3) LIMIT 1"
        .into();
    let ids: Vec<Sql> = made.iter().map(|(_, row)| Sql::Uuid(row.id)).collect();
    let arguments = Arguments::default()
        .text(first.schema.table)
        .int(first.generation)
        .many(Type::Uuid, &ids);
    Ok(!statement::rows(connection, &sql, arguments)
        .await?
        .is_empty())
}

/// Runs a statement of [`BulkSql`]; the ids of the rows it wrote.
async fn write(
    connection: &mut PgConnection,
    sql: &Arc<str>,
    rows: &[(&Save, &Stored)],
) -> Result<HashSet<Uuid>, Stop> {
    let Some((first, _)) = rows.first() else {
        return Ok(HashSet::new());
    };
    let column = |value: &dyn Fn(&Save, &Stored) -> Result<Sql, EngineError>| {
        let values = rows.iter().map(|(one, stored)| value(one, stored));
        values.collect::<Result<Vec<_>, _>>()
    };
    let instant = |at: Timestamp| Ok(Sql::Instant(at.as_microseconds()));
    let mut arguments = Arguments::default()
        .int(first.generation)
        .many(Type::Uuid, &column(&|_, row| Ok(Sql::Uuid(row.id)))?)
        .many(
            Type::Int,
            &column(&|_, row| signed(row.version).map(Sql::Int))?,
        )
        .many(Type::Instant, &column(&|_, row| instant(row.created_at))?)
        .many(Type::Instant, &column(&|_, row| instant(row.updated_at))?)
        .many(
            Type::Int,
            &column(&|one, _| signed(one.expected).map(Sql::Int))?,
        );
    for member in first.schema.columns {
        let encode = |of: &Column, row: &Stored| codec::encode(of, row.members.get(of.name));
        let values = column(&|_, row| encode(member, row))?;
        arguments = arguments.many(codec::type_of(member), &values);
    }
    match statement::rows(connection, sql, arguments).await {
        Ok(rows) => {
            let ids = rows.iter().map(|row| statement::uuid(row, 0));
            Ok(ids.collect::<Result<_, _>>()?)
        }
        Err(failed) => Err(failed.into()),
    }
}
