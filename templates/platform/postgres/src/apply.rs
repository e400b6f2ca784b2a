//! Applies write sets inside a transaction.

use std::collections::HashMap;

use platform_ports::engine::{
    Check, CommitError, EngineError, Generation, Save, SaveTo, Stored, WriteSet,
};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::constraints::ConstraintViolation;
use super::error::{StatementError, is_aborted};
use super::locks::{self, Purpose};
use super::outbox::{self, OutboxCapacity};
use super::row_with_events::{self, AttachedDocument};
use super::tables::Tables;
use super::value::{Arguments, Sql, Type};
use super::{bulk, documents, find, progress, rows, save};

/// What keeps a write set from being applied.
#[derive(Debug)]
pub(super) enum ApplyError {
    /// For the reason that the caller is told.
    Commit(CommitError),
    /// A constraint; what it means is found out after the transaction.
    Constraint(Box<ConstraintViolation>),
    /// The server aborted the transaction: a deadlock, or a serialization failure.
    Aborted,
    /// The event log has no partition for this month.
    MissingPartition,
}

impl ApplyError {
    /// Something is not as it was read.
    pub(super) fn conflict() -> Self {
        Self::Commit(CommitError::Conflict)
    }
}

impl From<StatementError> for ApplyError {
    fn from(failed: StatementError) -> Self {
        match failed {
            StatementError::Server(error) if is_aborted(&error) => Self::Aborted,
            failed => Self::Commit(failed.into()),
        }
    }
}

impl From<EngineError> for ApplyError {
    fn from(error: EngineError) -> Self {
        Self::Commit(error.into())
    }
}

/// The versions of rows that are locked, as they are after what was applied so far.
type Locked = HashMap<(&'static str, Generation, Uuid), u64>;

/// Applies all of them in the transaction that the connection is in, whose locks by name are taken.
/// The number is that of the first that cannot be applied.
pub(super) async fn apply(
    connection: &mut PgConnection,
    tables: &Tables,
    capacity: &OutboxCapacity,
    writes: &[WriteSet],
) -> Result<(), (usize, ApplyError)> {
    let locked = lock(connection, tables, writes).await;
    let mut locked = locked.map_err(|error| (0, error))?;
    for (at, write) in writes.iter().enumerate() {
        let applied = one(connection, tables, capacity, &mut locked, write).await;
        applied.map_err(|error| (at, error))?;
    }
    Ok(())
}

async fn lock(
    connection: &mut PgConnection,
    tables: &Tables,
    writes: &[WriteSet],
) -> Result<Locked, ApplyError> {
    let mut locked = Locked::new();
    for rows in locks::rows(writes) {
        let sql = tables.of(rows.schema);
        let statement = match rows.purpose {
            Purpose::Read => &sql.lock_to_read,
            Purpose::Update => &sql.lock_to_update,
            Purpose::Delete => &sql.lock_to_delete,
        };
        let ids: Vec<Sql> = rows.ids.iter().copied().map(Sql::Uuid).collect();
        let arguments = Arguments::default()
            .many(Type::Uuid, &ids)
            .int(rows.generation);
        for (id, version) in rows::versions(connection, statement, arguments).await? {
            locked.insert((rows.schema.table, rows.generation, id), version);
        }
    }
    Ok(locked)
}

async fn one(
    connection: &mut PgConnection,
    tables: &Tables,
    capacity: &OutboxCapacity,
    locked: &mut Locked,
    write: &WriteSet,
) -> Result<(), ApplyError> {
    for one in write.conditions() {
        if !holds(connection, locked, one).await? {
            return Err(ApplyError::conflict());
        }
    }
    save_rows(connection, tables, capacity, locked, write).await?;
    progress::advance_sequences(connection, &write.applied_sequences).await?;
    documents::write(connection, &write.documents).await?;
    progress::advance_offsets(connection, &write.offsets).await
}

/// The changes of rows, and the messages.
async fn save_rows(
    connection: &mut PgConnection,
    tables: &Tables,
    capacity: &OutboxCapacity,
    locked: &mut Locked,
    write: &WriteSet,
) -> Result<(), ApplyError> {
    let events = write.events.len() as u64;
    if let Some(row @ (one, stored)) = single_row(write)
        && capacity.take(events)
    {
        let sql = tables.of(one.schema);
        if row_with_events::apply(
            connection,
            &sql,
            row,
            &write.events,
            &AttachedDocument::None,
        )
        .await?
        {
            remember(locked, one);
            return save::rest(connection, &sql, one, stored, one.expected > 0).await;
        }
    }
    match write.saves.first() {
        Some(first) if write.saves.len() > 1 && bulk::fits(&write.saves) => {
            bulk::apply(connection, &tables.of(first.schema), &write.saves).await?;
        }
        _ => {
            // In the order in which others lock and make them.
            let mut saves: Vec<&Save> = write.saves.iter().collect();
            saves.sort_by_key(|one| (one.schema.table, one.generation, one.id()));
            for one in saves {
                save::save(connection, &tables.of(one.schema), one).await?;
            }
        }
    }
    for one in &write.saves {
        remember(locked, one);
    }
    if events > 0 {
        if !capacity.take(events) {
            outbox::reserve(connection, capacity, events).await?;
        }
        outbox::append(connection, &write.events).await?;
    }
    Ok(())
}

/// The row of a write set of a single one that has messages too, where it is to be there afterwards.
pub(super) fn single_row(write: &WriteSet) -> Option<(&Save, &Stored)> {
    match (write.saves.as_slice(), write.events.is_empty()) {
        ([one], false) => match &one.to {
            SaveTo::Live(stored) => Some((one, stored)),
            SaveTo::Deleted { .. } => None,
        },
        _ => None,
    }
}

fn remember(locked: &mut Locked, save: &Save) {
    let key = (save.schema.table, save.generation, save.id());
    match &save.to {
        SaveTo::Live(stored) => locked.insert(key, stored.version),
        SaveTo::Deleted { .. } => locked.remove(&key),
    };
}

/// Whether a condition holds, and will until the end of the transaction.
async fn holds(
    connection: &mut PgConnection,
    locked: &Locked,
    check: &Check,
) -> Result<bool, ApplyError> {
    Ok(match check {
        Check::Version {
            schema,
            generation,
            id,
            version,
        } => {
            let now = match locked.get(&(schema.table, *generation, *id)) {
                Some(live) => *live,
                None => rows::tombstone(connection, schema, *generation, *id)
                    .await?
                    .unwrap_or(0),
            };
            now == *version
        }
        Check::Answer { find, rows } => find::versions(connection, find).await? == *rows,
        Check::EmptyGroup { collection, group } => {
            documents::is_empty(connection, *collection, group).await?
        }
    })
}
