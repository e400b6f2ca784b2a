//! Where a world keeps its database and its broker.

use std::sync::Arc;

use super::folder::{Files, Folder};
use super::{Step, Subject};
use crate::broker::{self, Broker};
use crate::engine::{Engine, Options};
use crate::location::Location;

/// The database and the broker of one world; they go when this is dropped.
pub(super) struct Places {
    folder: Folder,
    pub at: At,
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
    /// New ones, with nothing in them.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self::over(Folder::new()?))
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
        Self { folder, at }
    }

    /// What another world may begin with, while nobody writes.
    pub fn begun(&self) -> std::io::Result<Begun> {
        Ok(Begun::Files(self.folder.files()?))
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
        Ok(database.open(&self.at.database, Options::default()).await?)
    }

    /// The broker.
    pub fn broker(&self) -> Step<Arc<dyn Broker>> {
        Ok(broker::open(&self.at.broker)?)
    }
}
