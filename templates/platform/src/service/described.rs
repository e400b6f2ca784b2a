//! What tests have to know of a service.

use super::Service;
use crate::broker::BrokerKind;
use crate::engine::Database;
use crate::handler::Handlers;
use crate::owner::Owned;

/// What tests have to know of a service.
pub(crate) struct Described {
    pub system: &'static str,
    pub context: &'static str,
    pub database: Database,
    pub broker: BrokerKind,
    pub partitions: u32,
    pub owned: Vec<Owned>,
    pub handlers: Handlers,
}

impl Service {
    /// What tests have to know of it.
    pub(crate) fn described(self) -> Described {
        Described {
            system: self.system,
            context: self.context,
            database: self.database,
            broker: self.broker,
            partitions: self.partitions,
            owned: self.owned,
            handlers: self.handlers,
        }
    }
}
