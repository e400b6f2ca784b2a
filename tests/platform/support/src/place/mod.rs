//! Places of tests' own for the database and the broker of a service: files in a folder, or servers
//! that the environment names. `TEST_DATABASE` chooses the database (`sqlite`, `postgres`, `mongodb`,
//! `redis`) and `TEST_BROKER` the broker (`embedded`, `kafka`); unset, both are files.

pub mod postgres;

use std::path::Path;
use std::time::Duration;

use platform_embedded_broker::Embedded;
use platform_kafka::Kafka;
use platform_mongodb::Mongodb;
use platform_ports::engine::{Database, Migration};
use platform_ports::location::Location;
use platform_ports::test_server::TestServer;
use platform_ports::{broker, engine};
use platform_postgres::Postgres;
use platform_redis::Redis;
use platform_service::config::{Config, Servers};
use platform_sqlite::Sqlite;
use tempfile::TempDir;

/// What makes the tables of a service, in the languages of the databases.
pub struct Tables {
    pub sqlite: &'static [Migration],
    pub postgres: &'static [Migration],
    pub mongodb: &'static [Migration],
    pub redis: &'static [Migration],
}

/// A service's first and only migration.
pub const fn initial(text: &'static str) -> Migration {
    let name = "0001_initial";
    Migration { name, text }
}

/// How long a removal is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a variable of the environment chooses.
fn chosen(variable: &str, otherwise: &str) -> String {
    let chosen = std::env::var(variable).ok();
    let chosen = chosen.filter(|chosen| !chosen.is_empty());
    chosen.unwrap_or_else(|| otherwise.to_owned())
}

/// The server that a variable of the environment names.
fn server(variable: &str) -> String {
    let named = std::env::var(variable);
    named.unwrap_or_else(|_| panic!("{variable} has to name a server for these tests"))
}

impl Tables {
    /// The database that the environment chooses, with these tables.
    pub fn database(&self) -> Database {
        match chosen_database().as_str() {
            "sqlite" => Database::new(&Sqlite, self.sqlite),
            "postgres" => Database::new(&Postgres, self.postgres),
            "mongodb" => Database::new(&Mongodb, self.mongodb),
            "redis" => Database::new(&Redis, self.redis),
            other => panic!("TEST_DATABASE is `{other}`, which this program has not"),
        }
    }
}

/// The driver of the database that the environment chooses.
fn engine() -> &'static dyn engine::Driver {
    match chosen_database().as_str() {
        "sqlite" => &Sqlite,
        "postgres" => &Postgres,
        "mongodb" => &Mongodb,
        "redis" => &Redis,
        other => panic!("TEST_DATABASE is `{other}`, which this program has not"),
    }
}

/// Where what has this name is on the server that the environment names for its kind.
fn at(kind: &dyn TestServer, name: &str) -> Location {
    let at = kind.location(&server(kind.variable()), name);
    at.expect("the server has a location")
}

/// Removes what has this name on the server of this kind, whoever is connected to it. The server may
/// wait for its disk for that, which the test need not.
pub fn remove(kind: &dyn TestServer, name: &str) {
    wait(async {
        let (server, at) = (server(kind.variable()), at(kind, name));
        // The test has its outcome already, and the server may be gone.
        let _ = tokio::time::timeout(PATIENCE, kind.remove(&server, &at)).await;
    });
}

fn chosen_database() -> String {
    chosen("TEST_DATABASE", "sqlite")
}

/// Whether that database is a file.
pub fn in_a_file() -> bool {
    chosen_database() == "sqlite"
}

/// Whether the broker that the environment chooses is a file.
pub fn broker_is_a_file() -> bool {
    chosen("TEST_BROKER", "embedded") == "embedded"
}

/// The broker that the environment chooses.
pub fn broker() -> &'static dyn broker::Driver {
    match chosen("TEST_BROKER", "embedded").as_str() {
        "embedded" => &Embedded,
        "kafka" => &Kafka,
        other => panic!("TEST_BROKER is `{other}`, which this program has not"),
    }
}

/// A folder, and what belongs to it on servers; all of it goes when this is dropped. Whoever knows
/// the folder finds the rest.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// A new one, with nothing in it that a start would not make, or that does not come about by
    /// being used.
    pub fn new(tables: &Tables) -> Self {
        let folder = TempDir::new().expect("a folder");
        if chosen_database() == "postgres" {
            postgres::make(&name(folder.path()), tables.postgres);
        }
        Self { folder }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(kind) = engine().test_server() {
            remove(kind, &name(self.path()));
        }
    }
}

/// A name that nobody else has: that of the folder.
fn name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    format!("test-{}", name.trim_matches('.'))
}

/// The environment of a service that stands there.
pub fn environment(folder: &Path) -> Vec<(&'static str, String)> {
    let data = ("DATA_DIR", folder.display().to_string());
    let url = |kind: Option<&dyn TestServer>| {
        let at = kind.map(|kind| at(kind, &name(folder)));
        at.map(|at| at.secret().to_owned())
    };
    let database = url(engine().test_server()).map(|url| ("DATABASE_URL", url));
    let broker = url(broker().test_server()).map(|url| ("BROKER_URL", url));
    [Some(data), database, broker]
        .into_iter()
        .flatten()
        .collect()
}

/// The configuration of a service that stands there, on any port.
pub fn config(context: &str, folder: &Path) -> Config {
    let variables = environment(folder);
    let config = Config::from_lookup(context, 0, Servers::default(), &|name| {
        let set = variables.iter().find(|(variable, _)| *variable == name);
        Ok(set.map(|(_, value)| value.clone()))
    });
    config.expect("a configuration")
}

/// Does something that waits where nobody can.
fn wait<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|threads| {
        let thread = threads.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("a runtime").block_on(work)
        });
        thread.join().expect("it is done")
    })
}
