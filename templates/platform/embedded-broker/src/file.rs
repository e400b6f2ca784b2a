//! The file: its tables, and the connections to it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use platform_sqlite_file::{FairLock, FileError, Readers, journal_mode};
use rusqlite::{Connection, TransactionBehavior};

use super::error::Error;

/// The version of the tables, kept in the file's `user_version`.
const VERSION: i64 = 1;

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 64;

/// How many reads go on at the same time.
const READERS: usize = 4;

/// Makes the tables when the file is new.
///
/// # Errors
/// When the file cannot be used, or belongs to a newer program.
pub fn prepare(path: &Path, lock: &FairLock) -> Result<(), Error> {
    let _guard = lock.take().map_err(Error::unavailable)?;
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
            return Err(Error::unusable(format!(
                "{} is of version {other}, this program knows {VERSION}",
                path.display()
            )));
        }
    }
    Ok(transaction.commit()?)
}

/// The threads that read, with connections of their own.
///
/// # Errors
/// When the file cannot be used or a thread not started.
pub fn readers(path: &Path) -> Result<Readers<Error>, Error> {
    let path = path.to_owned();
    Readers::start("broker-reader", READERS, move || connect(&path))
}

/// A connection whose commits survive a crash of program, system or power.
///
/// # Errors
/// When the file cannot be used, or its file system has no shared memory for the log.
pub fn connect(path: &Path) -> Result<Connection, Error> {
    let connection = platform_sqlite_file::open(path, STATEMENTS, "")?;
    if journal_mode(&connection)? != "wal" {
        return Err(Error::unusable(format!(
            "{} cannot have a write-ahead log; put it on a local disk",
            path.display()
        )));
    }
    Ok(connection)
}

/// The machine's clock, in milliseconds since 1970-01-01 UTC.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
