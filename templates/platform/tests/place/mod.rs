//! Places of tests' own for the database and the broker of a service: files in a folder, or servers
//! that the environment names. `TEST_DATABASE` chooses the database (`sqlite`, `postgres`, `mongodb`,
//! `redis`) and `TEST_BROKER` the broker (`embedded`, `kafka`); unset, both are files.

// Each test program uses a part of it.
#![allow(dead_code)]

#[cfg(feature = "mongodb")]
pub mod mongodb;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;

use std::path::Path;

use platform::broker::BrokerKind;
use platform::config::{Config, Servers};
use platform::engine::{Database, DatabaseKind, Migration};
use tempfile::TempDir;

/// What makes the tables of a service, in the languages of the databases.
pub struct Tables {
    pub sqlite: &'static [Migration],
    #[cfg(feature = "postgres")]
    pub postgres: &'static [Migration],
    #[cfg(feature = "mongodb")]
    pub mongodb: &'static [Migration],
    #[cfg(feature = "redis")]
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
#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
fn server(variable: &str) -> String {
    let named = std::env::var(variable);
    named.unwrap_or_else(|_| panic!("{variable} has to name a server for these tests"))
}

impl Tables {
    /// The database that the environment chooses, with these tables.
    pub fn database(&self) -> Database {
        match chosen("TEST_DATABASE", "sqlite").as_str() {
            "sqlite" => Database::sqlite(self.sqlite),
            #[cfg(feature = "postgres")]
            "postgres" => Database::postgres(self.postgres),
            #[cfg(feature = "mongodb")]
            "mongodb" => Database::mongodb(self.mongodb),
            #[cfg(feature = "redis")]
            "redis" => Database::redis(self.redis),
            other => panic!("TEST_DATABASE is `{other}`, which this program has not"),
        }
    }
}

/// Whether that database is a file.
pub fn in_a_file() -> bool {
    chosen("TEST_DATABASE", "sqlite") == "sqlite"
}

/// The broker that the environment chooses.
pub fn broker() -> BrokerKind {
    match chosen("TEST_BROKER", "embedded").as_str() {
        "embedded" => BrokerKind::Embedded,
        #[cfg(feature = "kafka")]
        "kafka" => BrokerKind::Kafka,
        other => panic!("TEST_BROKER is `{other}`, which this program has not"),
    }
}

/// A folder, and what belongs to it on servers; all of it goes when this is dropped. Whoever knows
/// the folder finds the rest.
pub struct Place {
    folder: TempDir,
    database: DatabaseKind,
}

impl Place {
    /// A new one, with nothing in it that a start would not make, or that does not come about by
    /// being used.
    pub fn new(tables: &Tables) -> Self {
        let folder = TempDir::new().expect("a folder");
        let database = tables.database().kind();
        match database {
            DatabaseKind::Sqlite => {}
            #[cfg(feature = "postgres")]
            DatabaseKind::Postgres => postgres::make(&name(folder.path()), tables.postgres),
            #[cfg(any(feature = "mongodb", feature = "redis"))]
            _ => {}
        }
        Self { folder, database }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self.database {
            DatabaseKind::Sqlite => {}
            #[cfg(feature = "postgres")]
            DatabaseKind::Postgres => postgres::remove(&name(self.path())),
            #[cfg(feature = "mongodb")]
            DatabaseKind::Mongodb => mongodb::remove(&name(self.path())),
            #[cfg(feature = "redis")]
            DatabaseKind::Redis => redis::remove(&name(self.path())),
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
    let database = match chosen("TEST_DATABASE", "sqlite").as_str() {
        "sqlite" => None,
        #[cfg(feature = "postgres")]
        "postgres" => Some(postgres::url(&name(folder))),
        #[cfg(feature = "mongodb")]
        "mongodb" => Some(mongodb::url(&name(folder))),
        #[cfg(feature = "redis")]
        "redis" => Some(redis::url(&name(folder))),
        other => panic!("TEST_DATABASE is `{other}`, which this program has not"),
    };
    let broker = match broker() {
        BrokerKind::Embedded => None,
        #[cfg(feature = "kafka")]
        BrokerKind::Kafka => {
            let brokers = server("TEST_KAFKA_BROKERS");
            Some(format!("kafka://{brokers}/?prefix={}.", name(folder)))
        }
    };
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
#[cfg(any(feature = "mongodb", feature = "postgres", feature = "redis"))]
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
