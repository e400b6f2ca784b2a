//! Opens files so that what is committed to them stays.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::statements::count;

/// How long a statement waits for SQLite's own lock.
const BUSY: Duration = Duration::from_secs(5);

const DURABLE: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA journal_size_limit = 67108864;";

/// A connection of which everything committed survives a crash of program, system or power, given that
/// its [`journal_mode`] is `wal`. It keeps so many prepared statements, and has these further pragmas.
///
/// # Errors
/// When the file cannot be used.
pub fn open(path: &Path, statements: usize, pragmas: &str) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(statements);
    connection.execute_batch(DURABLE)?;
    connection.execute_batch(pragmas)?;
    count(&mut connection)?;
    Ok(connection)
}

/// Keeps everybody else from writing into the file for as long as this connection is there; it waits so
/// long for whoever writes now. For tests, in which a database does not answer.
///
/// # Errors
/// When the file cannot be used, or others write on.
pub fn lock_writers(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(patience)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    Ok(connection)
}

/// What kind of journal the file has: SQLite does not say so by itself when its file system has no
/// shared memory for a write-ahead log.
///
/// # Errors
/// When the file cannot be read.
pub fn journal_mode(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))
}
