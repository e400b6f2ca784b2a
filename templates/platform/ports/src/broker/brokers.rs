//! The brokers that a service can use: the one that it is described with, and one that may stand in.

use std::sync::Arc;

use super::{Broker, BrokerError, Driver};
use crate::location::Location;
use crate::outage::Outage;

/// The broker that a service is described with, and what may stand in for it.
#[derive(Debug, Clone, Copy)]
pub struct Brokers {
    described: &'static dyn Driver,
    stand_in: Option<&'static dyn Driver>,
}

impl Brokers {
    /// One of this kind.
    pub const fn new(described: &'static dyn Driver) -> Self {
        Self {
            described,
            stand_in: None,
        }
    }

    /// The same, and what may stand in for it where no server is.
    #[must_use]
    pub const fn stand_in(mut self, driver: &'static dyn Driver) -> Self {
        self.stand_in = Some(driver);
        self
    }

    /// The kind that the service is described with.
    pub const fn driver(&self) -> &'static dyn Driver {
        self.described
    }

    /// Opens the broker at a location. That it is out at times is noted in `outage`.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(&self, at: &Location, outage: Arc<Outage>) -> Result<Arc<dyn Broker>, BrokerError> {
        let mut drivers = [Some(self.described), self.stand_in].into_iter().flatten();
        match drivers.find(|driver| at.has_scheme(driver.schemes())) {
            Some(driver) => driver.open(at, outage),
            None => Err(BrokerError::Unusable(format!(
                "no broker of this service is named by `{}:`",
                at.scheme()
            ))),
        }
    }
}
