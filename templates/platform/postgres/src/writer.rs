//! Transactions of write sets, begun again when the server gave one up for another's sake.

use std::sync::Arc;
use std::time::Duration;

use platform_ports::engine::{CommitError, EngineError, WriteSet};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::apply::{Stop, apply, usual};
use super::error::Failed;
use super::outbox::Room;
use super::pool::{Failure, Pool};
use super::statement::script;
use super::tables::Tables;
use super::whole::{self, Beside};
use super::{locks, log, run};

/// How often a transaction is begun before whoever asked is to read again.
const ATTEMPTS: u64 = 5;

/// Applies write sets over a pool of connections.
pub(super) struct Writer {
    /// Its connections.
    pub pool: Pool,
    /// The statements for tables.
    pub tables: Arc<Tables>,
    /// The room in the outbox.
    pub room: Room,
}

/// Why the one of this number cannot be applied.
struct Refused(usize, CommitError);

impl Failure for Refused {
    fn is_of_connection(&self) -> bool {
        self.1.is_of_connection()
    }
}

impl From<EngineError> for Refused {
    fn from(error: EngineError) -> Self {
        Self(0, error.into())
    }
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Self {
        Self(0, failed.into())
    }
}

impl Writer {
    /// Applies all of them as one, or none; the number is that of the first that failed.
    pub(super) async fn write(&self, writes: &[WriteSet]) -> Result<(), (usize, CommitError)> {
        let written = self.attempts(writes).await;
        written.map_err(|Refused(at, error)| (at, error))
    }

    async fn attempts(&self, writes: &[WriteSet]) -> Result<(), Refused> {
        for attempt in 1..=ATTEMPTS {
            let mut connection = self.pool.take().await?;
            let written = self.attempt(connection.get()?, writes).await;
            if connection.done(written)? {
                return Ok(());
            }
            // Not all at the same time again.
            let spread = Uuid::now_v7().as_u64_pair().1 % 8;
            tokio::time::sleep(Duration::from_millis(attempt * 2 + spread)).await;
        }
        Err(Refused(0, CommitError::Conflict))
    }

    /// One transaction; `false`: it is to be begun again.
    async fn attempt(
        &self,
        connection: &mut PgConnection,
        writes: &[WriteSet],
    ) -> Result<bool, Refused> {
        if let [write] = writes
            && self.single(connection, write).await?
        {
            return Ok(true);
        }
        let begun = script(connection, locks::begin(&self.tables, writes)).await;
        let applied = match begun {
            Ok(()) => apply(connection, &self.tables, &self.room, writes).await,
            Err(failed) => Err((0, failed.into())),
        };
        let Err((at, stop)) = applied else {
            script(connection, "COMMIT").await?;
            return Ok(true);
        };
        script(connection, "ROLLBACK").await?;
        self.stopped(connection, at, stop).await
    }

    /// A write set of a row, its messages and at most one document, or of what a handler has made of
    /// messages, which is one statement; whether that was done.
    async fn single(
        &self,
        connection: &mut PgConnection,
        write: &WriteSet,
    ) -> Result<bool, Refused> {
        let written = match write.events.is_empty() {
            true => run::apply(connection, &self.tables, write).await,
            false => self.whole(connection, write).await,
        };
        match written {
            Ok(done) => Ok(done),
            Err(stop) => self.stopped(connection, 0, stop).await,
        }
    }

    /// A row with its messages.
    async fn whole(&self, connection: &mut PgConnection, write: &WriteSet) -> Result<bool, Stop> {
        let (Some(row), Some(beside)) = (usual(write), Beside::of(&write.documents)) else {
            return Ok(false);
        };
        let (save, _) = row;
        let sql = self.tables.of(save.schema);
        // The statement has to begin after it has the lock of the id.
        let guarded = sql.guarded && save.expected == 0;
        if !is_alone(write) || !sql.plain || guarded || !self.room.take(write.events.len() as u64) {
            return Ok(false);
        }
        whole::apply(connection, &sql, row, &write.events, &beside).await
    }

    /// What is to be done after a transaction that came to nothing; `false`: it is to be begun again.
    async fn stopped(
        &self,
        connection: &mut PgConnection,
        at: usize,
        stop: Stop,
    ) -> Result<bool, Refused> {
        match stop {
            Stop::Refused(error) => Err(Refused(at, error)),
            Stop::GivenUp => Ok(false),
            Stop::NoPartition => {
                log::make_partitions(connection).await?;
                Ok(false)
            }
            Stop::Broken(broken) => {
                let sql = self.tables.of(broken.schema());
                Err(Refused(at, broken.explain(connection, &sql).await))
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
