//! Recovery requests: what a service sends to the context that owns an aggregate to get what it lacks,
//! snapshots, events once more, or a whole replay. [`crate::publisher`] answers them.

use uuid::Uuid;

use platform_contract::envelope::{Control, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::broker::{Broker, BrokerError, Publication, PublishOutcome};

/// The topic in which a context gets requests: `<system>.<context>.commands`.
pub fn commands_topic(system: &str, context: &str) -> String {
    format!("{system}.{context}.commands")
}

/// The topic that the replay of a request comes in: `<topic>.replay.<request>`.
pub fn replay_topic(topic: &str, request: Uuid) -> String {
    format!("{topic}.replay.{request}")
}

/// Sends recovery requests of one context to another.
#[derive(Debug, Clone)]
pub struct RecoveryRequester<'a> {
    /// The system, in kebab case.
    pub system: &'a str,
    /// The context that asks.
    pub from: &'a str,
    /// The context that owns the aggregate.
    pub owner: &'a str,
    /// How many partitions the topics have.
    pub partitions: u32,
}

impl RecoveryRequester<'_> {
    /// The message that asks for something. Requests about one aggregate keep to one partition.
    ///
    /// `request` is one of [`Control`]'s requests; its id is the message's.
    pub fn publication(&self, request: &Control, time: Timestamp) -> Publication {
        let id = request.request().unwrap_or_default();
        let key = request.subject().unwrap_or(id);
        Publication {
            topic: commands_topic(self.system, self.owner),
            partition: partition_of(key, self.partitions),
            key: key.to_string(),
            wire: request.to_wire(id, &format!("/{}/{}", self.system, self.from), time),
        }
    }

    /// Publishes a request. Asking again under the same id is safe.
    ///
    /// # Errors
    /// When the broker did not take it.
    pub async fn publish(
        &self,
        broker: &dyn Broker,
        request: &Control,
        time: Timestamp,
    ) -> Result<(), BrokerError> {
        let outcomes = broker.publish(&[self.publication(request, time)]).await?;
        match outcomes.into_iter().next() {
            Some(PublishOutcome::Acknowledged) => Ok(()),
            Some(PublishOutcome::Refused(why)) => Err(BrokerError::Unusable(why)),
            Some(PublishOutcome::Failed(why)) => Err(BrokerError::Unavailable(why)),
            None => Err(BrokerError::Unavailable("it gave no answer".to_owned())),
        }
    }
}
