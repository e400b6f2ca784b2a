//! Why requests are held up.

use super::request_consumer::RequestConsumerError;
use platform_ports::broker::{BrokerError, PublishOutcome};
use platform_ports::engine::CommitError;
use platform_ports::outage::{Cause, Dependency};

/// Why requests are held up. They go on later.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublisherError {
    /// Requests could not be accepted.
    #[error(transparent)]
    RequestConsumer(#[from] RequestConsumerError),
    /// The engine.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The broker did not take a message of a replay.
    #[error("the broker did not take a message of a replay: {0:?}")]
    NotTaken(PublishOutcome),
}

impl Cause for PublisherError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::RequestConsumer(RequestConsumerError::GroupMember(error)) => error.cause(),
            Self::RequestConsumer(RequestConsumerError::Commit(error)) | Self::Commit(error) => {
                error.cause()
            }
            Self::Broker(error) => error.cause(),
            Self::NotTaken(PublishOutcome::Failed(_)) => Some(Dependency::Broker),
            Self::NotTaken(PublishOutcome::Refused(_) | PublishOutcome::Acknowledged) => None,
        }
    }
}
