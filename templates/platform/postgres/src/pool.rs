//! Connections that are kept open. One that failed, or was left in the middle of something, is
//! closed, and the server rolls back what it had begun; nothing is sent to find out beforehand, so a
//! statement is one exchange with the server.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use platform_ports::engine::{CommitError, EngineError};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::connect::PLANNER_SETTINGS;
use super::error::StatementError;

/// How long to wait for a connection that is free, and for a new one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections to one server, for the statements of this engine.
pub(super) struct Pool {
    options: PgConnectOptions,
    idle: Mutex<Vec<PgConnection>>,
    permits: Semaphore,
}

impl Pool {
    /// So many connections at most; none is opened yet.
    pub(super) fn new(options: PgConnectOptions, most: usize) -> Self {
        Self {
            options: options.options(PLANNER_SETTINGS),
            idle: Mutex::default(),
            permits: Semaphore::new(most.max(1)),
        }
    }

    /// A connection for as long as it is needed.
    ///
    /// # Errors
    /// When none becomes free, or the server does not answer.
    pub(super) async fn take(&self) -> Result<PooledConnection<'_>, EngineError> {
        let permit = timeout(PATIENCE, self.permits.acquire()).await;
        let permit = permit
            .map_err(|_| unavailable("no connection became free"))?
            .map_err(|_| unavailable("it is closed"))?;
        let idle = self.idle().pop();
        let is_new = idle.is_none();
        let connection = match idle {
            Some(connection) => connection,
            None => timeout(PATIENCE, self.options.connect())
                .await
                .map_err(|_| unavailable("the server does not answer"))?
                .map_err(StatementError::from)?,
        };
        Ok(PooledConnection {
            pool: self,
            connection: Some(connection),
            is_new,
            _permit: permit,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use; closed when it is dropped without [`PooledConnection::done`].
pub(super) struct PooledConnection<'a> {
    pool: &'a Pool,
    connection: Option<PgConnection>,
    is_new: bool,
    _permit: SemaphorePermit<'a>,
}

impl PooledConnection<'_> {
    /// Whether it was opened for this use.
    pub(super) const fn is_new(&self) -> bool {
        self.is_new
    }

    /// The connection.
    ///
    /// # Errors
    /// Never while it is in use.
    pub(super) fn get(&mut self) -> Result<&mut PgConnection, EngineError> {
        self.connection
            .as_mut()
            .ok_or_else(|| unavailable("the connection is closed"))
    }

    /// Keeps the connection for the next, unless it failed.
    pub(super) fn done<T, E: PoolError>(mut self, outcome: Result<T, E>) -> Result<T, E> {
        let connection = self.connection.take();
        match &outcome {
            // The others are likely to have lost their server, too.
            Err(error) if error.breaks_connection() => self.pool.idle().clear(),
            _ => self.pool.idle().extend(connection),
        }
        outcome
    }
}

/// An error that may be the connection's.
pub(super) trait PoolError {
    /// Whether it may.
    fn breaks_connection(&self) -> bool;
}

impl PoolError for EngineError {
    fn breaks_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl PoolError for CommitError {
    fn breaks_connection(&self) -> bool {
        matches!(self, Self::Engine(EngineError::Unavailable(_)))
    }
}

fn unavailable(why: &str) -> EngineError {
    EngineError::Unavailable(why.to_owned())
}
