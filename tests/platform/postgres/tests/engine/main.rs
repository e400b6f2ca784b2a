//! Databases of their own on the server of the tests, with the tables of the conformance tests.
#![allow(missing_docs)]

mod conforms;
mod constraints;
mod interrupted;
mod migrations;
mod plans;
mod proxy;
mod races;
mod replicas;
mod shards;
mod speed;
mod unreleased;

use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use platform_ports::engine::{Migration, Options};
use platform_postgres::{PostgresEngine, migrate};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::OnceCell;

use platform_support::servers::server;

/// The tables of the conformance tests' schemas.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_initial",
    text: include_str!("fixture.sql"),
}];

/// The administrator's URL, when there is a server.
pub fn administrator() -> Option<String> {
    server("TEST_POSTGRES_URL")
}

/// The same with another database.
fn url_of(administrator: &str, name: &str) -> String {
    let options = PgConnectOptions::from_str(administrator).expect("a URL of PostgreSQL");
    options.database(name).to_url_lossy().to_string()
}

/// The same of another database as another login.
fn url_as(administrator: &str, name: &str, login: &str, password: &str) -> String {
    let options = PgConnectOptions::from_str(administrator).expect("a URL of PostgreSQL");
    let options = options.database(name).username(login).password(password);
    options.to_url_lossy().to_string()
}

/// Runs statements one by one.
pub async fn run(url: &str, statements: &[String]) {
    let mut connection = PgConnection::connect(url).await.expect("the server");
    for statement in statements {
        let done = connection.execute(AssertSqlSafe(statement.clone())).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    connection.close().await.expect("the end of the connection");
}

/// A database, which goes when this is dropped.
pub struct Database {
    administrator: String,
    name: String,
}

impl Database {
    /// A migrated database, a copy of one that is kept for the next tests.
    pub async fn new(administrator: &str) -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(async || template(administrator).await);
        Self::made(administrator, template.await).await
    }

    /// A database with nothing in it.
    pub async fn empty(administrator: &str) -> Self {
        Self::made(administrator, "template0").await
    }

    async fn made(administrator: &str, template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("microdb_test_{}_{number}", std::process::id());
        let statements = [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'"),
        ];
        run(administrator, &statements).await;
        Self {
            administrator: administrator.to_owned(),
            name,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL.
    pub fn url(&self) -> String {
        url_of(&self.administrator, &self.name)
    }

    /// An engine over it.
    pub async fn open(&self) -> PostgresEngine {
        self.open_with(Options::default()).await
    }

    /// The same with other options.
    pub async fn open_with(&self, options: Options) -> PostgresEngine {
        let engine = PostgresEngine::open(&self.url(), MIGRATIONS, options).await;
        engine.expect("the database is to be opened")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let administrator = self.administrator.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                if let Ok(mut connection) = PgConnection::connect(&administrator).await {
                    let _ = connection.execute(AssertSqlSafe(drop)).await;
                }
            });
        });
        let _ = thread.join();
    }
}

/// The database that others are copies of; made once for these very migrations.
async fn template(administrator: &str) -> String {
    let text: String = MIGRATIONS.iter().map(|one| one.text).collect();
    let runtime =
        include_str!("../../../../../templates/platform/postgres/src/migrations/0001_runtime.sql");
    let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, (text + runtime).as_bytes());
    let name = format!("microdb_template_{}", hash.simple());
    let mut connection = PgConnection::connect(administrator)
        .await
        .expect("the server");
    let lock = "SELECT pg_advisory_lock(7251)";
    connection.execute(lock).await.expect("the lock");
    let known = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1")
        .bind(&name)
        .fetch_optional(&mut connection)
        .await
        .expect("an answer");
    if known.is_none() {
        let making = format!("{name}_new");
        for statement in [
            format!("DROP DATABASE IF EXISTS {making} WITH (FORCE)"),
            format!("CREATE DATABASE {making} TEMPLATE template0 ENCODING 'UTF8'"),
        ] {
            let done = connection.execute(AssertSqlSafe(statement)).await;
            done.expect("the database is to be made");
        }
        let url = url_of(administrator, &making);
        migrate(&url, MIGRATIONS)
            .await
            .expect("the migrations are to be applied");
        let rename = format!("ALTER DATABASE {making} RENAME TO {name}");
        let done = connection.execute(AssertSqlSafe(rename)).await;
        done.expect("the database is to be named");
    }
    connection.close().await.expect("the end of the connection");
    name
}
