//! A kind of database, as a service names it.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

use super::history::Applied;
use super::{Amendment, Engine, Migration, OpenError, Options};
use crate::location::Location;
#[cfg(feature = "testing")]
use crate::test_server::TestServer;

/// A kind of database that a service can stand on.
#[async_trait]
pub trait Driver: Debug + Send + Sync {
    /// What it is called: `PostgreSQL`.
    fn name(&self) -> &'static str;

    /// How the locations of such databases begin.
    fn schemes(&self) -> &'static [&'static str];

    /// What a location looks like where there is no default: on a server.
    fn example(&self) -> Option<&'static str> {
        None
    }

    /// Whether it can have read replicas.
    fn has_read_replicas(&self) -> bool {
        false
    }

    /// The migrations of the runtime itself, which come before those of a service.
    fn runtime_migrations(&self) -> &'static [Migration];

    /// What it has had, as it is on record; nothing where there is no database yet, and none is made.
    ///
    /// # Errors
    /// When the database cannot be used.
    async fn applied(&self, at: &Location) -> Result<Applied, OpenError>;

    /// Applies the migrations that have not been; the names of those that were.
    ///
    /// # Errors
    /// When the database cannot be used or a migration fails.
    async fn migrate(
        &self,
        at: &Location,
        migrations: &'static [Migration],
    ) -> Result<Vec<String>, OpenError>;

    /// Does to a database, which is there, what its first migration would have done otherwise.
    ///
    /// # Errors
    /// When the database cannot be used.
    async fn amend(&self, at: &Location, amendment: &Amendment) -> Result<(), OpenError>;

    /// Empties a database, which is there. Interrupted, it is begun again.
    ///
    /// # Errors
    /// When the database cannot be used.
    async fn reset(&self, at: &Location) -> Result<(), OpenError>;

    /// Opens it, all migrations having been applied, and its read replicas.
    ///
    /// # Errors
    /// When it cannot be used, would not keep what is committed, or lacks migrations.
    async fn open(
        &self,
        at: &Location,
        replicas: &[Location],
        migrations: &'static [Migration],
        options: Options,
    ) -> Result<Arc<dyn Engine>, OpenError>;

    /// How tests get databases of their own on a server; `None`: they are files.
    #[cfg(feature = "testing")]
    fn test_server(&self) -> Option<&'static dyn TestServer> {
        None
    }
}
