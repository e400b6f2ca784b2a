//! What the tests of a workspace stand on.

use std::fmt;
use std::process::Command;

/// The databases, as the runtime's tests are told of them.
pub const DATABASES: [&str; 4] = ["sqlite", "postgres", "mongodb", "redis"];

/// A database and a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    database: &'static str,
    broker: &'static str,
}

impl Stand {
    /// What needs no server.
    pub const FILES: Self = Self::on(DATABASES[0]);

    /// A database, and the broker that is a file.
    pub const fn on(database: &'static str) -> Self {
        let broker = "embedded";
        Self { database, broker }
    }

    /// Every database, and every broker.
    pub fn all() -> Vec<Self> {
        let kafka = Self {
            broker: "kafka",
            ..Self::FILES
        };
        DATABASES.into_iter().map(Self::on).chain([kafka]).collect()
    }

    /// Whether the environment names the servers it needs.
    pub fn is_there(self) -> bool {
        let server = match (self.database, self.broker) {
            (_, "kafka") => "TEST_KAFKA_BROKERS",
            ("postgres", _) => "TEST_POSTGRES_URL",
            ("mongodb", _) => "TEST_MONGODB_URL",
            ("redis", _) => "TEST_REDIS_URL",
            _ => return true,
        };
        std::env::var_os(server).is_some_and(|named| !named.is_empty())
    }

    /// Lets the tests of a program stand on it.
    pub fn under(self, command: &mut Command) {
        command
            .env("TEST_DATABASE", self.database)
            .env("TEST_BROKER", self.broker);
    }
}

impl fmt::Display for Stand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.database, self.broker)
    }
}
