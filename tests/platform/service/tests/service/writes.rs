//! A database that takes no writes: it answers questions all the same, and is of no use. That of a file
//! is with the processes.

use std::time::Duration;

use platform_ports::engine::Database;
use platform_ports::location::Location;
use platform_service::config::Config;
use platform_testing::http::Client;
use serde_json::json;
use tempfile::TempDir;

use crate::domain;
use platform_support::servers::server;

/// A service with a database on a server, which is made read-only and mended meanwhile.
async fn is_not_ready(database: Database, at: Location, writable: impl AsyncFn(bool), says: &str) {
    let folder = TempDir::new().expect("a folder");
    let config = Config {
        database: at,
        ..domain::config(folder.path())
    };
    let running = domain::service_on(database).start(&config).await;
    let running = running.unwrap_or_else(|failure| panic!("{failure}"));
    let client = Client::new(running.url());
    let made = client
        .post("/accounts", &json!({ "holder": "Ada", "number": 1 }))
        .await;
    assert_eq!(made.expect("an answer").status, 201);
    until(&client, 200, "ready").await;
    writable(false).await;
    until(&client, 503, says).await;
    writable(true).await;
    until(&client, 200, "ready").await;
    running.shutdown().await;
}

/// Waits until it answers so, and says this.
async fn until(client: &Client, status: u16, says: &str) {
    loop {
        let answer = client.get("/health/ready").await.expect("an answer");
        if answer.status == status && answer.text().contains(says) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_read_only_is_not_ready() {
    use platform_support::place::postgres::{make, remove, url};
    use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

    let Some(administrator) = server("TEST_POSTGRES_URL") else {
        return;
    };
    let name = format!("test-writes-{}", std::process::id());
    make(&name, domain::TABLES.postgres);
    // Sessions that are there keep what they began with, as they do when a server is changed over.
    let set = async |writable: bool| {
        let mut session = PgConnection::connect(&administrator)
            .await
            .expect("a session");
        for statement in [
            format!(
                "ALTER DATABASE \"{name}\" SET default_transaction_read_only = {}",
                !writable
            ),
            format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            ),
        ] {
            let done = session.execute(AssertSqlSafe(statement)).await;
            done.expect("done");
        }
    };
    let at = url(&name).parse().expect("a location");
    let database = Database::new(&platform_postgres::Postgres, domain::TABLES.postgres);
    is_not_ready(database, at, set, "it takes no writes").await;
    remove(&name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_takes_no_writes_is_not_ready() {
    use platform_ports::engine::Driver;
    use platform_support::place::remove;

    let Some(administrator) = server("TEST_REDIS_URL") else {
        return;
    };
    let name = format!("test-writes-{}", std::process::id());
    let acl = async |what: &[&str]| {
        let client = redis::Client::open(administrator.as_str()).expect("a client");
        let mut connection = client
            .get_multiplexed_async_connection()
            .await
            .expect("there");
        let mut command = redis::cmd("ACL");
        let done = command.arg(what).exec_async(&mut connection).await;
        done.expect("done");
    };
    acl(&["SETUSER", &name, "on", ">secret", "~*", "&*", "+@all"]).await;
    let writable = async |writable: bool| {
        let change = if writable { "+@write" } else { "-@write" };
        acl(&["SETUSER", &name, change]).await;
    };
    let (_, host) = administrator.split_once("//").expect("a URL");
    let host = host.trim_end_matches('/');
    let at = format!("redis://{name}:secret@{host}/?prefix={name}");
    let at = at.parse().expect("a location");
    let database = Database::new(&platform_redis::Redis, domain::TABLES.redis);
    is_not_ready(database, at, writable, "it takes no writes").await;
    acl(&["DELUSER", &name]).await;
    let kind = platform_redis::Redis.test_server();
    remove(kind.expect("it is no file"), &name);
}
