//! Kafka, as durable as a generated service uses it.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord};
use uuid::Uuid;

use crate::Outcome;

/// How many partitions topics have.
const PARTITIONS: i32 = 8;

/// A topic and what sends to it.
#[derive(Clone)]
pub struct Topic {
    producer: FutureProducer,
    name: String,
}

impl Topic {
    /// A new one.
    pub async fn create(brokers: &str) -> Outcome<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", brokers);
        let name = format!("peers.{}", Uuid::now_v7());
        let admin: AdminClient<DefaultClientContext> = config.create()?;
        let made = NewTopic::new(&name, PARTITIONS, TopicReplication::Fixed(1));
        admin.create_topics(&[made], &AdminOptions::new()).await?;
        let producer = config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0")
            .set("compression.type", "lz4")
            .create()?;
        Ok(Self { producer, name })
    }

    /// Sends a message, and waits until it is acknowledged.
    pub async fn send(&self, key: &str, payload: &[u8]) -> Result<(), String> {
        let record = FutureRecord::to(&self.name).key(key).payload(payload);
        let sent = self.producer.send(record, None).await;
        sent.map(|_| ()).map_err(|(error, _)| error.to_string())
    }
}
