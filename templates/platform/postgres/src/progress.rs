//! Applied sequences and offsets: how far handlers have come.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use platform_ports::engine::{
    AppliedSequence, EngineError, Generation, OffsetAdvance, SequenceAdvance,
};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::ApplyError;
use super::error::{StatementError, lost, signed};
use super::statement;
use super::tables::unshared;
use super::value::{Arguments, Sql, Type};

/// Makes applied sequences; like the other two, after a table `shared` of one row.
pub(super) const MADE: &str =
    "INSERT INTO microdb_applied_sequences (handler, generation, aggregate, sequence, event)
    SELECT n.handler, n.generation, n.aggregate, n.sequence, n.event
    FROM shared, unnest($1::text[], $2::bigint[], $3::uuid[], $4::bigint[], $5::uuid[])
        AS n(handler, generation, aggregate, sequence, event)
    ORDER BY n.handler COLLATE \"C\", n.generation, n.aggregate RETURNING TRUE";

/// Advances applied sequences, which are looked up one by one and in order.
pub(super) const ADVANCED: &str = "UPDATE microdb_applied_sequences AS g SET sequence = n.sequence, event = n.event
    FROM (SELECT n.*
            FROM shared, unnest($1::text[], $2::bigint[], $3::uuid[], $4::bigint[], $5::uuid[], $6::bigint[])
                AS n(handler, generation, aggregate, sequence, event, before)
            ORDER BY n.handler COLLATE \"C\", n.generation, n.aggregate) AS n
        CROSS JOIN LATERAL (SELECT ctid FROM microdb_applied_sequences AS g
            WHERE g.handler = n.handler AND g.generation = n.generation AND g.aggregate = n.aggregate
            LIMIT 1 FOR UPDATE) AS there
    WHERE g.ctid = there.ctid AND g.sequence = n.before RETURNING TRUE";

/// Moves offsets.
pub(super) const OFFSETS: &str = "INSERT INTO microdb_offsets AS o
        (handler, generation, topic, partition, topic_id, next, as_of)
    SELECT n.* FROM shared, unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::timestamptz[])
        AS n(handler, generation, topic, partition, topic_id, next, as_of)
    ORDER BY n.handler COLLATE \"C\", n.generation, n.topic COLLATE \"C\", n.partition
    ON CONFLICT (handler, generation, topic, partition) DO UPDATE SET
        topic_id = excluded.topic_id,
        next = CASE WHEN o.topic_id = excluded.topic_id
            THEN greatest(o.next, excluded.next) ELSE excluded.next END,
        as_of = CASE WHEN o.topic_id = excluded.topic_id
            THEN greatest(o.as_of, excluded.as_of) ELSE excluded.as_of END RETURNING TRUE";

/// Parts in each of which no two have the same key, so that each part can be one statement.
fn parts<T, K: Hash + Eq>(all: &[T], key: impl Fn(&T) -> K) -> Vec<&[T]> {
    let mut parts = Vec::new();
    let (mut start, mut keys) = (0, HashSet::new());
    for (index, one) in all.iter().enumerate() {
        if !keys.insert(key(one)) {
            parts.extend(all.get(start..index));
            start = index;
            keys = HashSet::from([key(one)]);
        }
    }
    parts.extend(all.get(start..).filter(|rest| !rest.is_empty()));
    parts
}

/// Advances applied sequences, each from the sequence it must have now.
pub(super) async fn advance_sequences(
    connection: &mut PgConnection,
    advances: &[SequenceAdvance],
) -> Result<(), ApplyError> {
    for part in parts(advances, |one| {
        (one.handler.clone(), one.generation, one.aggregate)
    }) {
        let (advanced, made): (Vec<_>, Vec<_>) = part.iter().partition(|one| one.from.is_some());
        if !advanced.is_empty() {
            let arguments = advances_of(Arguments::default(), &advanced)?;
            let done = statement::execute(connection, &unshared(ADVANCED), arguments).await?;
            if done < advanced.len() as u64 {
                return Err(ApplyError::conflict());
            }
        }
        if !made.is_empty() {
            let arguments = sequences_of(Arguments::default(), &made)?;
            match statement::execute(connection, &unshared(MADE), arguments).await {
                Ok(_) => {}
                Err(StatementError::Server(error)) if lost(&error) => {
                    return Err(ApplyError::conflict());
                }
                Err(failed) => return Err(failed.into()),
            }
        }
    }
    Ok(())
}

/// The parameters of [`ADVANCED`].
pub(super) fn advances_of(
    arguments: Arguments,
    advances: &[&SequenceAdvance],
) -> Result<Arguments, EngineError> {
    let before = |one: &&SequenceAdvance| signed(one.from.unwrap_or(0)).map(Sql::Int);
    let before: Vec<Sql> = advances.iter().map(before).collect::<Result<_, _>>()?;
    Ok(sequences_of(arguments, advances)?.many(Type::Int, &before))
}

/// The parameters of [`MADE`].
pub(super) fn sequences_of(
    arguments: Arguments,
    advances: &[&SequenceAdvance],
) -> Result<Arguments, EngineError> {
    let column = |value: &dyn Fn(&SequenceAdvance) -> Result<Sql, EngineError>| {
        advances
            .iter()
            .map(|one| value(one))
            .collect::<Result<Vec<_>, _>>()
    };
    let event = |one: &SequenceAdvance| Ok(one.to.event.map_or(Sql::Null, Sql::Uuid));
    Ok(arguments
        .many(
            Type::Text,
            &column(&|one| Ok(Sql::Text(one.handler.clone())))?,
        )
        .many(
            Type::Int,
            &column(&|one| Ok(Sql::Int(one.generation.into())))?,
        )
        .many(Type::Uuid, &column(&|one| Ok(Sql::Uuid(one.aggregate)))?)
        .many(
            Type::Int,
            &column(&|one| signed(one.to.sequence).map(Sql::Int))?,
        )
        .many(Type::Uuid, &column(&event)?))
}

/// The applied sequences of a handler for these aggregates.
pub(super) async fn applied_sequences(
    connection: &mut PgConnection,
    handler: &str,
    generation: Generation,
    aggregates: &[Uuid],
) -> Result<Vec<(Uuid, AppliedSequence)>, EngineError> {
    let sql: Arc<str> = "SELECT one.id, g.sequence, g.event FROM unnest($3::uuid[]) AS one(id)
         CROSS JOIN LATERAL (SELECT sequence, event FROM microdb_applied_sequences
             WHERE handler = $1 AND generation = $2 AND aggregate = one.id LIMIT 1) AS g"
        .into();
    let ids: Vec<Sql> = aggregates.iter().copied().map(Sql::Uuid).collect();
    let arguments = Arguments::default()
        .text(handler)
        .int(generation)
        .many(Type::Uuid, &ids);
    let rows = statement::rows(connection, &sql, arguments).await?;
    let applied = |row| {
        let applied = AppliedSequence {
            sequence: statement::natural(row, 1)?,
            event: statement::maybe_uuid(row, 2)?,
        };
        Ok((statement::uuid(row, 0)?, applied))
    };
    rows.iter().map(applied).collect()
}

/// Moves offsets forward, or to their places in topics that were made anew.
pub(super) async fn advance_offsets(
    connection: &mut PgConnection,
    offsets: &[OffsetAdvance],
) -> Result<(), ApplyError> {
    for part in parts(offsets, |one| {
        (
            one.handler.clone(),
            one.generation,
            one.topic.clone(),
            one.partition,
        )
    }) {
        let arguments = offsets_of(Arguments::default(), part);
        statement::execute(connection, &unshared(OFFSETS), arguments).await?;
    }
    Ok(())
}

/// The parameters of [`OFFSETS`].
pub(super) fn offsets_of(arguments: Arguments, offsets: &[OffsetAdvance]) -> Arguments {
    let column =
        |value: &dyn Fn(&OffsetAdvance) -> Sql| offsets.iter().map(value).collect::<Vec<_>>();
    let as_of = |one: &OffsetAdvance| {
        one.as_of
            .map_or(Sql::Null, |as_of| Sql::Instant(as_of.as_microseconds()))
    };
    arguments
        .many(Type::Text, &column(&|one| Sql::Text(one.handler.clone())))
        .many(Type::Int, &column(&|one| Sql::Int(one.generation.into())))
        .many(Type::Text, &column(&|one| Sql::Text(one.topic.clone())))
        .many(Type::Int, &column(&|one| Sql::Int(one.partition.into())))
        .many(Type::Text, &column(&|one| Sql::Text(one.topic_id.clone())))
        .many(Type::Int, &column(&|one| Sql::Int(one.next)))
        .many(Type::Instant, &column(&as_of))
}

/// How far a handler has read.
pub(super) async fn offsets(
    connection: &mut PgConnection,
    handler: &str,
    generation: Generation,
) -> Result<Vec<OffsetAdvance>, EngineError> {
    let sql: Arc<str> = "SELECT topic, partition, topic_id, next, as_of FROM microdb_offsets
         WHERE handler = $1 AND generation = $2 ORDER BY topic, partition"
        .into();
    let arguments = Arguments::default().text(handler).int(generation);
    let rows = statement::rows(connection, &sql, arguments).await?;
    let offset = |row| {
        Ok(OffsetAdvance {
            handler: handler.to_owned(),
            generation,
            topic: statement::text(row, 0)?,
            partition: statement::small(row, 1)?,
            topic_id: statement::text(row, 2)?,
            next: statement::int(row, 3)?,
            as_of: statement::maybe_instant(row, 4)?,
        })
    };
    rows.iter().map(offset).collect()
}
