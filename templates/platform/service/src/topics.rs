//! The broker of a service, and the topics on it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use backon::Retryable;
use tokio::time::timeout;

use super::open::{PAUSES, make_folder};
use super::{Service, ServiceError};
use crate::config::Config;
use platform_ports::broker::{Broker, BrokerError, Topic};
use platform_ports::outage::Dependency;
use platform_runtime::Runtime;
use platform_runtime::recovery_request::commands_topic;

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
    /// The broker, and whether the topics are there.
    pub(super) async fn open_broker(
        &self,
        config: &Config,
    ) -> Result<(Arc<dyn Broker>, Topics), ServiceError> {
        let broker = self.broker(config)?;
        let topics = self.all_topics();
        match timeout(PATIENCE, broker.ensure_topics(&topics)).await {
            Ok(Ok(())) => Ok((broker, Topics::Made)),
            // Commands are answered without a broker; what they tell waits in the outbox.
            Err(_) | Ok(Err(BrokerError::Unavailable(_))) => Ok((broker, Topics::Missing)),
            Ok(Err(error)) => Err(at_broker(config, error)),
        }
    }

    /// The broker, of which nothing was asked yet.
    fn broker(&self, config: &Config) -> Result<Arc<dyn Broker>, ServiceError> {
        make_folder(&config.broker, "BROKER_URL")?;
        let outage = Arc::clone(self.outages.of(Dependency::Broker));
        let opened = self.brokers.open(&config.broker, outage);
        opened.map_err(|source| at_broker(config, source))
    }

    /// Makes the service's own topics anew, so that nobody reads what it told in a former life: who reads
    /// them notices, since each has another id. Their names.
    pub(super) async fn reset_topics(&self, config: &Config) -> Result<Vec<String>, ServiceError> {
        let broker = self.broker(config)?;
        let topics = self.own_topics();
        for topic in &topics {
            let deleted = broker.delete_topic(&topic.name).await;
            deleted.map_err(|source| at_broker(config, source))?;
        }
        let made = broker.ensure_topics(&topics).await;
        made.map_err(|source| at_broker(config, source))?;
        Ok(topics.into_iter().map(|topic| topic.name).collect())
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
        let read = self.handlers.topics().into_iter().map(str::to_owned);
        self.topics(self.own_names().chain(read))
    }

    /// The topics that are its own: of its aggregates, and of what it is asked.
    fn own_topics(&self) -> Vec<Topic> {
        self.topics(self.own_names())
    }

    fn own_names(&self) -> impl Iterator<Item = String> {
        let owned = self.owned.iter().map(|owned| owned.topic.to_owned());
        owned.chain([commands_topic(self.system, self.context)])
    }

    /// The topics of these names, each once.
    fn topics(&self, names: impl Iterator<Item = String>) -> Vec<Topic> {
        let names: BTreeSet<String> = names.collect();
        let topic = |name| Topic {
            name,
            partitions: self.partitions,
        };
        names.into_iter().map(topic).collect()
    }
}

fn at_broker(config: &Config, source: BrokerError) -> ServiceError {
    ServiceError::Broker {
        at: config.broker.clone(),
        source,
    }
}
