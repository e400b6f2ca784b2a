//! Where a world keeps its database and its broker: on the servers that the environment names for
//! tests, and in files where it names none.

use std::sync::Arc;

use platform_ports::broker::Broker;
use platform_ports::engine::{Engine, Options};
use platform_ports::location::Location;
use platform_ports::outage::{Dependency, Outage};
use platform_ports::test_server::{self, TestServer};

use super::folder::{Files, Folder};
use super::{Subject, TestResult};

/// The database and the broker of one world. Files go when this is dropped; what is on servers goes
/// with [`remove`](Self::remove), and stays for a look when the test has failed.
pub(super) struct Storage {
    folder: Folder,
    pub at: Locations,
    /// What was made for this world on servers.
    on_servers: Vec<ServerResource>,
}

/// Where they are.
#[derive(Clone)]
pub(super) struct Locations {
    pub database: Location,
    pub broker: Location,
}

/// A database, or a prefix of topics, that was made on a server.
struct ServerResource {
    kind: &'static dyn TestServer,
    server: String,
    at: Location,
}

/// What another world begins with that is to be as one that has settled.
pub(super) enum StartingPoint {
    /// The same files.
    Files(Files),
    /// Nothing: it has to settle itself.
    Fresh,
}

impl Storage {
    /// New ones for a service, with nothing in them that a start would not make.
    pub async fn new(subject: &Subject) -> TestResult<Self> {
        let mut storage = Self::over(Folder::new()?);
        let service = &subject.service;
        if let Some(made) = make(service.database.driver().test_server()).await? {
            storage.at.database = made.at.clone();
            storage.on_servers.push(made);
        }
        if let Some(made) = make(service.brokers.driver().test_server()).await? {
            storage.at.broker = made.at.clone();
            storage.on_servers.push(made);
        }
        Ok(storage)
    }

    /// New ones with these files.
    pub fn with(files: &Files) -> std::io::Result<Self> {
        Ok(Self::over(Folder::with(files)?))
    }

    fn over(folder: Folder) -> Self {
        let at = Locations {
            database: Location::file("sqlite", &folder.path().join("service.db")),
            broker: Location::file("embedded", &folder.path().join("broker.db")),
        };
        Self {
            folder,
            at,
            on_servers: Vec::new(),
        }
    }

    /// What another world may begin with, while nobody writes.
    pub fn starting_point(&self) -> std::io::Result<StartingPoint> {
        match self.on_servers.is_empty() {
            true => Ok(StartingPoint::Files(self.folder.files()?)),
            false => Ok(StartingPoint::Fresh),
        }
    }

    /// The same, but nobody answers at the broker's location: its port is reserved (RFC 1078).
    pub fn without_broker(&self) -> TestResult<Locations> {
        let nobody = format!("{}://127.0.0.1:1", self.at.broker.scheme());
        let broker = nobody.parse().map_err(|_| "the broker has no location")?;
        Ok(Locations {
            database: self.at.database.clone(),
            broker,
        })
    }

    /// An engine over the database, which has been migrated.
    pub async fn engine(&self, subject: &Subject) -> TestResult<Arc<dyn Engine>> {
        let database = &subject.service.database;
        let opened = database.open(&self.at.database, &[], Options::default());
        Ok(opened.await?)
    }

    /// The broker.
    pub fn broker(&self, subject: &Subject) -> TestResult<Arc<dyn Broker>> {
        let outage = Outage::alone(Dependency::Broker);
        Ok(subject.service.brokers.open(&self.at.broker, outage)?)
    }

    /// Removes what was made on servers.
    pub async fn remove(&self) -> TestResult {
        for made in &self.on_servers {
            made.kind.remove(&made.server, &made.at).await?;
        }
        Ok(())
    }
}

/// Makes something on the server that the environment names for tests. Where there is none, files stand in
/// for it, which is said, unless servers are required.
async fn make(kind: Option<&'static dyn TestServer>) -> TestResult<Option<ServerResource>> {
    let Some(kind) = kind else {
        return Ok(None);
    };
    let variable = kind.variable();
    let Some(server) = test_server::named(variable)? else {
        println!("{variable} names no server: files stand in for it");
        return Ok(None);
    };
    let name = format!("failures-{}", uuid::Uuid::now_v7().simple());
    let at = kind.location(&server, &name)?;
    kind.make(&server, &at).await?;
    Ok(Some(ServerResource { kind, server, at }))
}
