//! Where a world keeps its database and its broker: on the servers that the environment names for
//! tests, and in files where it names none.

#[cfg(feature = "mongodb")]
mod mongodb;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;

use std::sync::Arc;

use super::folder::{Files, Folder};
use super::{Step, Subject};
use crate::broker::{self, Broker, BrokerKind};
use crate::engine::{DatabaseKind, Engine, Options};
use crate::location::Location;
use crate::outage::Outages;

/// The database and the broker of one world. Files go when this is dropped; what is on servers goes
/// with [`remove`](Self::remove), and stays for a look when the test has failed.
pub(super) struct Places {
    folder: Folder,
    pub at: At,
    database: DatabaseKind,
}

/// Where they are.
#[derive(Clone)]
pub(super) struct At {
    pub database: Location,
    pub broker: Location,
}

/// What another world begins with that is to be as one that has settled.
pub(super) enum Begun {
    /// The same files.
    Files(Files),
    /// It settles itself.
    Anew,
}

impl Places {
    /// New ones for a service, with nothing in them that a start would not make.
    pub async fn new(subject: &Subject) -> Step<Self> {
        let folder = Folder::new()?;
        let service = &subject.service;
        let (database, kind) = match service.database.kind() {
            DatabaseKind::Sqlite => (None, DatabaseKind::Sqlite),
            #[cfg(feature = "postgres")]
            kind @ DatabaseKind::Postgres => (postgres::make(&service.database).await?, kind),
            #[cfg(feature = "mongodb")]
            kind @ DatabaseKind::Mongodb => (mongodb::place()?, kind),
            #[cfg(feature = "redis")]
            kind @ DatabaseKind::Redis => (redis::place()?, kind),
        };
        let broker = match service.broker {
            BrokerKind::Embedded => None,
            #[cfg(feature = "kafka")]
            BrokerKind::Kafka => kafka()?,
        };
        let mut places = Self::over(folder);
        if let Some(database) = database {
            (places.at.database, places.database) = (database, kind);
        }
        if let Some(broker) = broker {
            places.at.broker = broker;
        }
        Ok(places)
    }

    /// New ones with these files.
    pub fn with(files: &Files) -> std::io::Result<Self> {
        Ok(Self::over(Folder::with(files)?))
    }

    fn over(folder: Folder) -> Self {
        let at = At {
            database: Location::file("sqlite", &folder.path().join("service.db")),
            broker: Location::file("embedded", &folder.path().join("broker.db")),
        };
        Self {
            folder,
            at,
            database: DatabaseKind::Sqlite,
        }
    }

    /// What another world may begin with, while nobody writes.
    pub fn begun(&self) -> std::io::Result<Begun> {
        let in_files =
            self.at.database.scheme() == "sqlite" && self.at.broker.scheme() == "embedded";
        match in_files {
            true => Ok(Begun::Files(self.folder.files()?)),
            false => Ok(Begun::Anew),
        }
    }

    /// The same, but nobody answers at the broker's location: its port is reserved (RFC 1078).
    pub fn without_broker(&self) -> Step<At> {
        let nobody = format!("{}://127.0.0.1:1", self.at.broker.scheme());
        let broker = nobody.parse().map_err(|_| "the broker has no location")?;
        Ok(At {
            database: self.at.database.clone(),
            broker,
        })
    }

    /// An engine over the database, which has been migrated.
    pub async fn engine(&self, subject: &Subject) -> Step<Arc<dyn Engine>> {
        let database = &subject.service.database;
        let opened = database.open(&self.at.database, &[], Options::default());
        Ok(opened.await?)
    }

    /// The broker.
    pub fn broker(&self) -> Step<Arc<dyn Broker>> {
        Ok(broker::open(&self.at.broker, &Outages::default())?)
    }

    /// Removes what was made on servers.
    pub async fn remove(&self) -> Step {
        match self.database {
            DatabaseKind::Sqlite => Ok(()),
            #[cfg(feature = "postgres")]
            DatabaseKind::Postgres => postgres::remove(&self.at.database).await,
            #[cfg(feature = "mongodb")]
            DatabaseKind::Mongodb => mongodb::remove(&self.at.database).await,
            #[cfg(feature = "redis")]
            DatabaseKind::Redis => redis::remove(&self.at.database).await,
        }
    }
}

/// The server that the environment names for tests. Where there is none, files stand in for it, which
/// is said, unless servers are required.
#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
fn server(variable: &'static str) -> Step<Option<String>> {
    let named = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if named.is_none() {
        if std::env::var("TEST_SERVERS").is_ok_and(|servers| servers == "required") {
            return Err(format!("{variable} names no server, and TEST_SERVERS=required").into());
        }
        println!("{variable} names no server: files stand in for it");
    }
    Ok(named)
}

/// A name that nobody else has.
#[cfg(any(
    feature = "kafka",
    feature = "mongodb",
    feature = "postgres",
    feature = "redis"
))]
fn name() -> String {
    format!("failures-{}", uuid::Uuid::now_v7().simple())
}

/// Topics of one's own on the Kafka that the environment names for tests.
#[cfg(feature = "kafka")]
fn kafka() -> Step<Option<Location>> {
    let Some(brokers) = server("TEST_KAFKA_BROKERS")? else {
        return Ok(None);
    };
    let at = format!("kafka://{brokers}/?prefix={}.", name()).parse();
    Ok(Some(at.map_err(|_| "TEST_KAFKA_BROKERS names no brokers")?))
}
