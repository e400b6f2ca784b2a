//! Opens connections to the file, and makes sure that what is committed stays.

use std::fs;
use std::path::Path;
use std::time::Duration;

use platform_ports::engine::OpenError;
use platform_sqlite_file::{
    FailureScope, FairLock, FileError, GroupCommit, Readers, Writer, journal_mode,
};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::error::Error;

/// The first version without a known way to lose or damage what a WAL holds.
const LEAST_VERSION: i32 = 3_051_003;

/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 512;

/// What a connection has beside what makes it durable.
const PRAGMAS: &str = "
    PRAGMA foreign_keys = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -16384;";

/// A transaction begins with one write and takes in others only for a while, so that other processes
/// and the first write do not wait long.
const GROUP_COMMIT: GroupCommit = GroupCommit {
    queue_limit: None,
    initial: 1,
    max_writes: 512,
    join_window: Duration::from_millis(20),
    failure_scope: FailureScope::TransactionAndQueue,
};

/// Checks library and path, and makes the file when it is new.
pub(super) fn prepare(path: &Path) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < LEAST_VERSION {
        let found = rusqlite::version();
        let message =
            format!("SQLite {found} is too old; build with the bundled one, 3.51.3 at least");
        return Err(OpenError::NotDurable(message));
    }
    check_path(path)?;
    // Several may be making the same file; SQLite does not wait when two change the journal mode.
    let lock = FairLock::open(path).map_err(|error| unusable(path, &error.to_string()))?;
    let _guard = lock
        .take()
        .map_err(|error| unusable(path, &error.to_string()))?;
    let connection = open(path).map_err(|error| unusable(path, &error.to_string()))?;
    check_durable(&connection).map_err(|error| unusable(path, &error.to_string()))??;
    Ok(connection)
}

/// The thread that writes.
pub(super) fn writer(path: &Path) -> Result<Writer<Error>, Error> {
    let connection = open(path)?;
    let lock = FairLock::open(path).map_err(Error::unavailable)?;
    // Nobody has to be told of a commit but who asked for it.
    Writer::start("sqlite-writer", connection, lock, GROUP_COMMIT, || {})
}

/// So many threads that read.
pub(super) fn readers(path: &Path, threads: usize) -> Result<Readers<Error>, Error> {
    let path = path.to_owned();
    Readers::start("sqlite-reader", threads, move || Ok(open_reader(&path)?))
}

/// A connection of which everything committed survives a crash of program, system or power.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = platform_sqlite_file::open(path, STATEMENTS, PRAGMAS)?;
    // Otherwise SQLite plans some of the kept statements anew each time they get other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// A connection that cannot write.
fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = open(path)?;
    connection.execute_batch("PRAGMA query_only = ON;")?;
    Ok(connection)
}

fn check_path(path: &Path) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(unusable(path, "it is a folder, not a file")),
        Ok(found) if found.permissions().readonly() => {
            return Err(unusable(path, "the file is read-only"));
        }
        _ => {}
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match fs::metadata(folder) {
        Err(error) => Err(unusable(
            path,
            &format!("its folder cannot be used: {error}"),
        )),
        Ok(found) if !found.is_dir() => Err(unusable(path, "its folder is a file")),
        Ok(found) if found.permissions().readonly() => Err(unusable(
            path,
            "its folder is read-only, and SQLite keeps its log beside the file",
        )),
        Ok(_) => Ok(()),
    }
}

fn check_durable(connection: &Connection) -> rusqlite::Result<Result<(), OpenError>> {
    let journal = journal_mode(connection)?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    let foreign_keys: i64 = connection.query_row("PRAGMA foreign_keys", [], |row| row.get(0))?;
    let refused = |what: String| Ok(Err(OpenError::NotDurable(what)));
    if journal != "wal" {
        return refused(format!(
            "its journal mode is `{journal}` where `wal` was asked for; use a local disk, no network folder"
        ));
    }
    if synchronous != 2 {
        return refused(format!(
            "`synchronous` is {synchronous} where 2 (FULL) was asked for"
        ));
    }
    if foreign_keys != 1 {
        return refused("this build of SQLite has no foreign keys".to_owned());
    }
    Ok(Ok(()))
}

fn unusable(path: &Path, why: &str) -> OpenError {
    OpenError::Unusable(format!("{}: {why}", path.display()))
}
