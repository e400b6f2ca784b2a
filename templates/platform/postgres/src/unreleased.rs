//! Databases of workspaces that were never released, which follow the description: what they were made for,
//! how they are amended, and begun anew.

use std::fmt::Write as _;

use platform_ports::engine::history::Applied;
use platform_ports::engine::{Amendment, OpenError};
use sqlx::postgres::PgConnection;

use super::connect;
use super::error::StatementError;
use super::migrate::{self, LOCK, failed_to_ask};
use super::statement::{execute, script};
use super::value::Arguments;

/// Records a name with its hash.
const RECORD: &str = "
    INSERT INTO microdb_migrations (name, hash, applied_at) VALUES ($1, $2, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET hash = excluded.hash";

/// Forgets a name.
const FORGET: &str = "DELETE FROM microdb_migrations WHERE name = $1";

/// Removes what the login has made in its schema, but for what belongs to extensions.
const RESET: &str = include_str!("reset.sql");

/// What the database at `url` has had.
pub(super) async fn history(url: &str) -> Result<Applied, OpenError> {
    let mut connection = connect::prepare(&connect::options(url)?).await?;
    migrate::history(&mut connection).await
}

/// Amends the database at `url`, as a whole or not at all.
pub(super) async fn amend(url: &str, amendment: &Amendment) -> Result<(), OpenError> {
    let mut connection = begin(url).await?;
    let amended = in_transaction(&mut connection, amendment).await;
    amended.map_err(failed_to_ask)
}

async fn in_transaction(
    connection: &mut PgConnection,
    amendment: &Amendment,
) -> Result<(), StatementError> {
    let mut statements = String::new();
    for index in &amendment.removed {
        let index = index.replace('"', "\"\"");
        // Writing to a text cannot fail.
        let _ = writeln!(statements, "DROP INDEX IF EXISTS \"{index}\";");
    }
    statements.extend(amendment.statements());
    script(connection, statements).await?;
    for (name, hash) in &amendment.recorded {
        let arguments = Arguments::default().text(name).text(hash);
        execute(connection, &RECORD.into(), arguments).await?;
    }
    for name in &amendment.forgotten {
        execute(connection, &FORGET.into(), Arguments::default().text(name)).await?;
    }
    script(connection, "COMMIT").await
}

/// Empties the database at `url`, as a whole or not at all.
pub(super) async fn reset(url: &str) -> Result<(), OpenError> {
    let mut connection = begin(url).await?;
    script(&mut connection, RESET)
        .await
        .map_err(failed_to_ask)?;
    script(&mut connection, "COMMIT")
        .await
        .map_err(failed_to_ask)
}

/// A transaction, while nobody migrates.
async fn begin(url: &str) -> Result<PgConnection, OpenError> {
    let options = connect::options(url)?.options([("statement_timeout", "0")]);
    let mut connection = connect::prepare(&options).await?;
    // Held until the connection ends.
    let begin = format!(
        "SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK}); SET lock_timeout = '30s'; BEGIN"
    );
    script(&mut connection, begin)
        .await
        .map_err(failed_to_ask)?;
    Ok(connection)
}
