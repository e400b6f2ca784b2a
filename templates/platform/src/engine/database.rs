//! What a service's description says of its database, and how that is opened.

use std::sync::Arc;

#[cfg(feature = "mongodb")]
use super::mongodb;
#[cfg(feature = "postgres")]
use super::postgres;
#[cfg(feature = "redis")]
use super::redis;
use super::{Engine, Migration, OpenError, Options, sqlite};
use crate::location::Location;

/// The database that a service is described with.
#[derive(Debug, Clone, Copy)]
pub struct Database {
    kind: Kind,
    migrations: &'static [Migration],
    stand_in: &'static [Migration],
    read_replicas: u32,
}

/// The kinds of databases that this program can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file, which the processes of one machine share.
    Sqlite,
    /// A database of a PostgreSQL server.
    #[cfg(feature = "postgres")]
    Postgres,
    /// A database of a MongoDB server, replica set or sharded cluster.
    #[cfg(feature = "mongodb")]
    Mongodb,
    /// A place in a Redis or a cluster of it.
    #[cfg(feature = "redis")]
    Redis,
}

impl Database {
    /// A SQLite file, with its migrations.
    pub const fn sqlite(migrations: &'static [Migration]) -> Self {
        Self::new(Kind::Sqlite, migrations)
    }

    /// A database on PostgreSQL, with its migrations.
    #[cfg(feature = "postgres")]
    pub const fn postgres(migrations: &'static [Migration]) -> Self {
        Self::new(Kind::Postgres, migrations)
    }

    /// A database on MongoDB, with its migrations.
    #[cfg(feature = "mongodb")]
    pub const fn mongodb(migrations: &'static [Migration]) -> Self {
        Self::new(Kind::Mongodb, migrations)
    }

    /// A place in Redis, with its migrations.
    #[cfg(feature = "redis")]
    pub const fn redis(migrations: &'static [Migration]) -> Self {
        Self::new(Kind::Redis, migrations)
    }

    const fn new(kind: Kind, migrations: &'static [Migration]) -> Self {
        Self {
            kind,
            migrations,
            stand_in: &[],
            read_replicas: 0,
        }
    }

    /// The same, and what makes the tables of a SQLite file that stands in for it.
    #[must_use]
    pub const fn stand_in(mut self, tables: &'static [Migration]) -> Self {
        self.stand_in = tables;
        self
    }

    /// The same, described with so many read replicas.
    #[must_use]
    pub const fn read_replicas(mut self, count: u32) -> Self {
        self.read_replicas = count;
        self
    }

    /// What kind it is of.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The migrations of the database that it is described with.
    pub const fn migrations(&self) -> &'static [Migration] {
        self.migrations
    }

    /// Applies the migrations that have not been; the names of those that were.
    ///
    /// # Errors
    /// When the database cannot be used or a migration fails.
    pub async fn migrate(&self, at: &Location) -> Result<Vec<String>, OpenError> {
        let kind = self.kind_of(at)?;
        let migrations = self.migrations_on(kind);
        match kind {
            Kind::Sqlite => sqlite::migrate(&at.path(), migrations),
            #[cfg(feature = "postgres")]
            Kind::Postgres => postgres::migrate(at.secret(), migrations).await,
            #[cfg(feature = "mongodb")]
            Kind::Mongodb => mongodb::migrate(at.secret(), migrations).await,
            #[cfg(feature = "redis")]
            Kind::Redis => redis::migrate(at.secret(), migrations).await,
        }
    }

    /// Opens it, all migrations having been applied, and its read replicas.
    ///
    /// # Errors
    /// When it cannot be used, would not keep what is committed, lacks migrations, or has no
    /// replicas.
    pub async fn open(
        &self,
        at: &Location,
        replicas: &[Location],
        options: Options,
    ) -> Result<Arc<dyn Engine>, OpenError> {
        let kind = self.kind_of(at)?;
        let migrations = self.migrations_on(kind);
        kind.check_replicas(replicas)?;
        if replicas.is_empty() && self.read_replicas > 0 {
            tracing::info!(
                "`DATABASE_REPLICA_URLS` names no read replica: the database answers all reads"
            );
        }
        Ok(match kind {
            Kind::Sqlite => {
                let engine = sqlite::SqliteEngine::open(&at.path(), migrations, options)?;
                Arc::new(engine)
            }
            #[cfg(feature = "postgres")]
            Kind::Postgres => {
                let engine = postgres::PostgresEngine::open(at.secret(), migrations, options);
                let engine = engine.await?;
                let urls: Vec<_> = replicas.iter().map(Location::secret).collect();
                match urls.as_slice() {
                    [] => Arc::new(engine),
                    urls => Arc::new(engine.with_standbys(urls, options).await?),
                }
            }
            #[cfg(feature = "mongodb")]
            Kind::Mongodb => {
                let engine = mongodb::MongodbEngine::open(at.secret(), migrations, options);
                Arc::new(engine.await?)
            }
            #[cfg(feature = "redis")]
            Kind::Redis => {
                let engine = redis::RedisEngine::open(at.secret(), migrations, options);
                Arc::new(engine.await?)
            }
        })
    }

    /// What kind of database is there: the one of the description, or a file that stands in for it.
    fn kind_of(&self, at: &Location) -> Result<Kind, OpenError> {
        let stands_in = at.scheme() == "sqlite" && !self.stand_in.is_empty();
        match self.kind.schemes().contains(&at.scheme()) {
            true => match self.kind.example() {
                // Clients would look for one on this machine.
                Some(example) if !at.names_server() => Err(OpenError::Unusable(format!(
                    "its location names no server; it has to look like {example}"
                ))),
                _ => Ok(self.kind),
            },
            false if stands_in => Ok(Kind::Sqlite),
            false => Err(OpenError::Unusable(format!(
                "the service is described with {}, which `{}:` does not name",
                self.kind.name(),
                at.scheme(),
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
    /// What its location looks like where there is no default: on a server.
    pub const fn example(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            #[cfg(feature = "postgres")]
            Self::Postgres => Some("postgres://name:password@host:5432/database"),
            #[cfg(feature = "mongodb")]
            Self::Mongodb => Some("mongodb://name:password@host:27017/database"),
            #[cfg(feature = "redis")]
            Self::Redis => Some("redis://host:6379/?prefix=system.context"),
        }
    }

    /// Refuses replicas that such a database does not have.
    fn check_replicas(self, replicas: &[Location]) -> Result<(), OpenError> {
        let is_one =
            |replica: &Location| self.has_replicas() && self.schemes().contains(&replica.scheme());
        match replicas.iter().find(|replica| !is_one(replica)) {
            None => Ok(()),
            Some(replica) => Err(OpenError::Unusable(format!(
                "a database on {} has no read replica at `{replica}`; correct \
                 `DATABASE_REPLICA_URLS`, or leave it out",
                self.name(),
            ))),
        }
    }

    const fn has_replicas(self) -> bool {
        match self {
            Self::Sqlite => false,
            #[cfg(feature = "postgres")]
            Self::Postgres => true,
            #[cfg(feature = "mongodb")]
            Self::Mongodb => false,
            #[cfg(feature = "redis")]
            Self::Redis => false,
        }
    }

    const fn schemes(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &["sqlite"],
            #[cfg(feature = "postgres")]
            Self::Postgres => &["postgres", "postgresql"],
            #[cfg(feature = "mongodb")]
            Self::Mongodb => &["mongodb", "mongodb+srv"],
            #[cfg(feature = "redis")]
            Self::Redis => &["redis", "rediss"],
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            #[cfg(feature = "postgres")]
            Self::Postgres => "PostgreSQL",
            #[cfg(feature = "mongodb")]
            Self::Mongodb => "MongoDB",
            #[cfg(feature = "redis")]
            Self::Redis => "Redis",
        }
    }
}
