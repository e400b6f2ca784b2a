//! Where a world keeps its database and its broker: on the servers that the environment names for
//! tests, and in files where it names none.

use std::sync::Arc;

use platform_ports::broker::Broker;
use platform_ports::engine::{Engine, Options};
use platform_ports::location::Location;
use platform_ports::outage::{Dependency, Outage};
use platform_ports::test_server::TestServer;

use super::folder::{Files, Folder};
use super::{Step, Subject};

/// The database and the broker of one world. Files go when this is dropped; what is on servers goes
/// with [`remove`](Self::remove), and stays for a look when the test has failed.
pub(super) struct Places {
    folder: Folder,
    pub at: At,
    /// The servers that have what was made for this world.
    made: Vec<Made>,
}

/// Where they are.
#[derive(Clone)]
pub(super) struct At {
    pub database: Location,
    pub broker: Location,
}

/// A place that was made on a server.
struct Made {
    kind: &'static dyn TestServer,
    server: String,
    at: Location,
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
        let mut places = Self::over(Folder::new()?);
        let service = &subject.service;
        if let Some(made) = made(service.database.driver().test_server()).await? {
            places.at.database = made.at.clone();
            places.made.push(made);
        }
        if let Some(made) = made(service.brokers.driver().test_server()).await? {
            places.at.broker = made.at.clone();
            places.made.push(made);
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
            made: Vec::new(),
        }
    }

    /// What another world may begin with, while nobody writes.
    pub fn begun(&self) -> std::io::Result<Begun> {
        match self.made.is_empty() {
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
    pub fn broker(&self, subject: &Subject) -> Step<Arc<dyn Broker>> {
        let outage = Outage::alone(Dependency::Broker);
        Ok(subject.service.brokers.open(&self.at.broker, outage)?)
    }

    /// Removes what was made on servers.
    pub async fn remove(&self) -> Step {
        for made in &self.made {
            made.kind.remove(&made.server, &made.at).await?;
        }
        Ok(())
    }
}

/// A place of one's own on the server that the environment names for tests. Where there is none, files
/// stand in for it, which is said, unless servers are required.
async fn made(kind: Option<&'static dyn TestServer>) -> Step<Option<Made>> {
    let Some(kind) = kind else {
        return Ok(None);
    };
    let variable = kind.variable();
    let named = std::env::var(variable).ok().filter(|url| !url.is_empty());
    let Some(server) = named else {
        if std::env::var("TEST_SERVERS").is_ok_and(|servers| servers == "required") {
            return Err(format!("{variable} names no server, and TEST_SERVERS=required").into());
        }
        println!("{variable} names no server: files stand in for it");
        return Ok(None);
    };
    let name = format!("failures-{}", uuid::Uuid::now_v7().simple());
    let at = kind.place(&server, &name)?;
    kind.make(&server, &at).await?;
    Ok(Some(Made { kind, server, at }))
}
