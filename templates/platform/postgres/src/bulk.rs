//! Many rows of a projection by two statements.

use std::collections::HashSet;

use platform_contract::schema::{Column, Schema};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, Save, SaveTo, Stored};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::ApplyError;
use super::error::signed;
use super::statement;
use super::tables::{TableSql, quoted, separated, unshared};
use super::value::{Arguments, Sql, Type};
use super::{codec, save};

/// The statements, after a table `shared` of one row: `$1` is the generation, then arrays of ids, versions,
/// times of creation and change, versions before, and a column each.
pub(super) struct BulkSql {
    /// New rows; an error when one is there.
    pub insert: String,
    /// New rows, but for those that are there.
    pub insert_missing: String,
    /// Other contents of rows that have the versions before; the ids of these.
    pub update: String,
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
        let insert = format!(
            r#"INSERT INTO {table} ("_generation", "id", "version", "created_at", "updated_at"{names})
               SELECT $1, n."id", n."version", n."created_at", n."updated_at"{values}
               FROM shared, {given} ORDER BY n."id""#
        );
        Self {
            insert: format!("{insert} RETURNING TRUE"),
            insert_missing: insert + r#" ON CONFLICT ("_generation", "id") DO NOTHING"#,
            update: format!(
                r#"UPDATE {table} AS t SET "version" = n."version", "updated_at" = n."updated_at"{sets}
                   FROM (SELECT n.* FROM shared, {given} ORDER BY n."id") AS n
                       CROSS JOIN LATERAL (SELECT ctid FROM {table} AS t
                           WHERE t."id" = n."id" AND t."_generation" = $1
                           LIMIT 1 FOR NO KEY UPDATE) AS there
                   WHERE t.ctid = there.ctid AND t."version" = n." expected" RETURNING t."id""#
            ),
        }
    }
}

/// A row, if one of these has been deleted. Most tables have never lost a row, which one look tells.
pub(super) const WERE_DELETED: &str =
    "SELECT 1 FROM unnest($3::uuid[]) AS made(id) CROSS JOIN LATERAL
        (SELECT 1 FROM microdb_tombstones AS d
         WHERE d.of = $1 AND d.generation = $2 AND d.id = made.id LIMIT 1) AS d
    WHERE EXISTS (SELECT FROM microdb_tombstones WHERE of = $1 AND generation = $2) LIMIT 1";

/// Whether the changes are of one projection, and each of another row that is to be there.
pub(super) fn fits(saves: &[Save]) -> bool {
    let mut ids = HashSet::new();
    let of = saves.first().map(|one| (one.schema.table, one.generation));
    saves.iter().all(|one| {
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
) -> Result<(), ApplyError> {
    let (changed, made) = updates_and_inserts(saves);
    let done = update(connection, sql, &changed).await?;
    for (one, stored) in changed {
        // It may have been deleted before: that is looked at one by one.
        if !done.contains(&stored.id) {
            save::save(connection, sql, one).await?;
        }
    }
    insert(connection, sql, &made).await?;
    match were_deleted(connection, &made).await? {
        true => Err(ApplyError::conflict()),
        false => Ok(()),
    }
}

/// Rows that are to be there, with the changes that say so.
pub(super) type LiveRows<'a> = Vec<(&'a Save, &'a Stored)>;

/// The rows that are changed, and those that are made.
pub(super) fn updates_and_inserts(saves: &[Save]) -> (LiveRows<'_>, LiveRows<'_>) {
    let live = saves.iter().filter_map(|one| match &one.to {
        SaveTo::Live(stored) => Some((one, stored)),
        SaveTo::Deleted { .. } => None,
    });
    live.partition(|(one, _)| one.expected > 0)
}

/// Whether one of the rows that were just made had been deleted: what was committed up to now is seen.
async fn were_deleted(
    connection: &mut PgConnection,
    made: &[(&Save, &Stored)],
) -> Result<bool, ApplyError> {
    let Some((first, _)) = made.first() else {
        return Ok(false);
    };
    let arguments = ids_of(Arguments::default(), first, made);
    let found = statement::rows(connection, &WERE_DELETED.into(), arguments).await?;
    Ok(!found.is_empty())
}

/// The parameters of [`WERE_DELETED`].
pub(super) fn ids_of(arguments: Arguments, first: &Save, made: &[(&Save, &Stored)]) -> Arguments {
    let ids: Vec<Sql> = made.iter().map(|(_, row)| Sql::Uuid(row.id)).collect();
    arguments
        .text(first.schema.table)
        .int(first.generation)
        .many(Type::Uuid, &ids)
}

/// Writes the rows that have the versions before; their ids.
async fn update(
    connection: &mut PgConnection,
    sql: &TableSql,
    rows: &[(&Save, &Stored)],
) -> Result<HashSet<Uuid>, ApplyError> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let arguments = arguments_of(Arguments::default(), rows)?;
    let changed = statement::rows(connection, &unshared(&sql.bulk.update), arguments).await?;
    let ids = changed.iter().map(|row| statement::uuid(row, 0));
    Ok(ids.collect::<Result<_, _>>()?)
}

async fn insert(
    connection: &mut PgConnection,
    sql: &TableSql,
    rows: &[(&Save, &Stored)],
) -> Result<(), ApplyError> {
    if rows.is_empty() {
        return Ok(());
    }
    let arguments = arguments_of(Arguments::default(), rows)?;
    let statement = unshared(&sql.bulk.insert_missing);
    let made = statement::execute(connection, &statement, arguments).await?;
    match made == rows.len() as u64 {
        true => Ok(()),
        false => Err(ApplyError::conflict()),
    }
}

/// The parameters of the statements of [`BulkSql`].
pub(super) fn arguments_of(
    arguments: Arguments,
    rows: &[(&Save, &Stored)],
) -> Result<Arguments, EngineError> {
    let column = |value: &dyn Fn(&Save, &Stored) -> Result<Sql, EngineError>| {
        let values = rows.iter().map(|(one, stored)| value(one, stored));
        values.collect::<Result<Vec<_>, _>>()
    };
    let instant = |at: Timestamp| Ok(Sql::Instant(at.as_microseconds()));
    let first = rows.first().map(|(first, _)| first);
    let mut arguments = arguments
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
