//! Applies migrations: the runtime's own first, then the service's.

use std::path::Path;

use platform_contract::value::Timestamp;
use platform_ports::engine::history::{self, Applied, hash_of, mark};
use platform_ports::engine::{DocumentWrite, Documents, Migration, OpenError};
use rusqlite::{Connection, TransactionBehavior, params};

use super::error::ApplyError;
use super::{connect, documents};

/// The tables of the runtime.
pub(super) const RUNTIME: &[Migration] = &[Migration {
    name: "runtime/0001",
    text: include_str!("migrations/0001_runtime.sql"),
}];

const APPLIED: &str = "CREATE TABLE IF NOT EXISTS microdb_migrations (
    name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT";

/// Brings the database at `path` up to date, making the file when it is new; the names of the
/// migrations that were applied. Any number of instances may do so at once.
///
/// Every migration is a transaction of its own. Foreign keys are off while it runs, so that a table
/// can be made anew under its name, and checked before it ends.
///
/// # Errors
/// When the database cannot be used, is newer than the program, or a migration fails.
pub fn migrate(path: &Path, migrations: &[Migration]) -> Result<Vec<String>, OpenError> {
    let mut connection = connect::prepare(path)?;
    connection
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; {APPLIED};"))
        .map_err(unusable)?;
    let applied = applied(&connection).map_err(unusable)?;
    history::check(&applied, RUNTIME.iter().chain(migrations))?;
    let mut names = Vec::new();
    for migration in RUNTIME.iter().chain(migrations) {
        if apply(&mut connection, migration)? {
            names.push(migration.name.to_owned());
        }
    }
    Ok(names)
}

/// Refuses a database that lacks a migration.
pub(super) fn check_complete(
    connection: &Connection,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let applied = match has_history(connection).map_err(unusable)? {
        true => applied(connection).map_err(unusable)?,
        false => Applied::new(),
    };
    history::check_complete(&applied, RUNTIME.iter().chain(migrations))
}

/// Whether it has had any migration.
pub(super) fn has_history(connection: &Connection) -> rusqlite::Result<bool> {
    connection.table_exists(None::<&str>, "microdb_migrations")
}

pub(super) fn applied(connection: &Connection) -> rusqlite::Result<Applied> {
    let mut all = connection.prepare("SELECT name, hash FROM microdb_migrations")?;
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// Applies one migration, unless it was; whether it did.
fn apply(connection: &mut Connection, migration: &Migration) -> Result<bool, OpenError> {
    let failed = |why: String| OpenError::Failed {
        name: migration.name.to_owned(),
        why,
    };
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(unusable)?;
    // Asked inside: another instance may have been faster.
    let applied = applied(&transaction).map_err(unusable)?;
    if applied.contains_key(migration.name) {
        return Ok(false);
    }
    transaction
        .execute_batch(migration.text)
        .map_err(|error| failed(error.to_string()))?;
    if transaction.is_autocommit() {
        return Err(failed("it ends the transaction it runs in".to_owned()));
    }
    let dangling = transaction
        .prepare("PRAGMA foreign_key_check")
        .and_then(|mut check| check.exists([]))
        .map_err(|error| failed(error.to_string()))?;
    if dangling {
        return Err(failed(
            "rows would reference what does not exist".to_owned(),
        ));
    }
    if migration.name == RUNTIME[0].name {
        mark_as_new(&transaction).map_err(|error| failed(error.to_string()))?;
    }
    transaction
        .execute(
            "INSERT INTO microdb_migrations (name, hash, applied_at) VALUES (?1, ?2, ?3)",
            params![
                migration.name,
                hash_of(migration),
                Timestamp::now().to_string()
            ],
        )
        .and_then(|_| transaction.commit())
        .map_err(|error| failed(error.to_string()))?;
    Ok(true)
}

fn mark_as_new(connection: &Connection) -> Result<(), ApplyError> {
    let mark = DocumentWrite::Put {
        collection: Documents::Projections,
        expected: 0,
        document: mark(),
    };
    documents::write(connection, &mark)
}

pub(super) fn unusable(error: rusqlite::Error) -> OpenError {
    OpenError::Unusable(error.to_string())
}
