//! The broker, as a service names it.

use std::sync::Arc;

use platform_ports::broker::{Broker, BrokerError, Driver};
use platform_ports::location::Location;
use platform_ports::outage::Outage;
#[cfg(feature = "testing")]
use platform_ports::test_server::TestServer;

use crate::{KafkaBroker, Settings, shutdown};

/// Apache Kafka.
#[derive(Debug, Clone, Copy)]
pub struct Kafka;

impl Driver for Kafka {
    fn schemes(&self) -> &'static [&'static str] {
        &["kafka", "kafka+tls"]
    }

    fn example(&self) -> Option<&'static str> {
        Some("kafka://host:9092,host:9092")
    }

    fn open(&self, at: &Location, outage: Arc<Outage>) -> Result<Arc<dyn Broker>, BrokerError> {
        let broker = KafkaBroker::open_noting(Settings::read(at)?, outage)?;
        Ok(Arc::new(broker))
    }

    fn wait_for_ends(&self) {
        shutdown::wait_for_ends();
    }

    #[cfg(feature = "testing")]
    fn test_server(&self) -> Option<&'static dyn TestServer> {
        Some(&crate::test_server::TestKafka)
    }
}
