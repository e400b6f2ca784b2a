//! The servers that the services of a system stand on, and where each service finds its own.
//!
//! One server of PostgreSQL and one of MongoDB hold a database and a login per context; Redis, whose
//! logins share one keyspace, runs once per context. A read replica of PostgreSQL is one of the whole
//! server, and so of all contexts that have as many.

mod urls;

use serde::Serialize;

use crate::model::{Broker, Context, Database, System};

use crate::plan::rust::names;

pub use self::urls::{From, broker_url, cache_url, database_url, replica_urls};

/// The ports on which servers listen on the developer's machine: their usual ones.
const POSTGRES: u16 = 5432;
const MONGODB: u16 = 27017;
const REDIS: u16 = 6379;
const KAFKA: u16 = 9092;

/// How containers are called: contexts have no underscores, so no service is called alike.
const POSTGRES_NAME: &str = "server_postgres";
const MONGODB_NAME: &str = "server_mongodb";
const KAFKA_NAME: &str = "server_kafka";

const CACHE_NAME: &str = "server_cache";

fn replica_name(number: u32) -> String {
    format!("{POSTGRES_NAME}_replica_{number}")
}

fn redis_name(context: &str) -> String {
    format!("server_redis_{context}")
}

/// Words as a sentence lists them.
fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// A database on a server.
#[derive(Debug, Clone, Serialize)]
pub struct ServerDatabase {
    /// The context it is of.
    pub context: String,
    /// Its name, and that of the only login that reaches it.
    pub name: String,
    /// The port of its server on the developer's machine.
    pub port: u16,
}

/// A variable by which tests are told of a server that they may use as they like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TestServer {
    /// The variable.
    pub variable: &'static str,
    /// What it says of the server of `compose.yaml`, seen from the developer's machine.
    pub value: String,
}

/// A read replica of a server.
#[derive(Debug, Clone, Serialize)]
pub struct ServerReplica {
    /// The name of its container.
    pub name: String,
    /// Its port on the developer's machine.
    pub port: u16,
}

/// The servers that a system needs.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Servers {
    /// The databases on PostgreSQL.
    pub postgres: Vec<ServerDatabase>,
    /// The read replicas of PostgreSQL.
    pub postgres_replicas: Vec<ServerReplica>,
    /// The databases on MongoDB.
    pub mongodb: Vec<ServerDatabase>,
    /// The databases on Redis, a server each.
    pub redis: Vec<ServerDatabase>,
    /// The port of the cache on the developer's machine, where a context has one.
    pub cache: Option<u16>,
    /// Whether there is Kafka.
    pub kafka: bool,
    /// Whether there is any of them.
    pub any: bool,
    /// What tests are told of them, one of each kind.
    pub tests: Vec<TestServer>,
    /// Whether there are databases in files besides.
    pub sqlite: bool,
    /// What they are, as a sentence lists them.
    pub said: String,
    /// What locations of the databases look like, as a sentence lists them.
    pub databases: String,
}

impl Servers {
    /// Those of a system.
    pub fn of(system: &System) -> Self {
        let mut servers = Self {
            kafka: system.broker == Broker::Kafka,
            ..Self::default()
        };
        for context in system.services() {
            let Some(database) = database(system, context) else {
                continue;
            };
            match context.database {
                Database::Sqlite => {}
                Database::Postgres => servers.postgres.push(database),
                Database::Mongodb => servers.mongodb.push(database),
                Database::Redis => servers.redis.push(database),
            }
        }
        let replicas = system.services().map(replicas);
        servers.postgres_replicas = replicas.max_by_key(Vec::len).unwrap_or_default();
        servers.cache = cache_port(system);
        servers.any = servers.kafka
            || servers.cache.is_some()
            || [&servers.postgres, &servers.mongodb, &servers.redis]
                .iter()
                .any(|databases| !databases.is_empty());
        servers.sqlite = system
            .services()
            .any(|context| context.database == Database::Sqlite);
        for server in system.services().flat_map(|context| tests(system, context)) {
            let is_known = |known: &TestServer| known.variable == server.variable;
            if !servers.tests.iter().any(is_known) {
                servers.tests.push(server);
            }
        }
        servers
            .tests
            .extend(servers.postgres_replicas.first().map(|replica| TestServer {
                variable: "TEST_POSTGRES_REPLICA_URL",
                value: format!(
                    "postgres://postgres:postgres@127.0.0.1:{}/postgres",
                    replica.port
                ),
            }));
        servers.said = list(servers.kinds().map(|(name, _)| name.to_owned()));
        let locations = servers.kinds().filter_map(|(_, location)| location);
        servers.databases = list(locations.map(|location| format!("`{location}`")));
        servers
    }

    /// What there is, and what the location of a database on it looks like.
    fn kinds(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        let kinds = [
            (
                !self.postgres.is_empty(),
                "PostgreSQL",
                Some("postgres://name:password@host:5432/database"),
            ),
            (
                !self.mongodb.is_empty(),
                "MongoDB",
                Some("mongodb://name:password@host:27017/database"),
            ),
            (
                !self.redis.is_empty(),
                "Redis",
                Some("redis://host:6379/?prefix=system.context"),
            ),
            (self.cache.is_some() && self.redis.is_empty(), "Redis", None),
            (self.kafka, "Kafka", None),
        ];
        kinds
            .into_iter()
            .filter_map(|(there, name, location)| there.then_some((name, location)))
    }
}

/// A context's database, when it is on a server.
fn database(system: &System, context: &Context) -> Option<ServerDatabase> {
    let port = match context.database {
        Database::Sqlite => return None,
        Database::Postgres => POSTGRES,
        Database::Mongodb => MONGODB,
        Database::Redis => {
            let redis = system
                .services()
                .filter(|it| it.database == Database::Redis);
            let mut ports = redis.zip(REDIS..=u16::MAX);
            ports.find_map(|(it, port)| (it.name == context.name).then_some(port))?
        }
    };
    Some(ServerDatabase {
        context: context.name.to_string(),
        name: database_name(system, context),
        port,
    })
}

/// The read replicas of a context: the first ones of its server.
fn replicas(context: &Context) -> Vec<ServerReplica> {
    let numbers = 1..=context.scale.read_replicas;
    let ports = POSTGRES + 1..=u16::MAX;
    numbers
        .zip(ports)
        .map(|(number, port)| ServerReplica {
            name: replica_name(number),
            port,
        })
        .collect()
}

/// The port of the cache on the developer's machine: behind those of databases on Redis.
fn cache_port(system: &System) -> Option<u16> {
    let mut cached = system.services();
    cached.find(|context| context.scale.cache_millis.is_some())?;
    let redis = system.services();
    let redis = redis.filter(|context| context.database == Database::Redis);
    (REDIS..=u16::MAX).nth(redis.count())
}

/// The name of a context's database and login: with the system's before it where that leaves an
/// identifier that PostgreSQL does not cut off.
fn database_name(system: &System, context: &Context) -> String {
    let own = names::snake(context.name.as_str());
    let whole = format!("{}_{own}", names::snake(system.name.as_str()));
    match whole.len() <= names::LONGEST_IDENTIFIER {
        true => whole,
        false => own,
    }
}

/// The containers of servers that a service stands on.
pub fn containers(system: &System, context: &Context) -> Vec<String> {
    let database = match context.database {
        Database::Sqlite => None,
        Database::Postgres => Some(POSTGRES_NAME.to_owned()),
        Database::Mongodb => Some(MONGODB_NAME.to_owned()),
        Database::Redis => Some(redis_name(context.name.as_str())),
    };
    let broker = (system.broker == Broker::Kafka).then(|| KAFKA_NAME.to_owned());
    database.into_iter().chain(broker).collect()
}

/// What a service's tests are told of the servers that it stands on.
pub fn tests(system: &System, context: &Context) -> Vec<TestServer> {
    let database = database(system, context).and_then(|ServerDatabase { port, .. }| {
        let (variable, value) = match context.database {
            Database::Sqlite => return None,
            Database::Postgres => (
                "TEST_POSTGRES_URL",
                format!("postgres://postgres:postgres@127.0.0.1:{port}/postgres"),
            ),
            Database::Mongodb => (
                "TEST_MONGODB_URL",
                format!("mongodb://root:root@127.0.0.1:{port}/"),
            ),
            Database::Redis => ("TEST_REDIS_URL", format!("redis://127.0.0.1:{port}")),
        };
        Some(TestServer { variable, value })
    });
    let broker = (system.broker == Broker::Kafka).then(|| TestServer {
        variable: "TEST_KAFKA_BROKERS",
        value: format!("127.0.0.1:{KAFKA}"),
    });
    database.into_iter().chain(broker).collect()
}
