//! One standby of the server: how far it has got, and whether it can be asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platform_ports::engine::{ConsistencyToken, EngineError};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::pool::{Pool, PooledConnection};
use super::statement;
use super::value::Arguments;

/// How long a standby has to answer before another, or the server itself, is asked instead.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// A standby.
pub(super) struct Standby {
    name: String,
    pool: Pool,
    /// What it has replayed at least, as long as its sessions last.
    replayed: AtomicU64,
    state: Mutex<StandbyState>,
}

/// Whether a standby can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StandbyState {
    /// It has not been checked yet.
    Unknown,
    /// It can.
    Ready,
    /// It cannot, which was logged.
    Unavailable,
}

/// What a standby says of itself.
struct StandbyStatus {
    is_in_recovery: bool,
    replayed: ConsistencyToken,
    server: String,
}

impl Standby {
    /// With so many connections at most; none is opened yet.
    pub(super) fn new(options: PgConnectOptions, connections: usize) -> Self {
        Self {
            name: format!("{}:{}", options.get_host(), options.get_port()),
            pool: Pool::new(options, connections),
            replayed: AtomicU64::new(0),
            state: Mutex::new(StandbyState::Unknown),
        }
    }

    /// Whether it can be asked, as far as is known.
    pub(super) fn is_ready(&self) -> bool {
        *self.state() == StandbyState::Ready
    }

    /// A connection to it, when it has got as far as `position`.
    ///
    /// What it has replayed is asked before the statement that reads, never in it: a statement sees
    /// what was replayed when it began. It need not be asked where a session that has lasted since
    /// says enough: a standby that was started again may have less than before, and has ended all
    /// of its sessions.
    pub(super) async fn at(
        &self,
        position: ConsistencyToken,
    ) -> Result<Option<PooledConnection<'_>>, EngineError> {
        let mut connection = self.pool.take().await?;
        let known = self.replayed.load(Ordering::Acquire);
        if !connection.is_new() && known >= position.number() {
            return Ok(Some(connection));
        }
        let replayed = replayed(connection.get()?).await;
        match replayed {
            Ok(replayed) => {
                self.replayed.store(replayed.number(), Ordering::Release);
                if replayed >= position {
                    return Ok(Some(connection));
                }
                connection.done(Ok::<_, EngineError>(()))?;
                Ok(None)
            }
            Err(error) => connection.done(Err(error)),
        }
    }

    /// What came of asking it. What it fails at it is not asked again until it was checked.
    pub(super) fn note_outcome<T>(
        &self,
        outcome: Result<Result<Option<T>, EngineError>, Elapsed>,
    ) -> Option<T> {
        match outcome {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                self.mark_unavailable(&error.to_string());
                None
            }
            Err(_) => {
                self.mark_unavailable("it does not answer in time");
                None
            }
        }
    }

    /// Checks whether it can be asked: it stands by for the server of this identity, and has got as
    /// far as `position`.
    pub(super) async fn check(&self, server: &str, position: ConsistencyToken) {
        let asked = async {
            let mut connection = self.pool.take().await?;
            let status = status(connection.get()?).await;
            connection.done(status)
        };
        match timeout(PATIENCE, asked).await {
            Err(_) => self.mark_unavailable("it does not answer in time"),
            Ok(Err(error)) => self.mark_unavailable(&error.to_string()),
            Ok(Ok(status)) if status.server != server => {
                self.mark_unavailable(
                    "it is a copy of another server; correct `DATABASE_REPLICA_URLS`",
                );
            }
            Ok(Ok(status)) if !status.is_in_recovery => {
                self.mark_unavailable("it is no standby; correct `DATABASE_REPLICA_URLS`");
            }
            Ok(Ok(status)) if status.replayed < position => {
                self.mark_unavailable("it is far behind")
            }
            Ok(Ok(_)) => self.mark_ready(),
        }
    }

    fn mark_unavailable(&self, why: &str) {
        self.replayed.store(0, Ordering::Release);
        let before = std::mem::replace(&mut *self.state(), StandbyState::Unavailable);
        if before != StandbyState::Unavailable {
            tracing::warn!(
                replica = self.name,
                why,
                "the read replica cannot be asked; others answer, or the database itself"
            );
        }
    }

    fn mark_ready(&self) {
        let before = std::mem::replace(&mut *self.state(), StandbyState::Ready);
        if before != StandbyState::Ready {
            tracing::info!(replica = self.name, "the read replica answers reads");
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, StandbyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the server is: what was committed before is flushed up to here, and sent no further.
pub(super) async fn flushed(
    connection: &mut PgConnection,
) -> Result<ConsistencyToken, EngineError> {
    position(
        connection,
        "SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint",
    )
    .await
}

async fn replayed(connection: &mut PgConnection) -> Result<ConsistencyToken, EngineError> {
    position(
        connection,
        "SELECT coalesce(pg_last_wal_replay_lsn() - '0/0', 0)::bigint",
    )
    .await
}

async fn position(
    connection: &mut PgConnection,
    sql: &'static str,
) -> Result<ConsistencyToken, EngineError> {
    let rows = statement::rows(connection, &Arc::from(sql), Arguments::default()).await?;
    let row = rows.first().ok_or_else(no_answer)?;
    statement::natural(row, 0).map(ConsistencyToken::new)
}

/// The identity of a server, which its standbys share.
pub(super) async fn system_identifier(
    connection: &mut PgConnection,
) -> Result<String, EngineError> {
    let sql = "SELECT system_identifier::text FROM pg_control_system()";
    let rows = statement::rows(connection, &Arc::from(sql), Arguments::default()).await?;
    statement::text(rows.first().ok_or_else(no_answer)?, 0)
}

async fn status(connection: &mut PgConnection) -> Result<StandbyStatus, EngineError> {
    let sql = "SELECT pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() - '0/0', 0)::bigint,
        system_identifier::text FROM pg_control_system()";
    let rows = statement::rows(connection, &Arc::from(sql), Arguments::default()).await?;
    let row = rows.first().ok_or_else(no_answer)?;
    Ok(StandbyStatus {
        is_in_recovery: statement::truth(row, 0)?,
        replayed: ConsistencyToken::new(statement::natural(row, 1)?),
        server: statement::text(row, 2)?,
    })
}

fn no_answer() -> EngineError {
    EngineError::Corrupt("a question without an answer".to_owned())
}
