//! Topics: making and deleting them, telling them apart, and where their partitions begin and end.
//!
//! What tells a topic from one made anew under its name is a number that it gets when it is made,
//! and that goes when it does: Kafka's own topic ids are not to be had through the client's safe
//! interface. The number stands in the topic's configuration, as the value of
//! `max.compaction.lag.ms`: that has no meaning where nothing is compacted, and in the range of our
//! numbers (some hundred million years) none at all. So it is written with the topic in one step,
//! there is nothing to keep in step with it, and of services that make a topic at the same time one
//! alone decides. A topic that others have made has no number: all such are one topic id, and if
//! somebody makes it anew, only offsets that are out of range will tell.

use std::sync::Arc;
use std::time::Duration;

use platform_ports::broker::{Assignment, BrokerError, Topic};
use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use tokio::time::Instant;
use uuid::Uuid;

use super::error::{ConnectionHealth, QueryContext};
use super::metadata::{MetadataClient, PATIENCE};
use super::retention::{self, RETENTION};
use super::settings::Settings;

/// The pause before a question is asked again.
const PAUSE: Duration = Duration::from_millis(20);
/// Where a topic's number stands.
const MARK: &str = "max.compaction.lag.ms";
/// The topic id of a topic without a number.
const UNMARKED: &str = "unmarked";

/// Asks and tells the cluster about topics.
pub struct Topics {
    pub(super) settings: Settings,
    pub(super) health: Arc<ConnectionHealth>,
    pub(super) admin: AdminClient<QueryContext>,
    metadata: MetadataClient,
}

impl Topics {
    /// Connects on the first question.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn new(settings: &Settings, health: &Arc<ConnectionHealth>) -> Result<Self, BrokerError> {
        let failed = |error: KafkaError| health.error("the settings", &error);
        let mut quiet = settings.metadata();
        // Nobody reads the log of this client, and it would be kept.
        quiet.set_log_level(RDKafkaLogLevel::Emerg);
        let context = QueryContext(Arc::clone(health));
        Ok(Self {
            settings: settings.clone(),
            health: Arc::clone(health),
            admin: quiet.create_with_context(context).map_err(failed)?,
            metadata: MetadataClient::new(settings, health)?,
        })
    }

    /// Makes the topics that are not there, and waits until they are; all keep messages as long as
    /// the settings say.
    ///
    /// # Errors
    /// When the cluster fails or refuses, or one is there with another number of partitions.
    pub async fn ensure(&self, topics: &[Topic]) -> Result<(), BrokerError> {
        for topic in topics {
            if self.count(&topic.name).await?.is_none() {
                self.create(topic).await?;
            }
            let deadline = Instant::now() + PATIENCE;
            let count = loop {
                match self.count(&topic.name).await? {
                    Some(count) => break count,
                    None if Instant::now() > deadline => {
                        let what = format!("making the topic {}", topic.name);
                        return Err(self.health.failure(&what, Code::OperationTimedOut));
                    }
                    None => tokio::time::sleep(PAUSE).await,
                }
            };
            if count != topic.partitions {
                return Err(BrokerError::Unusable(format!(
                    "the topic {} has {count} partitions and should have {}; the number of \
                     partitions is fixed for a topic's life",
                    self.settings.full(&topic.name),
                    topic.partitions
                )));
            }
            if let Some(retention) = self.settings.retention {
                self.set_retention(&topic.name, retention).await?;
            }
        }
        Ok(())
    }

    async fn create(&self, topic: &Topic) -> Result<(), BrokerError> {
        let what = format!("making the topic {}", topic.name);
        let name = self.settings.full(&topic.name);
        let partitions = i32::try_from(topic.partitions).unwrap_or(i32::MAX);
        let replication = self.settings.replication.map_or(-1, i32::from);
        // The lower 62 bits of such an id are random.
        let mark = (1 << 62) | (Uuid::now_v7().as_u128() & ((1 << 62) - 1));
        let mark = mark.to_string();
        let mut new = NewTopic::new(&name, partitions, TopicReplication::Fixed(replication))
            .set("cleanup.policy", "delete")
            .set(MARK, &mark);
        let retention = self.settings.retention.map(retention::millis);
        if let Some(retention) = &retention {
            new = new.set(RETENTION, retention);
        }
        if replication >= 3 {
            // What one broker alone has written would go with it.
            new = new.set("min.insync.replicas", "2");
        }
        let made = self.admin.create_topics([&new], &options()).await;
        let made = made.map_err(|error| self.health.error(&what, &error))?;
        for outcome in made {
            match outcome {
                Ok(_) | Err((_, Code::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(self.health.failure(&what, code)),
            }
        }
        Ok(())
    }

    /// Deletes a topic, and waits until it is gone.
    ///
    /// # Errors
    /// When the cluster fails or refuses.
    pub async fn delete(&self, topic: &str) -> Result<(), BrokerError> {
        let what = format!("deleting the topic {topic}");
        let name = self.settings.full(topic);
        let deleted = self.admin.delete_topics(&[&name], &options()).await;
        let deleted = deleted.map_err(|error| self.health.error(&what, &error))?;
        for outcome in deleted {
            match outcome {
                Ok(_) | Err((_, Code::UnknownTopicOrPartition)) => {}
                Err((_, code)) => return Err(self.health.failure(&what, code)),
            }
        }
        let deadline = Instant::now() + PATIENCE;
        while self.count(topic).await?.is_some() {
            if Instant::now() > deadline {
                return Err(self.health.failure(&what, Code::OperationTimedOut));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// The partitions of a topic; none where there is no such topic.
    ///
    /// # Errors
    /// When the cluster fails or refuses.
    pub async fn partitions(&self, topic: &str) -> Result<Vec<Assignment>, BrokerError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Some(count) = self.count(topic).await? else {
                return Ok(Vec::new());
            };
            // The topic id first: at worst the offsets are of a newer one, which readers notice
            // as soon as they look again.
            if let Some(topic_id) = self.topic_id(topic).await?
                && let Some(offsets) = self.offsets(topic, (0..count).collect()).await?
            {
                let partition = |(partition, start, end)| Assignment {
                    topic: topic.to_owned(),
                    partition,
                    topic_id: topic_id.clone(),
                    start,
                    end,
                };
                return Ok(offsets.into_iter().map(partition).collect());
            }
            if Instant::now() > deadline {
                let what = format!("the offsets of the topic {topic}");
                return Err(self.health.failure(&what, Code::OperationTimedOut));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// How many partitions a topic has; `None` where there is no such topic, or not yet everywhere.
    async fn count(&self, topic: &str) -> Result<Option<u32>, BrokerError> {
        let have_leaders = self.have_leaders(topic).await?;
        let have_leaders = have_leaders.filter(|have_leaders| {
            !have_leaders.is_empty() && have_leaders.iter().all(|has_leader| *has_leader)
        });
        Ok(have_leaders.and_then(|have_leaders| u32::try_from(have_leaders.len()).ok()))
    }

    /// For each partition of a topic, whether there is a broker in charge of it; `None` where there
    /// is no such topic.
    ///
    /// # Errors
    /// When the cluster fails or refuses.
    pub async fn have_leaders(&self, topic: &str) -> Result<Option<Vec<bool>>, BrokerError> {
        self.metadata.have_leaders(&self.settings.full(topic)).await
    }

    /// The first and the next offset of partitions; `None` where one cannot be had at the moment.
    ///
    /// # Errors
    /// When the cluster fails or refuses.
    pub async fn offsets(
        &self,
        topic: &str,
        partitions: Vec<u32>,
    ) -> Result<Option<Vec<(u32, i64, i64)>>, BrokerError> {
        let topic = self.settings.full(topic);
        self.metadata.offsets(&topic, partitions).await
    }

    /// What tells a topic from one made anew under its name; `None` where there is no such topic.
    ///
    /// # Errors
    /// When the cluster fails or refuses.
    pub async fn topic_id(&self, topic: &str) -> Result<Option<String>, BrokerError> {
        let what = format!("the configuration of the topic {topic}");
        let name = self.settings.full(topic);
        let topic = ResourceSpecifier::Topic(&name);
        let described = self.admin.describe_configs([&topic], &options()).await;
        let described = described.map_err(|error| self.health.error(&what, &error))?;
        match described.into_iter().next() {
            Some(Ok(config)) => {
                let mark = config.get(MARK);
                let own = mark.filter(|mark| mark.source == ConfigSource::DynamicTopic);
                let mark = own.and_then(|mark| mark.value.clone());
                Ok(Some(mark.unwrap_or_else(|| UNMARKED.to_owned())))
            }
            None | Some(Err(Code::UnknownTopicOrPartition)) => Ok(None),
            Some(Err(code)) => Err(self.health.failure(&what, code)),
        }
    }
}

pub(super) fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(PATIENCE))
        .operation_timeout(Some(PATIENCE / 2))
}
