//! Databases on the PostgreSQL that `TEST_POSTGRES_URL` names, copies of one that has been migrated.

use platform_ports::engine::{Driver, Migration};
use platform_ports::test_server::TestServer;
use platform_postgres::{Postgres, migrate};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use super::{at, server, wait};

/// What processes that make a template wait for each other by.
const LOCK: i64 = 7252;

fn kind() -> &'static dyn TestServer {
    Postgres.test_server().expect("it is no file")
}

/// Where the database of this name is.
pub fn url(name: &str) -> String {
    at(kind(), name).secret().to_owned()
}

/// Makes a database with these tables.
pub fn make(name: &str, tables: &'static [Migration]) {
    wait(async {
        let administrator = server(kind().variable());
        let connection = PgConnection::connect(&administrator).await;
        let mut connection = connection.expect("the server");
        let template = template(&mut connection, tables).await;
        let make = format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"");
        run(&mut connection, make).await;
        connection.close().await.expect("the end");
    });
}

/// Removes a database, whoever is connected to it.
pub fn remove(name: &str) {
    super::remove(kind(), name);
}

/// The database that others are copies of; it stays for the next tests.
async fn template(connection: &mut PgConnection, tables: &'static [Migration]) -> String {
    let runtime =
        include_str!("../../../../../templates/platform/postgres/src/migrations/0001_runtime.sql");
    let texts: String = tables.iter().map(|table| table.text).collect();
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, (texts + runtime).as_bytes());
    let name = format!("test-template-{}", hash.simple());
    run(connection, format!("SELECT pg_advisory_lock({LOCK})")).await;
    let known = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut *connection)
        .await
        .expect("an answer");
    if known.is_none() {
        // Under another name until it is whole.
        let making = format!("{name}-making");
        let drop = format!("DROP DATABASE IF EXISTS \"{making}\" WITH (FORCE)");
        run(connection, drop).await;
        run(connection, format!("CREATE DATABASE \"{making}\"")).await;
        migrate(&url(&making), tables).await.expect("migrated");
        let rename = format!("ALTER DATABASE \"{making}\" RENAME TO \"{name}\"");
        run(connection, rename).await;
    }
    run(connection, format!("SELECT pg_advisory_unlock({LOCK})")).await;
    name
}

async fn run(connection: &mut PgConnection, statement: String) {
    let done = connection.execute(AssertSqlSafe(statement.clone())).await;
    done.unwrap_or_else(|error| panic!("{statement}: {error}"));
}
