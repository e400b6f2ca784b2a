//! Applies migrations: the runtime's own first, then the service's.

use std::sync::Arc;

use platform_ports::engine::history::{self, Applied, hash_of, mark};
use platform_ports::engine::{Documents, EngineError, Migration, OpenError};
use sqlx::postgres::PgConnection;

use super::error::{StatementError, of_server};
use super::statement::{execute, rows, script, text};
use super::value::Arguments;
use super::{connect, documents, event_log};

/// The tables of the runtime.
pub(super) const RUNTIME: &[Migration] = &[Migration {
    name: "runtime/0001",
    text: include_str!("migrations/0001_runtime.sql"),
}];

const APPLIED: &str = "CREATE TABLE IF NOT EXISTS microdb_migrations (
    name TEXT COLLATE \"C\" PRIMARY KEY, hash TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL)";

/// The first line of a migration that cannot run in a transaction, such as one that makes an index
/// `CONCURRENTLY`: it consists of one statement, which has to bear being run again.
const ALONE: &str = "-- no transaction";

/// The lock that one instance has while it migrates.
pub(super) const LOCK: i64 = 0x6d69_6372_6f64_6201;

/// Brings the database at `url` up to date; the names of the migrations that were applied. Any
/// number of instances may do so at once.
///
/// Every migration is a transaction of its own, but for those that begin with the line
/// `-- no transaction`.
///
/// # Errors
/// When the database cannot be reached or used, is newer than the program, or a migration fails.
pub async fn migrate(url: &str, migrations: &[Migration]) -> Result<Vec<String>, OpenError> {
    let options = connect::options(url)?.options([("statement_timeout", "0")]);
    let mut connection = connect::prepare(&options).await?;
    // Held until the connection ends: others wait for all of it.
    let begin = format!(
        "SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK}); SET lock_timeout = '5s'; {APPLIED}"
    );
    script(&mut connection, begin)
        .await
        .map_err(failed_to_ask)?;
    let applied = applied(&mut connection).await?;
    history::check(&applied, RUNTIME.iter().chain(migrations))?;
    let mut names = Vec::new();
    for migration in RUNTIME.iter().chain(migrations) {
        if apply(&mut connection, migration).await? {
            names.push(migration.name.to_owned());
        }
    }
    event_log::make_partitions(&mut connection)
        .await
        .map_err(failed_to_ask)?;
    Ok(names)
}

/// Refuses a database that lacks a migration.
pub(super) async fn check_complete(
    connection: &mut PgConnection,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let applied = history(connection).await?;
    history::check_complete(&applied, RUNTIME.iter().chain(migrations))
}

/// What it has had; nothing where there is no record of that.
pub(super) async fn history(connection: &mut PgConnection) -> Result<Applied, OpenError> {
    let sql: Arc<str> = "SELECT to_regclass('microdb_migrations')::text".into();
    let made = rows(connection, &sql, Arguments::default()).await;
    let made = made.map_err(failed_to_ask)?;
    let made = match made.first() {
        Some(row) => super::statement::maybe_text(row, 0).map_err(failed_to_ask)?,
        None => None,
    };
    match made {
        Some(_) => applied(connection).await,
        None => Ok(Applied::new()),
    }
}

async fn applied(connection: &mut PgConnection) -> Result<Applied, OpenError> {
    let sql: Arc<str> = "SELECT name, hash FROM microdb_migrations".into();
    let found = rows(connection, &sql, Arguments::default()).await;
    let found = found.map_err(failed_to_ask)?;
    let pairs = found.iter().map(|row| {
        let name = text(row, 0).map_err(failed_to_ask)?;
        Ok((name, text(row, 1).map_err(failed_to_ask)?))
    });
    pairs.collect()
}

/// Applies one migration, unless it was; whether it did.
async fn apply(connection: &mut PgConnection, migration: &Migration) -> Result<bool, OpenError> {
    let sql: Arc<str> = "SELECT name FROM microdb_migrations WHERE name = $1".into();
    let known = rows(connection, &sql, Arguments::default().text(migration.name)).await;
    if !known.map_err(failed_to_ask)?.is_empty() {
        return Ok(false);
    }
    let alone = migration.text.trim_start().starts_with(ALONE);
    let done = match alone {
        true => script(connection, migration.text).await,
        false => in_transaction(connection, migration.text).await,
    };
    if let Err(error) = done {
        return Err(failed(migration, &error));
    }
    if !alone && !is_in_transaction(connection).await? {
        return Err(OpenError::Failed {
            name: migration.name.to_owned(),
            why: "it ends the transaction it runs in".to_owned(),
        });
    }
    if migration.name == RUNTIME[0].name {
        mark_as_new(connection).await?;
    }
    record(connection, migration).await?;
    if !alone {
        let committed = script(connection, "COMMIT").await;
        committed.map_err(|error| failed(migration, &error))?;
    }
    Ok(true)
}

async fn in_transaction(connection: &mut PgConnection, text: &str) -> Result<(), StatementError> {
    script(connection, "BEGIN").await?;
    script(connection, "SET LOCAL microdb.migrating = 'yes'").await?;
    script(connection, text).await
}

/// Whether the setting of the transaction is still there.
async fn is_in_transaction(connection: &mut PgConnection) -> Result<bool, OpenError> {
    let sql: Arc<str> = "SELECT coalesce(current_setting('microdb.migrating', true), '')".into();
    let found = rows(connection, &sql, Arguments::default()).await;
    match found.map_err(failed_to_ask)?.first() {
        Some(row) => Ok(text(row, 0).map_err(failed_to_ask)? == "yes"),
        None => Ok(false),
    }
}

async fn record(connection: &mut PgConnection, migration: &Migration) -> Result<(), OpenError> {
    let sql: Arc<str> =
        "INSERT INTO microdb_migrations (name, hash, applied_at) VALUES ($1, $2, clock_timestamp())"
            .into();
    let arguments = Arguments::default()
        .text(migration.name)
        .text(&hash_of(migration));
    execute(connection, &sql, arguments)
        .await
        .map(|_| ())
        .map_err(failed_to_ask)
}

/// A database that has had no migration is new.
async fn mark_as_new(connection: &mut PgConnection) -> Result<(), OpenError> {
    let mark = mark();
    let sql = format!(
        r#"INSERT INTO {} (key, "group", position, version, body) VALUES ($1, $2, 0, 1, $3)"#,
        documents::table(Documents::Projections)
    );
    let arguments = Arguments::default()
        .text(&mark.key)
        .text(&mark.group)
        .text(&mark.body.to_string());
    let written = execute(connection, &sql.into(), arguments).await;
    written.map(|_| ()).map_err(failed_to_ask)
}

fn failed(migration: &Migration, failed: &StatementError) -> OpenError {
    let why = match failed {
        StatementError::Engine(error) => error.to_string(),
        StatementError::Server(error) => match of_server(error) {
            Some(found) => found.message().to_owned(),
            None => error.to_string(),
        },
    };
    OpenError::Failed {
        name: migration.name.to_owned(),
        why,
    }
}

pub(super) fn failed_to_ask(error: impl Into<EngineError>) -> OpenError {
    OpenError::Unusable(error.into().to_string())
}
