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
    pub database: Location,
    pub broker: Location,
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
        let database = Location::file("sqlite", &folder.path().join("service.db"));
        let broker = Location::file("embedded", &folder.path().join("broker.db"));
        Self {
            folder,
            database,
            broker,
        }
    }

    /// All that is in them, while nobody writes.
    pub fn files(&self) -> std::io::Result<Files> {
        self.folder.files()
    }

    /// An engine over the database, which has been migrated.
    pub async fn engine(&self, subject: &Subject) -> Step<Arc<dyn Engine>> {
        let options = Options::default();
        Ok(subject
            .service
            .database
            .open(&self.database, options)
            .await?)
    }

    /// The broker.
    pub fn broker(&self) -> Step<Arc<dyn Broker>> {
        Ok(broker::open(&self.broker)?)
    }
}
