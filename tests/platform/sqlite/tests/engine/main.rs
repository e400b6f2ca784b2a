//! Databases in files of their own, with the tables of the conformance tests.
#![allow(missing_docs)]

mod conforms;
mod constraints;
mod migrations;
mod processes;
mod unreleased;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use platform_ports::engine::{Migration, Options};
use platform_sqlite::{SqliteEngine, migrate};

/// The tables of the conformance tests' schemas.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_initial",
    text: include_str!("fixture.sql"),
}];

/// A folder with a database in it, which goes when this is dropped.
pub struct Database {
    folder: PathBuf,
}

impl Database {
    /// A migrated database.
    pub fn migrated() -> Self {
        let database = Self::empty();
        migrate(&database.path(), MIGRATIONS).expect("the migrations are to be applied");
        database
    }

    /// A folder without a database yet.
    pub fn empty() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("microdb-engine-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder for the database");
        Self { folder }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join("test.db")
    }

    /// An engine over it.
    pub fn open(&self) -> SqliteEngine {
        let engine = SqliteEngine::open(&self.path(), MIGRATIONS, Options::default());
        engine.expect("the database is to be opened")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
