//! Databases of one's own on PostgreSQL.

use sqlx::{Connection, PgConnection};

use super::{name, server};
use crate::location::Location;
use crate::testing::failures::Step;

const VARIABLE: &str = "TEST_POSTGRES_URL";

/// A new database.
pub(super) async fn make() -> Step<Option<Location>> {
    let Some(url) = server(VARIABLE)? else {
        return Ok(None);
    };
    let name = name();
    ask(&url, format!("CREATE DATABASE \"{name}\"")).await?;
    let (head, query) = url.split_once('?').unwrap_or((&url, ""));
    let scheme_ends = head.find("://").map_or(0, |at| at + 3);
    let server_ends = head[scheme_ends..].find('/');
    let server = &head[..server_ends.map_or(head.len(), |at| scheme_ends + at)];
    let at = format!("{server}/{name}?{query}");
    Ok(Some(
        at.trim_end_matches('?')
            .parse()
            .map_err(|_| "TEST_POSTGRES_URL is no URL")?,
    ))
}

/// Drops a database, whoever is still connected to it.
pub(super) async fn remove(at: &Location) -> Step {
    let Some(url) = server(VARIABLE)? else {
        return Ok(());
    };
    let path = at.secret().split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    ask(&url, format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await
}

async fn ask(url: &str, statement: String) -> Step {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    Ok(connection.close().await?)
}
