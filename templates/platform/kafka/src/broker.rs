//! The broker, as one process sees it.

use std::sync::Arc;

use async_trait::async_trait;
use platform_ports::broker::{
    Assignment, Broker, BrokerError, Publication, PublishOutcome, Subscription, Topic,
};
use platform_ports::outage::{Dependency, Outage};

use super::error::ConnectionHealth;
use super::publish::Publisher;
use super::settings::Settings;
use super::subscription::KafkaSubscription;
use super::topics::Topics;

/// The broker, as one process sees it.
pub struct KafkaBroker {
    settings: Settings,
    health: Arc<ConnectionHealth>,
    topics: Arc<Topics>,
    publisher: Publisher,
}

impl KafkaBroker {
    /// Prepares the clients. They connect when they are needed, so the cluster may come later.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn open(settings: Settings) -> Result<Self, BrokerError> {
        Self::open_noting(settings, Outage::alone(Dependency::Broker))
    }

    /// The same, and what clients say of a cluster that is out is noted there.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn open_noting(settings: Settings, outage: Arc<Outage>) -> Result<Self, BrokerError> {
        if settings.brokers.trim().is_empty() {
            let why = "no broker of Kafka is named, as in `127.0.0.1:9092`";
            return Err(BrokerError::Unusable(why.to_owned()));
        }
        let health = Arc::new(ConnectionHealth::new(&settings.brokers, outage));
        let topics = Arc::new(Topics::new(&settings, &health)?);
        Ok(Self {
            publisher: Publisher::new(&settings, &health, &topics)?,
            settings,
            health,
            topics,
        })
    }
}

#[async_trait]
impl Broker for KafkaBroker {
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), BrokerError> {
        self.topics.ensure(topics).await
    }

    async fn publish(&self, messages: &[Publication]) -> Result<Vec<PublishOutcome>, BrokerError> {
        self.publisher.publish(messages).await
    }

    async fn subscribe(
        &self,
        group: &str,
        topics: &[String],
    ) -> Result<Box<dyn Subscription>, BrokerError> {
        Ok(Box::new(KafkaSubscription::join(
            &self.settings,
            &self.health,
            &self.topics,
            group,
            topics,
        )?))
    }

    async fn partitions(&self, topic: &str) -> Result<Vec<Assignment>, BrokerError> {
        self.topics.partitions(topic).await
    }

    async fn delete_topic(&self, topic: &str) -> Result<(), BrokerError> {
        self.topics.delete(topic).await
    }
}
