//! Opens what a service stands on: its engine and its broker.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use uuid::Uuid;

use super::status::Status;
use super::{Service, ServiceError, listeners};
use crate::config::Config;
use crate::http::server::Server;
use platform_ports::broker::{Broker, BrokerError, Topic};
use platform_ports::cache::{Cache, CacheOptions};
use platform_ports::engine::{Engine, EngineError, OpenError, Options};
use platform_ports::location::Location;
use platform_ports::outage::Dependency;
use platform_runtime::Runtime;
use platform_runtime::recovery_request::commands_topic;
use platform_runtime::wake_up::WakeUp;

/// The longest pause before a server that did not answer is asked again.
const LONGEST: Duration = Duration::from_secs(5);
/// The pauses before it is.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(LONGEST)
    .without_max_times();

/// How long a start waits for the broker; then it goes on without.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the topics of a service are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topics {
    /// All of them.
    Made,
    /// Nobody knows: the broker did not answer.
    Missing,
}

impl Service {
    /// Brings the database up to date; the names of the migrations that were applied.
    pub(super) async fn migrate(&self, config: &Config) -> Result<Vec<String>, ServiceError> {
        make_folder(&config.database, "DATABASE_URL")?;
        let applied = self.database.migrate(&config.database).await;
        applied.map_err(|source| ServiceError::Database {
            at: config.database.clone(),
            source,
        })
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
        opened.map_err(|source| ServiceError::Database {
            at: config.database.clone(),
            source,
        })
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

    async fn open_broker(
        &self,
        config: &Config,
    ) -> Result<(Arc<dyn Broker>, Topics), ServiceError> {
        make_folder(&config.broker, "BROKER_URL")?;
        let failed = |source: BrokerError| ServiceError::Broker {
            at: config.broker.clone(),
            source,
        };
        let outage = Arc::clone(self.outages.of(Dependency::Broker));
        let broker = self.brokers.open(&config.broker, outage).map_err(failed)?;
        let topics = self.all_topics();
        match timeout(PATIENCE, broker.ensure_topics(&topics)).await {
            Ok(Ok(())) => Ok((broker, Topics::Made)),
            // Commands are answered without a broker; what they tell waits in the outbox.
            Err(_) | Ok(Err(BrokerError::Unavailable(_))) => Ok((broker, Topics::Missing)),
            Ok(Err(error)) => Err(failed(error)),
        }
    }

    /// Makes the topics as soon as the broker answers.
    pub(super) fn topics_made(&self, runtime: &Arc<Runtime>) -> impl Future<Output = ()> + use<> {
        let (runtime, topics) = (Arc::clone(runtime), self.all_topics());
        async move {
            let mut shutdown = runtime.shutdown.clone();
            let made = (|| runtime.broker.ensure_topics(&topics)).retry(PAUSES);
            let made = made.notify(|error: &BrokerError, _| {
                runtime.outages.failed(
                    error,
                    || tracing::warn!(%error, "the topics are not there yet; trying again"),
                );
            });
            tokio::select! {
                // There is no end to trying.
                _ = made => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
            // A task that ends is a task that failed.
            let _ = shutdown.wait_for(|stop| *stop).await;
        }
    }

    /// The topics it writes into or reads from. Those of others are made too, so that services may
    /// start in any order.
    fn all_topics(&self) -> Vec<Topic> {
        let owned = self.owned.iter().map(|owned| owned.topic);
        let topics = owned.chain(self.handlers.topics());
        let mut names: Vec<String> = topics.map(str::to_owned).collect();
        names.push(commands_topic(self.system, self.context));
        names.sort_unstable();
        names.dedup();
        let topic = |name| Topic {
            name,
            partitions: self.partitions,
        };
        names.into_iter().map(topic).collect()
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
fn make_folder(at: &Location, variable: &'static str) -> Result<(), ServiceError> {
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
