//! Opens what a service stands on: its engine, its cache and its broker.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::status::Status;
use super::topics::Topics;
use super::{Service, ServiceError, listeners};
use crate::config::Config;
use crate::http::server::Server;
use platform_ports::cache::{Cache, CacheOptions};
use platform_ports::engine::{Engine, EngineError, OpenError, Options};
use platform_ports::location::Location;
use platform_ports::outage::Dependency;
use platform_runtime::Runtime;
use platform_runtime::wake_up::WakeUp;

/// The longest pause before a server that did not answer is asked again.
const LONGEST: Duration = Duration::from_secs(5);
/// The pauses before it is.
pub(super) const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(LONGEST)
    .without_max_times();

impl Service {
    /// Brings the database up to date; the names of the migrations that were applied.
    pub(super) async fn migrate(&self, config: &Config) -> Result<Vec<String>, ServiceError> {
        make_folder(&config.database, "DATABASE_URL")?;
        let applied = self.database.migrate(&config.database).await;
        applied.map_err(|source| in_database(config, source))
    }

    /// The names of the migrations that have not been applied; nothing is changed, or made.
    pub(super) async fn pending(&self, config: &Config) -> Result<Vec<&'static str>, ServiceError> {
        let pending = self.database.pending(&config.database).await;
        pending.map_err(|source| in_database(config, source))
    }

    /// Empties the database, in a workspace that was never released; whether there was anything.
    pub(super) async fn reset(&self, config: &Config) -> Result<bool, ServiceError> {
        let emptied = self.database.reset(&config.database).await;
        emptied.map_err(|source| in_database(config, source))
    }

    /// Brings the database up to date and opens everything, as soon as the servers answer.
    pub(super) async fn open_when_there(
        &self,
        config: &Config,
        listener: &TcpListener,
        status: &Arc<Status>,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(Arc<Runtime>, Topics), ServiceError> {
        let database = self.outages.of(Dependency::Database);
        let mut pauses = PAUSES.build();
        let mut meanwhile: Option<Server> = None;
        loop {
            match self.open_to_serve(config, shutdown).await {
                Err(failure) if failure.may_pass() => {
                    database.failed(&failure, || tracing::warn!("{failure}; trying again"));
                    database.report();
                    status.because(&failure);
                    if meanwhile.is_none() {
                        let answering = listeners::meanwhile(listener, config, status);
                        meanwhile = Some(answering.map_err(ServiceError::Threads)?);
                    }
                    tokio::time::sleep(pauses.next().unwrap_or(LONGEST)).await;
                }
                opened => {
                    database.answered();
                    return opened;
                }
            }
        }
    }

    /// Brings the database up to date, opens everything, and records where handlers begin that begin
    /// with the database.
    async fn open_to_serve(
        &self,
        config: &Config,
        shutdown: &watch::Receiver<bool>,
    ) -> Result<(Arc<Runtime>, Topics), ServiceError> {
        let applied = self.migrate(config).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = ?applied, "the database is up to date");
        }
        let opened = self.open(config, shutdown.clone()).await?;
        let engine = &*opened.0.engine;
        self.handlers.begin_on_new(engine, self.partitions).await?;
        Ok(opened)
    }

    /// Opens engine and broker, the database being up to date, and makes the topics.
    pub(super) async fn open(
        &self,
        config: &Config,
        shutdown: watch::Receiver<bool>,
    ) -> Result<(Arc<Runtime>, Topics), ServiceError> {
        let engine = self.engine(config).await?;
        let cache = self.open_cache(config)?;
        let (broker, topics) = self.open_broker(config).await?;
        let runtime = Arc::new(Runtime {
            system: self.system,
            context: self.context,
            instance: Uuid::now_v7(),
            engine,
            cache,
            broker,
            outages: Arc::clone(&self.outages),
            partitions: self.partitions,
            commands: self.commands.clone(),
            outbox_wake_up: WakeUp::default(),
            commands_wake_up: Notify::new(),
            jobs_wake_up: Notify::new(),
            erasures_wake_up: Notify::new(),
            generations_wake_up: Notify::new(),
            shutdown,
        });
        Ok((runtime, topics))
    }

    async fn engine(&self, config: &Config) -> Result<Arc<dyn Engine>, ServiceError> {
        let options = Options {
            outbox_limit: config.outbox_limit,
            ..Options::default()
        };
        let opened = self
            .database
            .open(&config.database, &config.replicas, options);
        let opened = opened.await;
        opened.map_err(|source| in_database(config, source))
    }

    /// The cache, where the service is described with one and it is named.
    fn open_cache(&self, config: &Config) -> Result<Option<Arc<dyn Cache>>, ServiceError> {
        let Some((driver, time_to_live)) = self.cached else {
            return Ok(None);
        };
        let Some(at) = &config.cache else {
            tracing::info!("`CACHE_URL` names no cache: the database answers all reads");
            return Ok(None);
        };
        let at = at.clone();
        if !at.has_scheme(driver.schemes()) {
            let scheme = at.scheme();
            let why = format!("no cache of this service is named by `{scheme}:`");
            let source = OpenError::Unusable(why);
            return Err(ServiceError::Cache { at, source });
        }
        let outage = Arc::clone(self.outages.of(Dependency::Cache));
        let wanted = CacheOptions {
            at,
            time_to_live,
            outage,
        };
        let opened = driver.open(&wanted).map(Some);
        opened.map_err(|source| ServiceError::Cache {
            at: wanted.at,
            source,
        })
    }
}

fn in_database(config: &Config, source: OpenError) -> ServiceError {
    ServiceError::Database {
        at: config.database.clone(),
        source,
    }
}

impl ServiceError {
    /// Whether it is only that a server is not there yet.
    const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Database {
                source: OpenError::Unreachable { .. },
                ..
            } | Self::Engine(EngineError::Unavailable(_))
        )
    }
}

/// Makes the folder of a file, where the location is one.
pub(super) fn make_folder(at: &Location, variable: &'static str) -> Result<(), ServiceError> {
    if !at.has_scheme(&["sqlite", "embedded"]) {
        return Ok(());
    }
    let path = at.path();
    let folder = path.parent();
    let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|source| ServiceError::Folder {
        path: folder.to_owned(),
        variable,
        source,
    })
}
