//! Apache Kafka.
//!
//! What was acknowledged is on all brokers that are in step (`acks=all`). Readers share partitions
//! by Kafka's own groups, cooperatively: only what moves is taken away, and it moves when its owner
//! is done with it. Where a reader stands is its own business; what the group keeps of it is for
//! operators. An offset that is gone is told, never put elsewhere.
//!
//! The clients reconnect by themselves. While no broker answers, questions and publications fail
//! after some seconds, and readers have nothing to read.

mod codec;
mod driver;
mod ending;
mod error;
mod location;
mod member;
mod observer;
mod outcomes;
mod owned;
mod producer;
mod publish;
mod rebalance;
mod retention;
mod settings;
mod subscription;
#[cfg(feature = "testing")]
mod test_server;
mod topics;

use std::sync::Arc;

use async_trait::async_trait;
use platform_ports::broker::{
    Assignment, Broker, BrokerError, Publication, PublishOutcome, Subscription, Topic,
};
use platform_ports::outage::{Dependency, Outage};

pub use self::driver::Kafka;
use self::error::Health;
use self::publish::Publisher;
pub use self::settings::{Mechanism, Sasl, Settings};
use self::subscription::KafkaSubscription;
use self::topics::Topics;

/// The broker, as one process sees it.
pub struct KafkaBroker {
    settings: Settings,
    health: Arc<Health>,
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
        let health = Arc::new(Health::new(&settings.brokers, outage));
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
