//! The outbox.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use platform_contract::envelope::Wire;
use platform_ports::engine::{CommitError, EngineError, OutboxDepth, OutboxEvent, OutboxRow};
use sqlx::postgres::{PgConnection, PgRow};
use uuid::Uuid;

use super::apply::ApplyError;
use super::error::{StatementError, code, is_there, signed, table};
use super::statement;
use super::value::{Arguments, Sql, Type};

const TABLE: &str = "microdb_outbox";

/// What both the outbox and the log have of a message, in the order [`event`] reads it.
pub(super) const COLUMNS: &str = "id, aggregatetype, aggregateid, sequence, type, topic, partition, headers, payload, written_at";

/// How many parameters [`arrays`] are.
pub(super) const PARAMETERS: usize = 10;

/// The parameters of [`arrays`], the first of which has this number, as rows of a table `n` with
/// their places, all written at one time.
pub(super) fn given(first: usize) -> String {
    let types: [_; PARAMETERS] = [
        "uuid", "text", "uuid", "bigint", "text", "text", "bigint", "text", "bytea", "boolean",
    ];
    let arrays: Vec<String> = (first..)
        .zip(types)
        .map(|(number, of)| format!("${number}::{of}[]"))
        .collect();
    format!(
        "SELECT n.*, clock_timestamp() AS written_at FROM unnest({}) WITH ORDINALITY AS n(id,
            aggregatetype, aggregateid, sequence, type, topic, partition, headers, payload, logged, place)",
        arrays.join(", ")
    )
}

/// For how long a count of what waits is good enough while there is plenty of room.
const COUNTED: Duration = Duration::from_secs(1);

/// The capacity of the outbox that is left, counted now and then rather than with every commit.
pub(super) struct OutboxCapacity {
    limit: u64,
    last: Mutex<Option<(Instant, u64)>>,
}

impl OutboxCapacity {
    /// Of an outbox of up to so many messages.
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            last: Mutex::new(None),
        }
    }

    /// Takes it for so many, if a recent count left plenty; whether it did.
    pub(super) fn take(&self, wanted: u64) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_mut() {
            Some((at, capacity))
                if at.elapsed() < COUNTED && *capacity >= (self.limit / 4).max(1_000) + wanted =>
            {
                *capacity -= wanted;
                true
            }
            _ => false,
        }
    }

    fn counted(&self, capacity: u64) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((Instant::now(), capacity));
    }
}

/// Refuses when there is none for so many. What other transactions are about to write is not
/// counted, so the limit can be exceeded by as much.
pub(super) async fn reserve(
    connection: &mut PgConnection,
    capacity: &OutboxCapacity,
    wanted: u64,
) -> Result<(), ApplyError> {
    // Positions are given in order, so the span between the first and the last is an upper bound.
    let span: Arc<str> = "SELECT coalesce((SELECT max(position) FROM microdb_outbox)
        - (SELECT min(position) FROM microdb_outbox) + 1, 0)"
        .into();
    let count: Arc<str> = "SELECT count(*) FROM microdb_outbox".into();
    let mut waiting = number(connection, &span).await?;
    if waiting + wanted > capacity.limit {
        waiting = number(connection, &count).await?;
    }
    if waiting + wanted > capacity.limit {
        return Err(ApplyError::Commit(CommitError::OutboxFull));
    }
    capacity.counted(capacity.limit - waiting - wanted);
    Ok(())
}

async fn number(connection: &mut PgConnection, sql: &Arc<str>) -> Result<u64, StatementError> {
    let rows = statement::rows(connection, sql, Arguments::default()).await?;
    Ok(rows
        .first()
        .map_or(Ok(0), |row| statement::natural(row, 0))?)
}

/// Messages as arrays.
pub(super) fn arrays(
    arguments: Arguments,
    events: &[OutboxEvent],
) -> Result<Arguments, EngineError> {
    let mut headers = Vec::with_capacity(events.len());
    let mut sequences = Vec::with_capacity(events.len());
    for event in events {
        let text = serde_json::to_string(&event.wire.headers);
        headers.push(Sql::Text(
            text.map_err(|error| EngineError::Corrupt(error.to_string()))?,
        ));
        sequences.push(Sql::Int(signed(event.sequence)?));
    }
    let column = |value: &dyn Fn(&OutboxEvent) -> Sql| events.iter().map(value).collect::<Vec<_>>();
    Ok(arguments
        .many(Type::Uuid, &column(&|event| Sql::Uuid(event.id)))
        .many(
            Type::Text,
            &column(&|event| Sql::Text(event.aggregate_type.clone())),
        )
        .many(Type::Uuid, &column(&|event| Sql::Uuid(event.aggregate_id)))
        .many(Type::Int, &sequences)
        .many(Type::Text, &column(&|event| Sql::Text(event.kind.clone())))
        .many(Type::Text, &column(&|event| Sql::Text(event.topic.clone())))
        .many(
            Type::Int,
            &column(&|event| Sql::Int(event.partition.into())),
        )
        .many(Type::Text, &headers)
        .many(
            Type::Bytes,
            &column(&|event| Sql::Bytes(event.wire.payload.clone())),
        )
        .many(Type::Bool, &column(&|event| Sql::Bool(event.logged))))
}

/// Writes messages into the outbox, and events into the log.
pub(super) async fn append(
    connection: &mut PgConnection,
    events: &[OutboxEvent],
) -> Result<(), ApplyError> {
    let sql = format!(
        "WITH n AS MATERIALIZED ({}),
        log AS (INSERT INTO microdb_event_log ({COLUMNS}) SELECT {COLUMNS} FROM n WHERE logged)
        INSERT INTO microdb_outbox ({COLUMNS}, logged) SELECT {COLUMNS}, logged FROM n ORDER BY place",
        given(1)
    );
    let arguments = arrays(Arguments::default(), events)?;
    let appended = statement::execute(connection, &sql.into(), arguments).await;
    let refused = |failed| refused(failed).unwrap_or_else(Into::into);
    appended.map(|_| ()).map_err(refused)
}

/// What kept messages from being appended; another failure is given back.
pub(super) fn refused(failed: StatementError) -> Result<ApplyError, StatementError> {
    match &failed {
        // A message with the same id is waiting already.
        StatementError::Server(error) if is_there(error) && table(error) == TABLE => {
            Ok(ApplyError::conflict())
        }
        // The log has no partition for this time.
        StatementError::Server(error) if code(error) == "23514" => Ok(ApplyError::MissingPartition),
        _ => Err(failed),
    }
}

/// The oldest messages of a shard but those that are known.
pub(super) async fn oldest(
    connection: &mut PgConnection,
    shards: u32,
    shard: u32,
    known: &[Uuid],
    limit: u32,
) -> Result<Vec<OutboxRow>, EngineError> {
    // The server takes `partition % $1 = $2` for one row in 200, reads all that wait, and sorts them;
    // of a CASE it expects every other row, and follows the index.
    let sql = format!(
        "SELECT {COLUMNS}, logged, position, refused FROM microdb_outbox
         WHERE CASE WHEN partition % $1 = $2 THEN TRUE ELSE FALSE END
            AND id NOT IN (SELECT known FROM unnest($3) AS known)
         ORDER BY position LIMIT $4"
    );
    let known: Vec<Sql> = known.iter().copied().map(Sql::Uuid).collect();
    let arguments = Arguments::default()
        .int(shards)
        .int(shard)
        .many(Type::Uuid, &known)
        .int(limit);
    let rows = statement::rows(connection, &sql.into(), arguments).await?;
    rows.iter().map(outbox_row).collect()
}

/// The messages that are marked as refused.
pub(super) async fn marked(
    connection: &mut PgConnection,
    limit: u32,
) -> Result<Vec<OutboxRow>, EngineError> {
    let sql = format!(
        "SELECT {COLUMNS}, logged, position, refused FROM microdb_outbox
         WHERE refused IS NOT NULL ORDER BY position LIMIT $1"
    );
    let arguments = Arguments::default().int(limit);
    let rows = statement::rows(connection, &sql.into(), arguments).await?;
    rows.iter().map(outbox_row).collect()
}

fn outbox_row(row: &PgRow) -> Result<OutboxRow, EngineError> {
    Ok(OutboxRow {
        position: statement::int(row, 11)?,
        refused: statement::maybe_text(row, 12)?,
        written_at: statement::instant(row, 9)?,
        event: event(row, statement::truth(row, 10)?)?,
    })
}

/// Deletes acknowledged messages.
pub(super) async fn acknowledge(
    connection: &mut PgConnection,
    ids: &[Uuid],
) -> Result<(), EngineError> {
    // Should two relays on one shard be in each other's way, the server ends one, which does its pass
    // again. Nobody waits for the disk: what a crash of the server brings back is published again, which
    // is what a crash before the deletion comes to as well.
    let sql: Arc<str> = "WITH relaxed AS MATERIALIZED
            (SELECT set_config('synchronous_commit', 'off', TRUE))
        DELETE FROM microdb_outbox AS o USING relaxed, unnest($1::uuid[]) AS gone(id) CROSS JOIN LATERAL
            (SELECT ctid FROM microdb_outbox AS o WHERE o.id = gone.id LIMIT 1) AS there
        WHERE o.ctid = there.ctid"
        .into();
    let values: Vec<Sql> = ids.iter().copied().map(Sql::Uuid).collect();
    let arguments = Arguments::default().many(Type::Uuid, &values);
    statement::execute(connection, &sql, arguments).await?;
    Ok(())
}

/// Marks a message as refused, or frees it.
pub(super) async fn refuse(
    connection: &mut PgConnection,
    id: Uuid,
    why: Option<&str>,
) -> Result<(), EngineError> {
    let sql: Arc<str> = "UPDATE microdb_outbox SET refused = $2 WHERE id = $1".into();
    let why = why.map_or(Sql::Null, |why| Sql::Text(why.replace('\0', "\u{fffd}")));
    let arguments = Arguments::default().uuid(id).one(Type::Text, &why);
    statement::execute(connection, &sql, arguments).await?;
    Ok(())
}

/// How much waits.
pub(super) async fn depth(connection: &mut PgConnection) -> Result<OutboxDepth, EngineError> {
    let sql: Arc<str> = "SELECT (SELECT count(*) FROM microdb_outbox),
        (SELECT written_at FROM microdb_outbox ORDER BY position LIMIT 1)"
        .into();
    let rows = statement::rows(connection, &sql, Arguments::default()).await?;
    match rows.first() {
        Some(row) => Ok(OutboxDepth {
            rows: statement::natural(row, 0)?,
            oldest: statement::maybe_instant(row, 1)?,
        }),
        None => Ok(OutboxDepth {
            rows: 0,
            oldest: None,
        }),
    }
}

/// A message of [`COLUMNS`].
pub(super) fn event(row: &PgRow, logged: bool) -> Result<OutboxEvent, EngineError> {
    let headers = statement::json(row, 7)?;
    let payload = match statement::value(row, 8, Type::Bytes)? {
        Sql::Bytes(bytes) => bytes,
        _ => Vec::new(),
    };
    Ok(OutboxEvent {
        id: statement::uuid(row, 0)?,
        aggregate_type: statement::text(row, 1)?,
        aggregate_id: statement::uuid(row, 2)?,
        sequence: statement::natural(row, 3)?,
        kind: statement::text(row, 4)?,
        topic: statement::text(row, 5)?,
        partition: statement::small(row, 6)?,
        logged,
        wire: Wire { headers, payload },
    })
}
