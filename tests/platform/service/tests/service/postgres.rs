//! A service over PostgreSQL with a standby: whoever changed something sees it, whatever the standby
//! has replayed.

use std::time::{Duration, Instant};

use axum::http::Method;
use platform_ports::engine::Database;
use platform_ports::location::Location;
use platform_service::Running;
use platform_service::config::Config;
use platform_testing::http::{Answer, Client};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tempfile::TempDir;

use crate::domain;
use platform_support::servers::server;
use platform_support::standby::{Paused, standby};

/// The URL of another database of the same server.
fn url_of(administrator: &str, database: &str) -> String {
    let (server, _) = administrator.rsplit_once('/').expect("a database");
    format!("{server}/{database}")
}

async fn ask(url: &str, statement: &str) -> Option<String> {
    let mut session = PgConnection::connect(url).await.expect("the server");
    let row = session.fetch_optional(AssertSqlSafe(statement.to_owned()));
    let row = row
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
    let answer = row.and_then(|row| row.try_get(0).ok());
    session.close().await.expect("the end of the session");
    answer
}

/// A service with a standby that can be held up.
struct Site {
    administrator: String,
    standby: String,
    database: String,
    client: Client,
    running: Running,
    _folder: TempDir,
}

impl Site {
    async fn start() -> Option<Self> {
        let administrator = server("TEST_POSTGRES_URL")?;
        let standby = standby()?;
        let database = format!("microdb_site_{}", std::process::id());
        ask(&administrator, &format!("CREATE DATABASE {database}")).await;
        let folder = TempDir::new().expect("a folder");
        let at = |url: &str| -> Location { url_of(url, &database).parse().expect("a location") };
        let config = Config {
            database: at(&administrator),
            replicas: vec![at(&standby)],
            ..domain::config(folder.path())
        };
        let service = domain::service_on(
            Database::new(&platform_postgres::Postgres, domain::TABLES.postgres).read_replicas(1),
        );
        let running = service.start(&config).await;
        let running = running.unwrap_or_else(|failure| panic!("{failure}"));
        Some(Self {
            administrator,
            standby,
            database,
            client: Client::new(running.url()),
            running,
            _folder: folder,
        })
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.client.post(path, &body).await.expect("an answer")
    }

    /// The holder that is shown to who sends this header.
    async fn holder(&self, path: &str, header: Option<(&str, &str)>) -> String {
        let headers: Vec<_> = header.into_iter().collect();
        let answer = self.client.send(Method::GET, path, &headers, "").await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        let one = json["items"].get(0).unwrap_or(&json);
        one["holder"].as_str().expect("a holder").to_owned()
    }

    async fn rename(&self, path: &str, holder: &str) -> Answer {
        let path = format!("{path}/rename");
        let answer = self.post(&path, json!({ "holder": holder })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    }

    async fn end(self) {
        self.running.shutdown().await;
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.database);
        ask(&self.administrator, &drop).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_something_sees_it() {
    let Some(site) = Site::start().await else {
        return;
    };
    let made = site.post("/accounts", json!({ "holder": "Ada", "number": 1 }));
    let made = made.await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("location").expect("a location").to_owned();
    let paths = [
        &path,
        "/accounts",
        "/accounts/by-number?number=1",
        "/accounts/numbered",
    ];
    // At once, wherever it is answered from.
    for path in paths {
        let position = made.header("x-position").expect("a position");
        assert_eq!(
            site.holder(path, Some(("x-position", position))).await,
            "Ada"
        );
    }
    let (changed, paused) = renamed_unseen(&site, &path).await;
    let position = changed.header("x-position").expect("a position").to_owned();
    let cookie = changed.header("set-cookie").expect("a cookie").to_owned();
    let (pair, attributes) = cookie.split_once(';').expect("attributes");
    assert_eq!(pair, format!("example-bank-position={position}"));
    assert_eq!(attributes, " Path=/; Max-Age=30; HttpOnly; SameSite=Lax");
    for path in paths {
        let own = site.holder(path, Some(("x-position", &position))).await;
        assert_eq!(own, "Grace", "{path}");
        let own = site.holder(path, Some(("cookie", pair))).await;
        assert_eq!(own, "Grace", "{path}");
        assert_eq!(site.holder(path, None).await, "Ada", "{path}");
        let garbage = Some(("cookie", "example-bank-position=?"));
        assert_eq!(site.holder(path, garbage).await, "Ada", "{path}");
    }
    let garbage = [("x-position", "0/16B3748")];
    let refused = site.client.send(Method::GET, &path, &garbage, "").await;
    let refused = refused.expect("an answer");
    assert_eq!(
        (refused.status, refused.json()["title"].clone()),
        (400, json!("bad header"))
    );
    // A refusal has seen the database, too, and a read tells nothing.
    let refused = site.post("/accounts", json!({ "holder": "Ada", "number": 1 }));
    assert!(refused.await.header("x-position").is_some());
    let read = site.client.get(&path).await.expect("an answer");
    assert_eq!(read.header("x-position"), None);
    paused.end().await;
    let end = Instant::now() + Duration::from_secs(20);
    while site.holder(&path, None).await != "Grace" {
        assert!(Instant::now() < end, "the standby is never as far");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    site.end().await;
}

/// Renames an account which the standby answers for, and does not learn of it.
async fn renamed_unseen(site: &Site, path: &str) -> (Answer, Paused) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let paused = Paused::new(&site.standby).await;
        let before = site.holder(path, None).await;
        let changed = site.rename(path, "Grace").await;
        if site.holder(path, None).await == before {
            return (changed, paused);
        }
        // It was not asked yet.
        paused.end().await;
        site.rename(path, "Ada").await;
        assert!(Instant::now() < end, "the standby is never asked");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
