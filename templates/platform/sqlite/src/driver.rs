//! The engine, as a service names it.

use std::sync::Arc;

use async_trait::async_trait;
use platform_ports::engine::history::Applied;
use platform_ports::engine::{Amendment, Driver, Engine, Migration, OpenError, Options};
use platform_ports::location::Location;

use crate::{SqliteEngine, migrate, unreleased};

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

    fn runtime_migrations(&self) -> &'static [Migration] {
        migrate::RUNTIME
    }

    async fn applied(&self, at: &Location) -> Result<Applied, OpenError> {
        unreleased::history(&at.path())
    }

    async fn migrate(
        &self,
        at: &Location,
        migrations: &'static [Migration],
    ) -> Result<Vec<String>, OpenError> {
        migrate(&at.path(), migrations)
    }

    async fn amend(&self, at: &Location, amendment: &Amendment) -> Result<(), OpenError> {
        unreleased::amend(&at.path(), amendment)
    }

    async fn reset(&self, at: &Location) -> Result<(), OpenError> {
        unreleased::reset(&at.path())
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
