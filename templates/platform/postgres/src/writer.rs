//! Transactions of write sets, begun again when the server gave one up for another's sake.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use platform_ports::engine::{CommitError, EngineError, WriteSet};
use sqlx::postgres::PgConnection;

use super::apply::{ApplyError, apply, single_row};
use super::error::StatementError;
use super::outbox::OutboxCapacity;
use super::pool::{Pool, PoolError};
use super::row_with_events::{self, AttachedDocument};
use super::statement::script;
use super::tables::Tables;
use super::{event_log, handler_batch, locks};

/// The pauses before a transaction is begun again, as often as that is tried before whoever asked is to
/// read again; with jitter, so that not all begin at the same time.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(3))
    .with_max_delay(Duration::from_millis(8))
    .with_max_times(4)
    .with_jitter();

/// Applies write sets over a pool of connections.
pub(super) struct Writer {
    /// Its connections.
    pub pool: Pool,
    /// The statements for tables.
    pub tables: Arc<Tables>,
    /// The capacity of the outbox.
    pub capacity: OutboxCapacity,
}

/// Why the one of this number cannot be applied.
struct WriteSetError(usize, CommitError);

impl PoolError for WriteSetError {
    fn breaks_connection(&self) -> bool {
        self.1.breaks_connection()
    }
}

impl From<EngineError> for WriteSetError {
    fn from(error: EngineError) -> Self {
        Self(0, error.into())
    }
}

impl From<StatementError> for WriteSetError {
    fn from(failed: StatementError) -> Self {
        Self(0, failed.into())
    }
}

impl Writer {
    /// Applies all of them as one, or none; the number is that of the first that failed.
    pub(super) async fn write(&self, writes: &[WriteSet]) -> Result<(), (usize, CommitError)> {
        let written = self.attempts(writes).await;
        written.map_err(|WriteSetError(at, error)| (at, error))
    }

    async fn attempts(&self, writes: &[WriteSet]) -> Result<(), WriteSetError> {
        let mut pauses = PAUSES.build();
        loop {
            let mut connection = self.pool.take().await?;
            let written = self.attempt(connection.get()?, writes).await;
            if connection.done(written)? {
                return Ok(());
            }
            let pause = pauses
                .next()
                .ok_or(WriteSetError(0, CommitError::Conflict))?;
            tokio::time::sleep(pause).await;
        }
    }

    /// One transaction; `false`: it is to be begun again.
    async fn attempt(
        &self,
        connection: &mut PgConnection,
        writes: &[WriteSet],
    ) -> Result<bool, WriteSetError> {
        if let [write] = writes
            && self.single(connection, write).await?
        {
            return Ok(true);
        }
        let begun = script(connection, locks::begin(&self.tables, writes)).await;
        let applied = match begun {
            Ok(()) => apply(connection, &self.tables, &self.capacity, writes).await,
            Err(failed) => Err((0, failed.into())),
        };
        let Err((at, error)) = applied else {
            script(connection, "COMMIT").await?;
            return Ok(true);
        };
        script(connection, "ROLLBACK").await?;
        self.after_failure(connection, at, error).await
    }

    /// A write set of a row, its messages and at most one document, or of what a handler has made of
    /// messages, which is one statement; whether that was done.
    async fn single(
        &self,
        connection: &mut PgConnection,
        write: &WriteSet,
    ) -> Result<bool, WriteSetError> {
        let written = match write.events.is_empty() {
            true => handler_batch::apply(connection, &self.tables, write).await,
            false => self.row_with_events(connection, write).await,
        };
        match written {
            Ok(done) => Ok(done),
            Err(error) => self.after_failure(connection, 0, error).await,
        }
    }

    /// A row with its messages.
    async fn row_with_events(
        &self,
        connection: &mut PgConnection,
        write: &WriteSet,
    ) -> Result<bool, ApplyError> {
        let (Some(row), Some(attached)) =
            (single_row(write), AttachedDocument::of(&write.documents))
        else {
            return Ok(false);
        };
        let (save, _) = row;
        let sql = self.tables.of(save.schema);
        // The statement has to begin after it has the lock of the id.
        let guarded = sql.guarded && save.expected == 0;
        if !is_alone(write)
            || !sql.plain
            || guarded
            || !self.capacity.take(write.events.len() as u64)
        {
            return Ok(false);
        }
        row_with_events::apply(connection, &sql, row, &write.events, &attached).await
    }

    /// What is to be done after a transaction that came to nothing; `false`: it is to be begun again.
    async fn after_failure(
        &self,
        connection: &mut PgConnection,
        at: usize,
        error: ApplyError,
    ) -> Result<bool, WriteSetError> {
        match error {
            ApplyError::Commit(error) => Err(WriteSetError(at, error)),
            ApplyError::Aborted => Ok(false),
            ApplyError::MissingPartition => {
                event_log::make_partitions(connection).await?;
                Ok(false)
            }
            ApplyError::Constraint(violation) => {
                let sql = self.tables.of(violation.schema());
                Err(WriteSetError(at, violation.explain(connection, &sql).await))
            }
        }
    }
}

/// Whether there is nothing in it but rows, messages and documents.
fn is_alone(write: &WriteSet) -> bool {
    write.conditions().next().is_none()
        && write.applied_sequences.is_empty()
        && write.offsets.is_empty()
}
