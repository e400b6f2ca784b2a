//! Places of tests' own for the database and the broker of a service: files in a folder, or servers
//! that the environment names. `TEST_DATABASE` chooses the database (`sqlite`, `postgres`, `mongodb`,
//! `redis`) and `TEST_BROKER` the broker (`embedded`, `kafka`); unset, both are files.

pub mod mongodb;
pub mod postgres;
pub mod redis;

use std::path::Path;

use platform_embedded_broker::Embedded;
use platform_kafka::Kafka;
use platform_mongodb::Mongodb;
use platform_ports::broker;
use platform_ports::engine::{Database, Migration};
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
        let name = name(self.path());
        match chosen_database().as_str() {
            "postgres" => postgres::remove(&name),
            "mongodb" => mongodb::remove(&name),
            "redis" => redis::remove(&name),
            _ => {}
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
    let database = match chosen_database().as_str() {
        "sqlite" => None,
        "postgres" => Some(postgres::url(&name(folder))),
        "mongodb" => Some(mongodb::url(&name(folder))),
        "redis" => Some(redis::url(&name(folder))),
        other => panic!("TEST_DATABASE is `{other}`, which this program has not"),
    };
    let broker = (!broker_is_a_file()).then(|| {
        let brokers = server("TEST_KAFKA_BROKERS");
        format!("kafka://{brokers}/?prefix={}.", name(folder))
    });
    let database = database.map(|url: String| ("DATABASE_URL", url));
    let broker = broker.map(|url: String| ("BROKER_URL", url));
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
