//! Databases of one's own on the PostgreSQL that the environment names for tests.

use async_trait::async_trait;
use platform_ports::location::Location;
use platform_ports::test_server::{TestServer, TestServerError};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The PostgreSQL that tests use.
#[derive(Debug)]
pub(crate) struct TestPostgres;

#[async_trait]
impl TestServer for TestPostgres {
    fn variable(&self) -> &'static str {
        "TEST_POSTGRES_URL"
    }

    fn location(&self, server: &str, name: &str) -> Result<Location, TestServerError> {
        let (head, query) = server.split_once('?').unwrap_or((server, ""));
        let scheme_ends = head.find("://").map_or(0, |at| at + 3);
        let server_ends = head[scheme_ends..].find('/');
        let server = &head[..server_ends.map_or(head.len(), |at| scheme_ends + at)];
        let at = format!("{server}/{name}?{query}");
        let at = at.trim_end_matches('?').parse();
        at.map_err(|_| "TEST_POSTGRES_URL is no URL".into())
    }

    async fn make(&self, server: &str, at: &Location) -> Result<(), TestServerError> {
        ask(server, format!("CREATE DATABASE \"{}\"", name(at))).await
    }

    async fn remove(&self, server: &str, at: &Location) -> Result<(), TestServerError> {
        let drop = format!("DROP DATABASE \"{}\" WITH (FORCE)", name(at));
        ask(server, drop).await
    }
}

/// The database that a location names.
fn name(at: &Location) -> &str {
    let path = at.secret().split('?').next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

async fn ask(server: &str, statement: String) -> Result<(), TestServerError> {
    let mut connection = PgConnection::connect(server).await?;
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement.execute(&mut connection).await?;
    Ok(connection.close().await?)
}
