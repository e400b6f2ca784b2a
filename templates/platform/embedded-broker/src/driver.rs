//! The broker, as a service names it.

use std::sync::Arc;

use platform_ports::broker::{Broker, BrokerError, Driver};
use platform_ports::location::Location;
use platform_ports::outage::Outage;

use crate::{EmbeddedBroker, Options};

/// A file that the processes of one machine share.
#[derive(Debug, Clone, Copy)]
pub struct Embedded;

impl Driver for Embedded {
    fn schemes(&self) -> &'static [&'static str] {
        &["embedded"]
    }

    fn open(&self, at: &Location, outage: Arc<Outage>) -> Result<Arc<dyn Broker>, BrokerError> {
        let broker = EmbeddedBroker::open_noting(&at.path(), Options::default(), outage)?;
        Ok(Arc::new(broker))
    }
}
