//! Many rows of a projection by two statements.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::Stop;
use super::error::{is_there, signed};
use super::statement::{self, Failed};
use super::tables::{TableSql, quoted, separated};
use super::value::{Arguments, Sql, Type};
use super::{codec, save};
use crate::engine::{EngineError, Save, SaveTo, Stored};
use crate::schema::{Column, Schema};
use crate::value::Timestamp;

/// The statements: `$1` is the generation, then arrays of ids, versions, times of creation and
/// change, versions before, and a column each.
pub(super) struct BulkSql {
    /// New rows.
    insert: Arc<str>,
    /// Other contents of rows that have the versions before; the ids of these.
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
                r#"INSERT INTO {table} ("_generation", "id", "version", "created_at", "updated_at"{names})
                   SELECT $1, n."id", n."version", n."created_at", n."updated_at"{values} FROM {given}
                   ORDER BY n."id""#
            )
            .into(),
            update: format!(
                r#"UPDATE {table} AS t SET "version" = n."version", "updated_at" = n."updated_at"{sets}
                   FROM {given} WHERE t."id" = n."id" AND t."_generation" = $1
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
    let done = update(connection, sql, &changed).await?;
    for (one, stored) in changed {
        // It may have been deleted before: that is looked at one by one.
        if !done.contains(&stored.id) {
            save::save(connection, sql, one).await?;
        }
    }
    insert(connection, sql, &made).await?;
    match were_deleted(connection, &made).await? {
        true => Err(Stop::conflict()),
        false => Ok(()),
    }
}

/// Whether one of the rows that were just made had been deleted: what was committed up to now is seen.
async fn were_deleted(
    connection: &mut PgConnection,
    made: &[(&Save, &Stored)],
) -> Result<bool, Stop> {
    let Some((first, _)) = made.first() else {
        return Ok(false);
    };
    // Most tables have never lost a row, which one look tells.
    let sql: Arc<str> = "SELECT 1 FROM unnest($3::uuid[]) AS made(id) CROSS JOIN LATERAL
            (SELECT 1 FROM microdb_tombstones AS d
             WHERE d.of = $1 AND d.generation = $2 AND d.id = made.id LIMIT 1) AS d
        WHERE EXISTS (SELECT FROM microdb_tombstones WHERE of = $1 AND generation = $2) LIMIT 1"
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

/// Writes the rows that have the versions before; their ids.
async fn update(
    connection: &mut PgConnection,
    sql: &TableSql,
    rows: &[(&Save, &Stored)],
) -> Result<HashSet<Uuid>, Stop> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let arguments = arguments(rows)?;
    let changed = statement::rows_planned_now(connection, &sql.bulk.update, arguments).await?;
    let ids = changed.iter().map(|row| statement::uuid(row, 0));
    Ok(ids.collect::<Result<_, _>>()?)
}

async fn insert(
    connection: &mut PgConnection,
    sql: &TableSql,
    rows: &[(&Save, &Stored)],
) -> Result<(), Stop> {
    if rows.is_empty() {
        return Ok(());
    }
    let made = statement::execute(connection, &sql.bulk.insert, arguments(rows)?).await;
    match made {
        Ok(_) => Ok(()),
        Err(Failed::Server(error)) if is_there(&error) => Err(Stop::conflict()),
        Err(failed) => Err(failed.into()),
    }
}

/// The parameters of the statements of [`BulkSql`].
fn arguments(rows: &[(&Save, &Stored)]) -> Result<Arguments, EngineError> {
    let column = |value: &dyn Fn(&Save, &Stored) -> Result<Sql, EngineError>| {
        let values = rows.iter().map(|(one, stored)| value(one, stored));
        values.collect::<Result<Vec<_>, _>>()
    };
    let instant = |at: Timestamp| Ok(Sql::Instant(at.as_microseconds()));
    let first = rows.first().map(|(first, _)| first);
    let mut arguments = Arguments::default()
        .int(first.map_or(0, |first| first.generation))
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
    for member in first.map_or_else(Default::default, |first| first.schema.columns) {
        let encode = |of: &Column, row: &Stored| codec::encode(of, row.members.get(of.name));
        let values = column(&|_, row| encode(member, row))?;
        arguments = arguments.many(codec::type_of(member), &values);
    }
    Ok(arguments)
}
