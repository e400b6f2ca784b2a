//! The event log: a partition for every month, made ahead, so that retention drops whole tables.

use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use platform_contract::value::{Timestamp, Uuid};
use platform_ports::engine::{EngineError, OutboxEvent};
use sqlx::postgres::PgConnection;

use super::error::{StatementError, code, signed};
use super::outbox::{COLUMNS, arrays, event, given};
use super::statement::{self, script};
use super::tables::quoted;
use super::value::{Arguments, Sql, Type};

/// How many months after this one have their partitions already.
const AHEAD: i64 = 3;

/// Of how many pages rows are deleted at once.
const CLEANUP_PAGES: u64 = 256;

/// The lock that one instance has while it makes or drops partitions.
const LOCK: i64 = 0x6d69_6372_6f64_6202;

/// Makes the partitions of this month and the next ones.
pub(super) async fn make_partitions(connection: &mut PgConnection) -> Result<(), EngineError> {
    let today = statement::now(connection).await?.date();
    for ahead in 0..=AHEAD {
        let month = today
            .first_of_month()
            .checked_add(ahead.months())
            .map_err(|error| EngineError::Corrupt(error.to_string()))?;
        if !exists(connection, &name(month)).await? {
            let made = make(connection, month).await;
            if made.is_err() {
                script(connection, "ROLLBACK").await?;
            }
            made?;
        }
    }
    Ok(())
}

fn name(month: Date) -> String {
    format!("microdb_event_log_{:04}_{:02}", month.year(), month.month())
}

async fn exists(connection: &mut PgConnection, name: &str) -> Result<bool, EngineError> {
    let sql: Arc<str> = "SELECT to_regclass($1) IS NOT NULL".into();
    let rows = statement::rows(connection, &sql, Arguments::default().text(name)).await?;
    rows.first()
        .map_or(Ok(false), |row| statement::truth(row, 0))
}

/// A table is attached rather than made as a partition: that keeps nobody from writing.
async fn make(connection: &mut PgConnection, month: Date) -> Result<(), EngineError> {
    let name = name(month);
    script(
        connection,
        format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})"),
    )
    .await?;
    // Asked once more: another instance may have been faster.
    if !exists(connection, &name).await? {
        let next = month
            .checked_add(1.month())
            .map_err(|error| EngineError::Corrupt(error.to_string()))?;
        let sql = format!(
            "CREATE TABLE {name} (LIKE microdb_event_log INCLUDING ALL);
             ALTER TABLE microdb_event_log ATTACH PARTITION {name}
                 FOR VALUES FROM ('{month} 00:00:00+00') TO ('{next} 00:00:00+00')"
        );
        script(connection, sql).await?;
    }
    Ok(script(connection, "COMMIT").await?)
}

/// Events of the log after a place, in the order of aggregates and their sequences.
pub(super) async fn read(
    connection: &mut PgConnection,
    aggregate_type: &str,
    after: Option<(Uuid, u64)>,
    limit: u32,
) -> Result<Vec<OutboxEvent>, EngineError> {
    let (aggregate, sequence) = after.unwrap_or((Uuid::nil(), 0));
    let sql = format!(
        "SELECT {COLUMNS} FROM microdb_event_log
         WHERE aggregatetype = $1 AND (aggregateid, sequence) > ($2, $3)
         ORDER BY aggregateid, sequence LIMIT $4"
    );
    let arguments = Arguments::default()
        .text(aggregate_type)
        .uuid(aggregate)
        .int(signed(sequence)?)
        .int(limit);
    let rows = statement::rows(connection, &sql.into(), arguments).await?;
    rows.iter().map(|row| event(row, true)).collect()
}

/// Puts events in the place of those that the log has.
pub(super) async fn rewrite(
    connection: &mut PgConnection,
    events: &[OutboxEvent],
) -> Result<(), EngineError> {
    let sql = format!(
        "UPDATE microdb_event_log AS log SET type = n.type, headers = n.headers, payload = n.payload
         FROM ({}) AS n WHERE log.aggregatetype = n.aggregatetype
            AND log.aggregateid = n.aggregateid AND log.sequence = n.sequence",
        given(1)
    );
    let arguments = arrays(Arguments::default(), events)?;
    statement::execute(connection, &sql.into(), arguments).await?;
    Ok(())
}

/// Deletes events older than `before`: partitions that hold nothing else as a whole, of the others
/// the rows.
pub(super) async fn trim(
    connection: &mut PgConnection,
    before: Timestamp,
) -> Result<u64, EngineError> {
    make_partitions(connection).await?;
    let mut all = 0;
    // Names order as months do, and the month of `before` is not over then.
    let this = name(before.date().first_of_month());
    for partition in partitions(connection).await? {
        if partition >= this {
            break;
        }
        let dropped = drop_partition(connection, &partition).await;
        if dropped.is_err() {
            script(connection, "ROLLBACK").await?;
        }
        all += dropped?;
    }
    for partition in partitions(connection).await? {
        all += cleanup(connection, &partition, before).await?;
    }
    Ok(all)
}

/// Deletes the rows of a partition that are older than `before`, some pages at a time, so that each
/// page is read once.
async fn cleanup(
    connection: &mut PgConnection,
    partition: &str,
    before: Timestamp,
) -> Result<u64, EngineError> {
    let size: Arc<str> =
        "SELECT coalesce(pg_relation_size(to_regclass($1)) / current_setting('block_size')::bigint, 0)"
            .into();
    let rows = statement::rows(connection, &size, Arguments::default().text(partition)).await?;
    let pages = rows
        .first()
        .map_or(Ok(0), |row| statement::natural(row, 0))?;
    let sql: Arc<str> = format!(
        "DELETE FROM {} WHERE written_at < $1 AND ctid >= $2::tid AND ctid < $3::tid",
        quoted(partition)
    )
    .into();
    let mut deleted = 0;
    let mut page = 0;
    while page < pages {
        let arguments = Arguments::default()
            .one(Type::Instant, &Sql::Instant(before.as_microseconds()))
            .text(&format!("({page},0)"))
            .text(&format!("({},0)", page + CLEANUP_PAGES));
        deleted += statement::execute(connection, &sql, arguments).await?;
        page += CLEANUP_PAGES;
    }
    Ok(deleted)
}

/// The partitions in the order of their months.
async fn partitions(connection: &mut PgConnection) -> Result<Vec<String>, EngineError> {
    let sql: Arc<str> = "SELECT c.relname::text FROM pg_inherits AS i
         JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass('microdb_event_log') ORDER BY c.relname"
        .into();
    let rows = statement::rows(connection, &sql, Arguments::default()).await?;
    rows.iter().map(|row| statement::text(row, 0)).collect()
}

/// Drops a partition, and says how many rows it had; none while somebody reads it for long.
async fn drop_partition(
    connection: &mut PgConnection,
    partition: &str,
) -> Result<u64, EngineError> {
    let name = quoted(partition);
    let begin =
        format!("BEGIN; SET LOCAL lock_timeout = '1s'; SELECT pg_advisory_xact_lock({LOCK})");
    script(connection, begin).await?;
    // Another instance may have been faster.
    if !exists(connection, partition).await? {
        script(connection, "ROLLBACK").await?;
        return Ok(0);
    }
    script(connection, format!("LOCK TABLE {name} IN SHARE MODE")).await?;
    let sql = format!("SELECT count(*) FROM {name}");
    let rows = statement::rows(connection, &sql.into(), Arguments::default()).await?;
    let count = rows
        .first()
        .map_or(Ok(0), |row| statement::natural(row, 0))?;
    match script(connection, format!("DROP TABLE {name}; COMMIT")).await {
        Ok(()) => Ok(count),
        // Its rows are deleted one by one then; it is dropped the next time.
        Err(StatementError::Server(error)) if code(&error) == "55P03" => {
            script(connection, "ROLLBACK").await?;
            Ok(0)
        }
        Err(failed) => Err(failed.into()),
    }
}
