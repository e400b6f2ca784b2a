//! What a service's description says of its database, and how that is opened.

use std::sync::Arc;

#[cfg(feature = "mongodb")]
use super::mongodb;
#[cfg(feature = "sqlite")]
use super::sqlite;
use super::{Engine, Migration, OpenError, Options};
use crate::location::Location;

/// The database that a service is described with.
#[derive(Debug, Clone, Copy)]
pub struct Database {
    kind: Kind,
    migrations: &'static [Migration],
    stand_in: &'static [Migration],
}

/// The kinds of databases that this program can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    #[cfg(feature = "mongodb")]
    Mongodb,
    #[cfg(feature = "sqlite")]
    Sqlite,
}

impl Database {
    /// A SQLite file, with its migrations.
    #[cfg(feature = "sqlite")]
    pub const fn sqlite(migrations: &'static [Migration]) -> Self {
        Self {
            kind: Kind::Sqlite,
            migrations,
            stand_in: &[],
        }
    }

    /// A database of a MongoDB server, with its migrations.
    #[cfg(feature = "mongodb")]
    pub const fn mongodb(migrations: &'static [Migration]) -> Self {
        Self {
            kind: Kind::Mongodb,
            migrations,
            stand_in: &[],
        }
    }

    /// What its location looks like where there is no default: on a server.
    pub const fn example(&self) -> Option<&'static str> {
        match self.kind {
            #[cfg(feature = "mongodb")]
            Kind::Mongodb => Some("mongodb://name:password@host:27017/database"),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => None,
        }
    }

    /// Applies the migrations that have not been; the names of those that were.
    ///
    /// # Errors
    /// When the database cannot be used or a migration fails.
    pub async fn migrate(&self, at: &Location) -> Result<Vec<String>, OpenError> {
        match self.kind_of(at)? {
            #[cfg(feature = "mongodb")]
            Kind::Mongodb => mongodb::migrate(at.secret(), self.migrations_on(Kind::Mongodb)).await,
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => sqlite::migrate(&at.path(), self.migrations_on(Kind::Sqlite)),
        }
    }

    /// Opens it, all migrations having been applied.
    ///
    /// # Errors
    /// When it cannot be used, would not keep what is committed, or lacks migrations.
    pub async fn open(
        &self,
        at: &Location,
        options: Options,
    ) -> Result<Arc<dyn Engine>, OpenError> {
        match self.kind_of(at)? {
            #[cfg(feature = "mongodb")]
            Kind::Mongodb => {
                let migrations = self.migrations_on(Kind::Mongodb);
                let url = at.secret();
                let engine = mongodb::MongodbEngine::open(url, migrations, options).await?;
                Ok(Arc::new(engine))
            }
            #[cfg(feature = "sqlite")]
            Kind::Sqlite => {
                let migrations = self.migrations_on(Kind::Sqlite);
                let engine = sqlite::SqliteEngine::open(&at.path(), migrations, options)?;
                Ok(Arc::new(engine))
            }
        }
    }

    /// What kind of database is there.
    fn kind_of(&self, at: &Location) -> Result<Kind, OpenError> {
        match at.scheme() {
            #[cfg(feature = "mongodb")]
            "mongodb" | "mongodb+srv" if self.kind == Kind::Mongodb => Ok(Kind::Mongodb),
            #[cfg(feature = "sqlite")]
            "sqlite" if self.kind == Kind::Sqlite || !self.stand_in.is_empty() => Ok(Kind::Sqlite),
            scheme => Err(OpenError::Unusable(format!(
                "nothing of this service knows how to use `{scheme}:`; it is described with {}",
                self.kind.name()
            ))),
        }
    }

    /// The migrations for this kind: those of the description, or of what stands in for it.
    fn migrations_on(&self, kind: Kind) -> &'static [Migration] {
        match kind == self.kind {
            true => self.migrations,
            false => self.stand_in,
        }
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "mongodb")]
            Self::Mongodb => "MongoDB",
            #[cfg(feature = "sqlite")]
            Self::Sqlite => "SQLite",
        }
    }
}
