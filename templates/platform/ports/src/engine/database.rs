//! What a service's description says of its database, and how that is opened.

use std::sync::Arc;

use super::history::{self, Applied};
use super::shape::Shape;
use super::{Amendment, Driver, Engine, Migration, OpenError, Options, ShapePart};
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
    /// What is kept and told, until the first release.
    shape: Option<&'static [ShapePart]>,
}

impl Database {
    /// One of this kind, with the service's migrations.
    pub const fn new(driver: &'static dyn Driver, migrations: &'static [Migration]) -> Self {
        Self {
            described: Kind::new(driver, migrations),
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
        self.stand_in = Some(Kind::new(driver, migrations));
        self
    }

    /// The same in a workspace that was never released: what the service keeps and tells there.
    #[must_use]
    pub const fn unreleased(mut self, parts: &'static [ShapePart]) -> Self {
        self.described.shape = Some(parts);
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
    /// When the database cannot be used, was made for another description, or a migration fails.
    pub async fn migrate(&self, at: &Location) -> Result<Vec<String>, OpenError> {
        let kind = self.kind_at(at)?;
        let Kind {
            driver, migrations, ..
        } = kind;
        if kind.shape.is_none() {
            return driver.migrate(at, migrations).await;
        }
        let amendment = kind.amendment(&driver.applied(at).await?)?;
        if amendment.again.is_some() {
            driver.amend(at, &amendment).await?;
            return driver.migrate(at, migrations).await;
        }
        let names = driver.migrate(at, migrations).await?;
        if !amendment.is_empty() {
            driver.amend(at, &amendment).await?;
        }
        Ok(names)
    }

    /// The names of the migrations that have not been applied; nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be used, or does not fit.
    pub async fn pending(&self, at: &Location) -> Result<Vec<&'static str>, OpenError> {
        let kind = self.kind_at(at)?;
        let applied = kind.driver.applied(at).await?;
        kind.check(&applied)?;
        let pending = kind.known().filter(|one| !applied.contains_key(one.name));
        Ok(pending.map(|one| one.name).collect())
    }

    /// Empties it, in a workspace that was never released; whether there was anything.
    ///
    /// # Errors
    /// When the database cannot be used, or the workspace was released.
    pub async fn reset(&self, at: &Location) -> Result<bool, OpenError> {
        let kind = self.kind_at(at)?;
        if kind.shape.is_none() {
            return Err(OpenError::Released);
        }
        // One that has had no migration of ours is somebody else's.
        if kind.driver.applied(at).await?.is_empty() {
            return Ok(false);
        }
        kind.driver.reset(at).await?;
        Ok(true)
    }

    /// Opens it, all migrations having been applied, and its read replicas.
    ///
    /// # Errors
    /// When it cannot be used, would not keep what is committed, lacks migrations, was made for another
    /// description, or has no replicas.
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
        if kind.shape.is_some() {
            let amendment = kind.amendment(&kind.driver.applied(at).await?)?;
            if let Some(again) = amendment.again {
                return Err(OpenError::Pending(again.name.to_owned()));
            }
        }
        let opened = kind.driver.open(at, replicas, kind.migrations, options);
        opened.await
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
    const fn new(driver: &'static dyn Driver, migrations: &'static [Migration]) -> Self {
        Self {
            driver,
            migrations,
            shape: None,
        }
    }

    fn is_at(&self, at: &Location) -> bool {
        at.has_scheme(self.driver.schemes())
    }

    /// All migrations, in their order.
    fn known(self) -> impl Iterator<Item = &'static Migration> + Clone {
        self.driver
            .runtime_migrations()
            .iter()
            .chain(self.migrations)
    }

    /// What has to be done to a database with this history, before the first release.
    fn amendment(self, applied: &Applied) -> Result<Amendment, OpenError> {
        let shape = Shape {
            parts: self.shape.unwrap_or_default(),
            runtime: self.driver.runtime_migrations(),
            migrations: self.migrations,
        };
        shape.amendment(applied)
    }

    /// Refuses a history that does not fit.
    fn check(self, applied: &Applied) -> Result<(), OpenError> {
        match self.shape {
            Some(_) => self.amendment(applied).map(drop),
            None => history::check(applied, self.known()),
        }
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
