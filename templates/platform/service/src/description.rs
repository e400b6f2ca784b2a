//! A service as tests have to know it.

use super::Service;
use platform_ports::broker::Brokers;
use platform_ports::engine::Database;
use platform_runtime::handler::Handlers;
use platform_runtime::publisher::PublishedAggregate;

/// What tests have to know of a service.
pub struct ServiceDescription {
    /// The system, in kebab case.
    pub system: &'static str,
    /// The context, in kebab case.
    pub context: &'static str,
    /// Its database.
    pub database: Database,
    /// Its broker.
    pub brokers: Brokers,
    /// How many partitions every topic has.
    pub partitions: u32,
    /// Its aggregates, as it publishes them.
    pub owned: Vec<PublishedAggregate>,
    /// What it does because of events.
    pub handlers: Handlers,
}

impl Service {
    /// What tests have to know of it.
    pub fn description(self) -> ServiceDescription {
        ServiceDescription {
            system: self.system,
            context: self.context,
            database: self.database,
            brokers: self.brokers,
            partitions: self.partitions,
            owned: self.owned,
            handlers: self.handlers,
        }
    }
}
