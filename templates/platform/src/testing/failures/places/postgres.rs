//! Databases of one's own on PostgreSQL, copies of one that has been migrated.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use super::{name, server};
use crate::engine::Database;
use crate::location::Location;
use crate::testing::failures::Step;

const VARIABLE: &str = "TEST_POSTGRES_URL";

/// What processes that make a template wait for each other by.
const LOCK: i64 = 7_253;

/// The runtime's own tables, which are in a template as well.
const RUNTIME: &str = include_str!("../../../engine/postgres/migrations/0001_runtime.sql");

/// A new database with the tables of this one.
pub(super) async fn make(database: &Database) -> Step<Option<Location>> {
    let Some(url) = server(VARIABLE)? else {
        return Ok(None);
    };
    let mut connection = PgConnection::connect(&url).await?;
    let template = template(&url, &mut connection, database).await?;
    let name = name();
    let make = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
    ask(&mut connection, make).await?;
    connection.close().await?;
    Ok(Some(location(&url, &name)?))
}

/// Drops a database, whoever is still connected to it.
pub(super) async fn remove(at: &Location) -> Step {
    let Some(url) = server(VARIABLE)? else {
        return Ok(());
    };
    let path = at.secret().split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut connection = PgConnection::connect(&url).await?;
    ask(
        &mut connection,
        format!("DROP DATABASE \"{name}\" WITH (FORCE)"),
    )
    .await?;
    Ok(connection.close().await?)
}

/// The database that others are copies of: migrated once, and kept for the next tests, by a name that
/// says what is in it.
async fn template(url: &str, connection: &mut PgConnection, database: &Database) -> Step<String> {
    let texts: String = database.migrations().iter().map(|one| one.text).collect();
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, (texts + RUNTIME).as_bytes());
    let name = format!("failures-template-{}", hash.simple());
    ask(connection, format!("SELECT pg_advisory_lock({LOCK})")).await?;
    let known = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut *connection)
        .await?;
    if known.is_none() {
        // Under another name until it is whole.
        let making = format!("{name}-making");
        let drop = format!("DROP DATABASE IF EXISTS \"{making}\" WITH (FORCE)");
        ask(connection, drop).await?;
        ask(connection, format!("CREATE DATABASE \"{making}\"")).await?;
        database.migrate(&location(url, &making)?).await?;
        let rename = format!("ALTER DATABASE \"{making}\" RENAME TO \"{name}\"");
        ask(connection, rename).await?;
    }
    ask(connection, format!("SELECT pg_advisory_unlock({LOCK})")).await?;
    Ok(name)
}

/// Where a database of the server is.
fn location(url: &str, name: &str) -> Step<Location> {
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let scheme_ends = head.find("://").map_or(0, |at| at + 3);
    let server_ends = head[scheme_ends..].find('/');
    let server = &head[..server_ends.map_or(head.len(), |at| scheme_ends + at)];
    let at = format!("{server}/{name}?{query}");
    let at = at.trim_end_matches('?').parse();
    Ok(at.map_err(|_| "TEST_POSTGRES_URL is no URL")?)
}

async fn ask(connection: &mut PgConnection, statement: String) -> Step {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement.execute(connection).await?;
    Ok(())
}
