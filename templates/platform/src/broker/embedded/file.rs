//! The file: opening it durably, and what its errors mean.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::broker::BrokerError;
use crate::sqlite_lock::FairLock;
use crate::sqlite_statements;

/// The version of the tables, kept in the file's `user_version`.
const VERSION: i64 = 1;

/// How long a statement waits for SQLite's own lock.
const BUSY: Duration = Duration::from_secs(5);

impl From<rusqlite::Error> for BrokerError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::ApiMisuse
                | ErrorCode::TypeMismatch
                | ErrorCode::ConstraintViolation
                | ErrorCode::Unknown,
            )
            | None => Self::Unusable(error.to_string()),
            // Busy, full disk, I/O, memory: it can pass.
            Some(_) => Self::Unavailable(error.to_string()),
        }
    }
}

/// Makes the tables when the file is new.
///
/// # Errors
/// When the file cannot be used, or belongs to a newer program.
pub fn prepare(path: &Path, lock: &FairLock) -> Result<(), BrokerError> {
    let _turn = lock.take().map_err(unavailable)?;
    let mut connection = connect(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => {
            transaction.execute_batch(include_str!("schema.sql"))?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        VERSION => {}
        other => {
            return Err(BrokerError::Unusable(format!(
                "{} is of version {other}, this program knows {VERSION}",
                path.display()
            )));
        }
    }
    Ok(transaction.commit()?)
}

/// A connection whose commits survive a crash of program, system or power.
///
/// # Errors
/// When the file cannot be used, or its file system has no shared memory for the log.
pub fn connect(path: &Path) -> Result<Connection, BrokerError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    let journal: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if journal != "wal" {
        return Err(BrokerError::Unusable(format!(
            "{} cannot have a write-ahead log; put it on a local disk",
            path.display()
        )));
    }
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    sqlite_statements::count(&mut connection)?;
    Ok(connection)
}

/// An error of the system that can pass.
#[allow(clippy::needless_pass_by_value)]
pub fn unavailable(error: impl ToString) -> BrokerError {
    BrokerError::Unavailable(error.to_string())
}

/// The machine's clock, in milliseconds since 1970-01-01 UTC.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
