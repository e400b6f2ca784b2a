//! What a service's description says of its database, and how that is opened.

use std::sync::Arc;

use super::{Driver, Engine, Migration, OpenError, Options};
use crate::location::Location;

/// The database that a service is described with.
#[derive(Debug, Clone, Copy)]
pub struct Database {
    described: Kind,
    stand_in: Option<Kind>,
    read_replicas: u32,
}

/// A kind of database with the migrations of the service on it.
#[derive(Debug, Clone, Copy)]
struct Kind {
    driver: &'static dyn Driver,
    migrations: &'static [Migration],
}

impl Database {
    /// One of this kind, with the service's migrations.
    pub const fn new(driver: &'static dyn Driver, migrations: &'static [Migration]) -> Self {
        Self {
            described: Kind { driver, migrations },
            stand_in: None,
            read_replicas: 0,
        }
    }

    /// The same, and what may stand in for it where no server is: another kind, with what makes the
    /// tables there.
    #[must_use]
    pub const fn stand_in(
        mut self,
        driver: &'static dyn Driver,
        migrations: &'static [Migration],
    ) -> Self {
        self.stand_in = Some(Kind { driver, migrations });
        self
    }

    /// The same, described with so many read replicas.
    #[must_use]
    pub const fn read_replicas(mut self, count: u32) -> Self {
        self.read_replicas = count;
        self
    }

    /// The kind that it is described with.
    pub const fn driver(&self) -> &'static dyn Driver {
        self.described.driver
    }

    /// The migrations of the database that it is described with.
    pub const fn migrations(&self) -> &'static [Migration] {
        self.described.migrations
    }

    /// Applies the migrations that have not been; the names of those that were.
    ///
    /// # Errors
    /// When the database cannot be used or a migration fails.
    pub async fn migrate(&self, at: &Location) -> Result<Vec<String>, OpenError> {
        let Kind { driver, migrations } = self.kind_at(at)?;
        driver.migrate(at, migrations).await
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
        let kind = self.kind_at(at)?;
        kind.check_replicas(replicas)?;
        if replicas.is_empty() && self.read_replicas > 0 {
            tracing::info!(
                "`DATABASE_REPLICA_URLS` names no read replica: the database answers all reads"
            );
        }
        let Kind { driver, migrations } = kind;
        driver.open(at, replicas, migrations, options).await
    }

    /// What kind of database is there: the one of the description, or what stands in for it.
    fn kind_at(&self, at: &Location) -> Result<Kind, OpenError> {
        if let Some(stand_in) = self.stand_in.filter(|kind| kind.is_at(at)) {
            return Ok(stand_in);
        }
        let driver = self.described.driver;
        if !self.described.is_at(at) {
            return Err(OpenError::Unusable(format!(
                "the service is described with {}, which `{}:` does not name",
                driver.name(),
                at.scheme(),
            )));
        }
        match driver.example() {
            // Clients would look for one on this machine.
            Some(example) if !at.names_server() => Err(OpenError::Unusable(format!(
                "its location names no server; it has to look like {example}"
            ))),
            _ => Ok(self.described),
        }
    }
}

impl Kind {
    fn is_at(&self, at: &Location) -> bool {
        at.has_scheme(self.driver.schemes())
    }

    /// Refuses replicas that such a database does not have.
    fn check_replicas(&self, replicas: &[Location]) -> Result<(), OpenError> {
        let is_one = |replica: &Location| self.driver.has_read_replicas() && self.is_at(replica);
        match replicas.iter().find(|replica| !is_one(replica)) {
            None => Ok(()),
            Some(replica) => Err(OpenError::Unusable(format!(
                "a database on {} has no read replica at `{replica}`; correct \
                 `DATABASE_REPLICA_URLS`, or leave it out",
                self.driver.name(),
            ))),
        }
    }
}
