//! The engine, as a service names it.

use std::sync::Arc;

use async_trait::async_trait;
use platform_ports::engine::history::Applied;
use platform_ports::engine::{Amendment, Driver, Engine, Migration, OpenError, Options};
use platform_ports::location::Location;
#[cfg(feature = "testing")]
use platform_ports::test_server::TestServer;

use crate::{PostgresEngine, migrate, unreleased};

/// A database of a PostgreSQL server.
#[derive(Debug, Clone, Copy)]
pub struct Postgres;

#[async_trait]
impl Driver for Postgres {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["postgres", "postgresql"]
    }

    fn example(&self) -> Option<&'static str> {
        Some("postgres://name:password@host:5432/database")
    }

    fn has_read_replicas(&self) -> bool {
        true
    }

    fn runtime_migrations(&self) -> &'static [Migration] {
        migrate::RUNTIME
    }

    async fn applied(&self, at: &Location) -> Result<Applied, OpenError> {
        unreleased::history(at.secret()).await
    }

    async fn migrate(
        &self,
        at: &Location,
        migrations: &'static [Migration],
    ) -> Result<Vec<String>, OpenError> {
        migrate(at.secret(), migrations).await
    }

    async fn amend(&self, at: &Location, amendment: &Amendment) -> Result<(), OpenError> {
        unreleased::amend(at.secret(), amendment).await
    }

    async fn reset(&self, at: &Location) -> Result<(), OpenError> {
        unreleased::reset(at.secret()).await
    }

    async fn open(
        &self,
        at: &Location,
        replicas: &[Location],
        migrations: &'static [Migration],
        options: Options,
    ) -> Result<Arc<dyn Engine>, OpenError> {
        let engine = PostgresEngine::open(at.secret(), migrations, options).await?;
        let urls: Vec<_> = replicas.iter().map(Location::secret).collect();
        match urls.as_slice() {
            [] => Ok(Arc::new(engine)),
            urls => Ok(Arc::new(engine.with_standbys(urls, options).await?)),
        }
    }

    #[cfg(feature = "testing")]
    fn test_server(&self) -> Option<&'static dyn TestServer> {
        Some(&crate::test_server::TestPostgres)
    }
}
