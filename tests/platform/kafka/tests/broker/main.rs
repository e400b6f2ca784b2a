//! Kafka: the suite of all brokers, and what is its own.
#![allow(missing_docs)]

mod breaking;
mod groups;
mod measures;
mod secure;
mod topics;

use uuid::Uuid;

use platform_conformance::broker as conformance;
use platform_kafka::{KafkaBroker, Settings};
use platform_ports::broker::{Broker, BrokerError};
use platform_support::servers::server;

type Outcome = Result<(), BrokerError>;

/// Settings with a prefix of its own, so that tests do not meet.
fn settings(brokers: &str) -> Settings {
    let mut settings = Settings::new(brokers);
    settings.prefix = format!("test-{}.", Uuid::now_v7());
    settings
}

/// The same, for the server of the tests, where there is one.
fn served() -> Option<Settings> {
    server("TEST_KAFKA_BROKERS").map(|brokers| settings(&brokers))
}

/// Runs a part of the suite with two handles.
async fn conforms(part: impl AsyncFnOnce(&dyn Broker, &dyn Broker) -> Outcome) -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let first = KafkaBroker::open(settings.clone())?;
    let second = KafkaBroker::open(settings)?;
    part(&first, &second).await
}

#[tokio::test]
async fn keeps_order() -> Outcome {
    conforms(conformance::keeps_order).await
}

#[tokio::test]
async fn serves_groups() -> Outcome {
    conforms(conformance::serves_groups).await
}

#[tokio::test]
async fn shares_partitions() -> Outcome {
    conforms(conformance::shares_partitions).await
}

#[tokio::test]
async fn seeks() -> Outcome {
    conforms(conformance::seeks).await
}

#[tokio::test]
async fn pauses() -> Outcome {
    conforms(conformance::pauses).await
}

#[tokio::test]
async fn tells_topics_apart() -> Outcome {
    conforms(conformance::tells_topics_apart).await
}

#[tokio::test]
async fn refuses_too_large() -> Outcome {
    conforms(conformance::refuses_too_large).await
}

#[tokio::test]
async fn guards_topics() -> Outcome {
    conforms(conformance::guards_topics).await
}
