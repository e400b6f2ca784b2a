//! The engine, as a service names it.

use std::sync::Arc;

use async_trait::async_trait;
use platform_ports::engine::{Driver, Engine, Migration, OpenError, Options};
use platform_ports::location::Location;

use crate::{SqliteEngine, migrate};

/// A file, which the processes of one machine share.
#[derive(Debug, Clone, Copy)]
pub struct Sqlite;

#[async_trait]
impl Driver for Sqlite {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["sqlite"]
    }

    async fn migrate(
        &self,
        at: &Location,
        migrations: &'static [Migration],
    ) -> Result<Vec<String>, OpenError> {
        migrate(&at.path(), migrations)
    }

    async fn open(
        &self,
        at: &Location,
        _: &[Location],
        migrations: &'static [Migration],
        options: Options,
    ) -> Result<Arc<dyn Engine>, OpenError> {
        let engine = SqliteEngine::open(&at.path(), migrations, options)?;
        Ok(Arc::new(engine))
    }
}
