//! Which broker a system is described with, and how it is opened.

use std::sync::Arc;

use super::{Broker, BrokerError};
use crate::location::Location;

/// The brokers that this program can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokerKind {
    /// A file that the processes of one machine share.
    #[cfg(feature = "embedded")]
    Embedded,
}

impl BrokerKind {
    /// What its location looks like where there is no default: on a server.
    pub const fn example(self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "embedded")]
            Self::Embedded => None,
        }
    }
}

/// Opens the broker at a location.
///
/// # Errors
/// When it cannot be used.
pub fn open(at: &Location) -> Result<Arc<dyn Broker>, BrokerError> {
    match at.scheme() {
        #[cfg(feature = "embedded")]
        "embedded" => Ok(Arc::new(super::embedded::EmbeddedBroker::open(&at.path())?)),
        scheme => Err(BrokerError::Unusable(format!(
            "nothing of this service knows how to use `{scheme}:`"
        ))),
    }
}
