//! The engine, as a service names it.

use std::sync::Arc;

use async_trait::async_trait;
use platform_ports::engine::{Driver, Engine, Migration, OpenError, Options};
use platform_ports::location::Location;
#[cfg(feature = "testing")]
use platform_ports::test_server::TestServer;

use crate::{MongodbEngine, migrate};

/// A database of a MongoDB server, replica set or sharded cluster.
#[derive(Debug, Clone, Copy)]
pub struct Mongodb;

#[async_trait]
impl Driver for Mongodb {
    fn name(&self) -> &'static str {
        "MongoDB"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["mongodb", "mongodb+srv"]
    }

    fn example(&self) -> Option<&'static str> {
        Some("mongodb://name:password@host:27017/database")
    }

    async fn migrate(
        &self,
        at: &Location,
        migrations: &'static [Migration],
    ) -> Result<Vec<String>, OpenError> {
        migrate(at.secret(), migrations).await
    }

    async fn open(
        &self,
        at: &Location,
        _: &[Location],
        migrations: &'static [Migration],
        options: Options,
    ) -> Result<Arc<dyn Engine>, OpenError> {
        let engine = MongodbEngine::open(at.secret(), migrations, options);
        Ok(Arc::new(engine.await?))
    }

    #[cfg(feature = "testing")]
    fn test_server(&self) -> Option<&'static dyn TestServer> {
        Some(&crate::test_server::TestMongodb)
    }
}
