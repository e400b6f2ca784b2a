//! Which broker a system is described with, and how it is opened.

use std::sync::Arc;

use super::embedded::{EmbeddedBroker, Options};
#[cfg(feature = "kafka")]
use super::kafka::{KafkaBroker, Settings};
use super::{Broker, BrokerError};
use crate::location::Location;
use crate::outage::{Dependency, Outages};

/// The brokers that this program can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerKind {
    /// A file that the processes of one machine share.
    Embedded,
    /// Apache Kafka.
    #[cfg(feature = "kafka")]
    Kafka,
}

impl BrokerKind {
    /// What its location looks like where there is no default: on a server.
    pub const fn example(self) -> Option<&'static str> {
        match self {
            Self::Embedded => None,
            #[cfg(feature = "kafka")]
            Self::Kafka => Some("kafka://host:9092,host:9092"),
        }
    }
}

/// Opens the broker at a location. That it is out at times is noted among the outages.
///
/// # Errors
/// When it cannot be used.
pub fn open(at: &Location, outages: &Outages) -> Result<Arc<dyn Broker>, BrokerError> {
    let outage = Arc::clone(outages.of(Dependency::Broker));
    match at.scheme() {
        "embedded" => Ok(Arc::new(EmbeddedBroker::open_noting(
            &at.path(),
            Options::default(),
            outage,
        )?)),
        #[cfg(feature = "kafka")]
        "kafka" | "kafka+tls" => Ok(Arc::new(KafkaBroker::open_noting(
            Settings::read(at)?,
            outage,
        )?)),
        scheme => Err(BrokerError::Unusable(format!(
            "no broker of this service is named by `{scheme}:`"
        ))),
    }
}
