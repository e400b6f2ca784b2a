//! The small set of operations a broker has to offer.

mod brokers;
mod driver;

use async_trait::async_trait;

use platform_contract::envelope::Wire;

pub use self::brokers::Brokers;
pub use self::driver::Driver;

/// A topic as it has to exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// How many partitions it has; fixed for its life.
    pub partitions: u32,
}

/// A message to be published.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The key.
    pub key: String,
    /// The message.
    pub wire: Wire,
}

impl Publication {
    /// How many bytes it has, as the broker's limit counts them, without what its log adds.
    pub const fn size(&self) -> usize {
        self.key.len() + self.wire.size()
    }
}

/// What became of a message that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishOutcome {
    /// It is stored as durably as the broker does.
    Acknowledged,
    /// It will never be taken, and why; later messages of its key must wait.
    Refused(String),
    /// It was not taken this time.
    Failed(String),
}

/// A message as it was read.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: String,
    /// The message, perhaps not a valid envelope.
    pub wire: Wire,
}

/// What came of a poll.
#[derive(Debug)]
pub enum Polled {
    /// These partitions are this member's from now on; it has to [`Subscription::seek`] each.
    Assigned(Vec<Assignment>),
    /// These are no longer: whatever is under way may finish, but nothing new starts.
    Revoked(Vec<(String, u32)>),
    /// Messages of one partition, in order; empty when nothing came in time.
    Messages(Vec<Delivery>),
    /// The offset asked for is not in the log: the consumer has to resynchronise.
    OutOfRange {
        /// The topic.
        topic: String,
        /// The partition.
        partition: u32,
    },
}

/// A partition given to a member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// What tells the topic from one made anew under its name.
    pub topic_id: String,
    /// The first offset still there.
    pub start: i64,
    /// The offset the next message will get.
    pub end: i64,
}

/// A failure of the broker or the way to it.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// It will pass.
    #[error("the broker is not available: {0}")]
    Unavailable(String),
    /// It will not, until somebody changes something.
    #[error("the broker is not usable: {0}")]
    Unusable(String),
}

/// A broker with the operations the runtime needs.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    /// Makes topics that are not there yet.
    async fn ensure_topics(&self, topics: &[Topic]) -> Result<(), BrokerError>;

    /// Publishes in order; one outcome each. After a failure, later messages of the same key fail too.
    async fn publish(&self, messages: &[Publication]) -> Result<Vec<PublishOutcome>, BrokerError>;

    /// Joins a group that shares the partitions of topics.
    async fn subscribe(
        &self,
        group: &str,
        topics: &[String],
    ) -> Result<Box<dyn Subscription>, BrokerError>;

    /// The partitions of a topic with their first and next offsets.
    async fn partitions(&self, topic: &str) -> Result<Vec<Assignment>, BrokerError>;

    /// Deletes a topic, if it is there.
    async fn delete_topic(&self, topic: &str) -> Result<(), BrokerError>;
}

/// A member of a group.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for something to do, `wait_ms` at most; messages come `limit` at most at a time.
    async fn poll(&mut self, limit: u32, wait_ms: u64) -> Result<Polled, BrokerError>;

    /// Reads a partition from this offset on.
    async fn seek(&mut self, topic: &str, partition: u32, offset: i64) -> Result<(), BrokerError>;

    /// Stops or resumes a partition; a paused one stays assigned.
    async fn pause(&mut self, topic: &str, partition: u32, paused: bool)
    -> Result<(), BrokerError>;

    /// Tells the broker how far was read, for operators; correctness does not depend on it.
    async fn commit(&mut self, topic: &str, partition: u32, next: i64) -> Result<(), BrokerError>;
}
