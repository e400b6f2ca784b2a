//! Asks the cluster for the metadata of topics, by their names there.

use std::sync::Arc;
use std::time::Duration;

use platform_ports::broker::BrokerError;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};
use tokio::task::spawn_blocking;

use super::error::{self, ConnectionHealth, QueryContext};
use super::settings::Settings;

/// How long one question may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the cluster for the metadata of topics.
pub struct MetadataClient {
    health: Arc<ConnectionHealth>,
    client: Arc<BaseConsumer<QueryContext>>,
}

impl MetadataClient {
    /// Connects on the first question.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn new(settings: &Settings, health: &Arc<ConnectionHealth>) -> Result<Self, BrokerError> {
        let context = QueryContext(Arc::clone(health));
        let client = settings.metadata().create_with_context(context);
        let client = client.map_err(|error| health.error("the settings", &error))?;
        Ok(Self {
            health: Arc::clone(health),
            client: Arc::new(client),
        })
    }

    /// For each partition of a topic, whether there is a broker in charge of it; `None` where there
    /// is no such topic.
    ///
    /// # Errors
    /// When the cluster fails or refuses.
    pub async fn have_leaders(&self, topic: &str) -> Result<Option<Vec<bool>>, BrokerError> {
        let name = topic.to_owned();
        let question = move |client: &BaseConsumer<QueryContext>| {
            let metadata = client.fetch_metadata(Some(&name), PATIENCE)?;
            let found = metadata.topics().iter().find(|topic| topic.name() == name);
            if let Some(error) = found.and_then(|topic| topic.error()) {
                return Err(KafkaError::MetadataFetch(error.into()));
            }
            Ok(found.map(|topic| {
                let mut have_leaders = vec![false; topic.partitions().len()];
                for partition in topic.partitions() {
                    let number = usize::try_from(partition.id()).unwrap_or(usize::MAX);
                    if let Some(has_leader) = have_leaders.get_mut(number) {
                        *has_leader = partition.leader() >= 0;
                    }
                }
                have_leaders
            }))
        };
        match self.ask("its topics", question).await {
            Err(QueryError::Code(Code::UnknownTopicOrPartition | Code::LeaderNotAvailable)) => {
                Ok(None)
            }
            other => other.map_err(|error| self.explain("its topics", error)),
        }
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
        let name = topic.to_owned();
        let found = self
            .ask("the offsets", move |client| {
                let starts = edge(client, &name, &partitions, Offset::Beginning)?;
                let ends = edge(client, &name, &partitions, Offset::End)?;
                let edges = partitions.iter().zip(starts.into_iter().zip(ends));
                Ok(edges
                    .map(|(one, (start, end))| (*one, start, end))
                    .collect())
            })
            .await;
        match found {
            Ok(offsets) => Ok(Some(offsets)),
            Err(QueryError::Code(
                Code::UnknownTopicOrPartition
                | Code::UnknownPartition
                | Code::UnknownTopic
                | Code::LeaderNotAvailable
                | Code::NotLeaderForPartition
                | Code::UnknownTopicId,
            )) => Ok(None),
            Err(error) => Err(self.explain("the offsets", error)),
        }
    }

    /// Asks something that may block.
    async fn ask<T: Send + 'static>(
        &self,
        what: &str,
        question: impl FnOnce(&BaseConsumer<QueryContext>) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, QueryError> {
        let client = Arc::clone(&self.client);
        let asked = spawn_blocking(move || {
            let answer = question(&client);
            // What it has to say besides: its log, and why nobody answers.
            for _ in 0..100 {
                drop(client.poll(Duration::ZERO));
            }
            answer
        });
        let answer = asked
            .await
            .map_err(|error| QueryError::Other(BrokerError::Unavailable(error.to_string())))?;
        match answer {
            Ok(answer) => {
                self.health.answered();
                Ok(answer)
            }
            Err(error) => Err(match error::code(&error) {
                Some(code) => QueryError::Code(code),
                None => QueryError::Other(self.health.error(what, &error)),
            }),
        }
    }

    fn explain(&self, what: &str, error: QueryError) -> BrokerError {
        match error {
            QueryError::Code(code) => self.health.failure(what, code),
            QueryError::Other(error) => error,
        }
    }
}

/// Why there is no answer.
enum QueryError {
    /// The client or the cluster said why.
    Code(Code),
    /// Something else.
    Other(BrokerError),
}

/// The offsets at one end of partitions.
fn edge(
    client: &BaseConsumer<QueryContext>,
    topic: &str,
    partitions: &[u32],
    which: Offset,
) -> Result<Vec<i64>, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        let partition = i32::try_from(*partition).unwrap_or(i32::MAX);
        list.add_partition_offset(topic, partition, which)?;
    }
    // Kafka asks for the ends of a partition as it does for a time: they are times of their own.
    let found = client.offsets_for_times(list, PATIENCE)?;
    let offsets = found.elements().into_iter().map(|element| {
        element.error()?;
        match element.offset() {
            Offset::Offset(offset) => Ok(offset),
            _ => Err(KafkaError::OffsetFetch(Code::UnknownPartition)),
        }
    });
    offsets.collect()
}
