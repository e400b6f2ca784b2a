//! Opens what a service stands on: its engine and its broker.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{Failure, Service};
use crate::broker::embedded::EmbeddedBroker;
use crate::broker::{Broker, BrokerError, Topic};
use crate::config::Config;
use crate::engine::Options;
use crate::engine::sqlite::{self, SqliteEngine};
use crate::requests::commands_topic;
use crate::runtime::Runtime;

impl Service {
    /// Brings the database up to date; the names of the migrations that were applied.
    pub(super) fn migrate(&self, config: &Config) -> Result<Vec<String>, Failure> {
        make_folder(&config.database, "DATABASE_PATH")?;
        sqlite::migrate(&config.database, self.migrations).map_err(|source| Failure::Database {
            path: config.database.clone(),
            source,
        })
    }

    /// Opens engine and broker, the database being up to date, and makes the topics.
    pub(super) async fn open(
        &self,
        config: &Config,
        shutdown: watch::Receiver<bool>,
    ) -> Result<Arc<Runtime>, Failure> {
        let options = Options {
            outbox_limit: config.outbox_limit,
            ..Options::default()
        };
        let engine = SqliteEngine::open(&config.database, self.migrations, options);
        let engine = engine.map_err(|source| Failure::Database {
            path: config.database.clone(),
            source,
        })?;
        let broker = self.broker(config).await?;
        Ok(Arc::new(Runtime {
            system: self.system,
            context: self.context,
            instance: Uuid::now_v7(),
            engine: Arc::new(engine),
            broker,
            partitions: self.partitions,
            commands: self.commands.clone(),
            outbox_bell: Notify::new(),
            commands_bell: Notify::new(),
            jobs_bell: Notify::new(),
            shutdown,
        }))
    }

    async fn broker(&self, config: &Config) -> Result<Arc<dyn Broker>, Failure> {
        make_folder(&config.broker, "BROKER_PATH")?;
        let failed = |source: BrokerError| Failure::Broker {
            path: config.broker.clone(),
            source,
        };
        let broker = EmbeddedBroker::open(&config.broker).map_err(failed)?;
        broker
            .ensure_topics(&self.all_topics())
            .await
            .map_err(failed)?;
        Ok(Arc::new(broker))
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

fn make_folder(file: &Path, variable: &'static str) -> Result<(), Failure> {
    let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    else {
        return Ok(());
    };
    std::fs::create_dir_all(folder).map_err(|source| Failure::Folder {
        path: folder.to_owned(),
        variable,
        source,
    })
}
