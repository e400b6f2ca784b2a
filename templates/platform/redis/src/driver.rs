//! The engine, as a service names it.

use std::sync::Arc;

use async_trait::async_trait;
use platform_ports::engine::history::Applied;
use platform_ports::engine::{Amendment, Driver, Engine, Migration, OpenError, Options};
use platform_ports::location::Location;
#[cfg(feature = "testing")]
use platform_ports::test_server::TestServer;

use crate::{RedisEngine, migrate, unreleased};

/// A place in a Redis or a cluster of it.
#[derive(Debug, Clone, Copy)]
pub struct Redis;

#[async_trait]
impl Driver for Redis {
    fn name(&self) -> &'static str {
        "Redis"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["redis", "rediss"]
    }

    fn example(&self) -> Option<&'static str> {
        Some("redis://host:6379/?prefix=system.context")
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
        _: &[Location],
        migrations: &'static [Migration],
        options: Options,
    ) -> Result<Arc<dyn Engine>, OpenError> {
        let engine = RedisEngine::open(at.secret(), migrations, options);
        Ok(Arc::new(engine.await?))
    }

    #[cfg(feature = "testing")]
    fn test_server(&self) -> Option<&'static dyn TestServer> {
        Some(&crate::test_server::TestRedis)
    }
}
