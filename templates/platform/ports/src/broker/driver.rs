//! A kind of broker, as a service names it.

use std::fmt::Debug;
use std::sync::Arc;

use super::{Broker, BrokerError};
use crate::location::Location;
use crate::outage::Outage;
#[cfg(feature = "testing")]
use crate::test_server::TestServer;

/// A kind of broker that a service can use.
pub trait Driver: Debug + Send + Sync {
    /// How the locations of such brokers begin.
    fn schemes(&self) -> &'static [&'static str];

    /// What a location looks like where there is no default: on a server.
    fn example(&self) -> Option<&'static str> {
        None
    }

    /// Opens the broker at a location. That it is out at times is noted in `outage`.
    ///
    /// # Errors
    /// When it cannot be used.
    fn open(&self, at: &Location, outage: Arc<Outage>) -> Result<Arc<dyn Broker>, BrokerError>;

    /// Waits, before the program ends, for what brokers that were given up still have under way on
    /// threads of their own. Blocks the thread.
    fn wait_for_ends(&self) {}

    /// How tests get topics of their own on a server; `None`: they are files.
    #[cfg(feature = "testing")]
    fn test_server(&self) -> Option<&'static dyn TestServer> {
        None
    }
}
