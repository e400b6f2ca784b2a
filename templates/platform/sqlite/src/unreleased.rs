//! Databases of workspaces that were never released, which follow the description: what they were made for,
//! how they are amended, and begun anew.

use std::path::Path;

use platform_ports::engine::history::Applied;
use platform_ports::engine::{Amendment, OpenError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior, params};

use super::connect;
use super::migrate::{applied, has_history, unusable};

/// What the database at `path` has had; nothing where no file is.
pub(super) fn history(path: &Path) -> Result<Applied, OpenError> {
    // Opening it would make it.
    if !path.exists() {
        return Ok(Applied::new());
    }
    let connection = connect::prepare(path)?;
    match has_history(&connection).map_err(unusable)? {
        true => applied(&connection).map_err(unusable),
        false => Ok(Applied::new()),
    }
}

/// Amends the database at `path`, as a whole or not at all.
pub(super) fn amend(path: &Path, amendment: &Amendment) -> Result<(), OpenError> {
    let mut connection = connect::prepare(path)?;
    in_transaction(&mut connection, amendment).map_err(unusable)
}

fn in_transaction(connection: &mut Connection, amendment: &Amendment) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for index in &amendment.removed {
        let index = index.replace('"', "\"\"");
        transaction.execute_batch(&format!("DROP INDEX IF EXISTS \"{index}\""))?;
    }
    for statement in amendment.statements() {
        transaction.execute_batch(&statement)?;
    }
    for (name, hash) in &amendment.recorded {
        transaction.execute(
            "INSERT INTO microdb_migrations (name, hash, applied_at)
             VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ'))
             ON CONFLICT (name) DO UPDATE SET hash = excluded.hash",
            params![name, hash],
        )?;
    }
    for name in &amendment.forgotten {
        transaction.execute("DELETE FROM microdb_migrations WHERE name = ?1", [name])?;
    }
    transaction.commit()
}

/// Empties the database at `path`: others that have it open see an empty one from then on.
pub(super) fn reset(path: &Path) -> Result<(), OpenError> {
    let connection = connect::prepare(path)?;
    let set = |on| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, on);
    // As SQLite says that it is done: the flag takes effect in the statement.
    let emptied = set(true).and_then(|_| connection.execute_batch("VACUUM"));
    let unset = set(false);
    emptied.and(unset.map(drop)).map_err(unusable)
}
