//! A service put together: what the generated wiring says of it, and the process made of that.

mod cleanup;
mod cli;
pub mod config;
mod description;
mod error;
pub mod http;
mod listeners;
mod migrations;
mod open;
mod readiness;
mod running;
mod serve;
mod status;
mod stop_signals;
pub mod telemetry;
mod topics;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Servers;
use crate::http::Routes;
use platform_contract::AggregateType;
use platform_ports::broker::Brokers;
use platform_ports::engine::{Database, Migration};
use platform_ports::outage::Outages;
use platform_ports::{broker, cache, engine};
use platform_runtime::Executor;
use platform_runtime::decision::{Aggregate, Decision};
use platform_runtime::handler::{Effect, Handlers, Policy, Replicated};
use platform_runtime::publisher::PublishedAggregate;
use platform_runtime::unit_of_work::CommandExecutor;

pub use cli::{run, run_from};
pub use description::ServiceDescription;
pub use error::ServiceError;
pub use running::Running;

/// How many partitions topics have unless the system says otherwise.
const PARTITIONS: u32 = 8;

/// A service, as its generated wiring describes it.
pub struct Service {
    system: &'static str,
    context: &'static str,
    version: &'static str,
    cached: Option<(&'static dyn cache::Driver, Duration)>,
    database: Database,
    brokers: Brokers,
    openapi: &'static str,
    partitions: u32,
    port: u16,
    owned: Vec<PublishedAggregate>,
    commands: BTreeMap<&'static str, Arc<dyn Executor>>,
    handlers: Handlers,
    routes: Routes,
    outages: Arc<Outages>,
}

impl Service {
    /// A service of `context` in `system` (both in kebab case), with its database, the broker between
    /// the services, and its description in OpenAPI, as JSON.
    pub fn new(
        system: &'static str,
        context: &'static str,
        database: Database,
        broker: &'static dyn broker::Driver,
        openapi: &'static str,
    ) -> Self {
        Self {
            system,
            context,
            version: "unknown",
            cached: None,
            database,
            brokers: Brokers::new(broker),
            openapi,
            partitions: PARTITIONS,
            port: 0,
            owned: Vec::new(),
            commands: BTreeMap::new(),
            handlers: Handlers::default(),
            routes: Routes::new(),
            outages: Arc::default(),
        }
    }

    /// The version that `--version` shows.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// How many partitions the system's topics have: fixed for their life.
    #[must_use]
    pub const fn partitions(mut self, partitions: u32) -> Self {
        self.partitions = partitions;
        self
    }

    /// It is described with a cache of this kind, whose entries are shown for so many milliseconds.
    #[must_use]
    pub const fn cached(mut self, driver: &'static dyn cache::Driver, millis: u64) -> Self {
        self.cached = Some((driver, Duration::from_millis(millis)));
        self
    }

    /// What may stand in for its database where no server is, with what makes the tables there.
    #[must_use]
    pub const fn database_stand_in(
        mut self,
        driver: &'static dyn engine::Driver,
        migrations: &'static [Migration],
    ) -> Self {
        self.database = self.database.stand_in(driver, migrations);
        self
    }

    /// What may stand in for its broker where no server is.
    #[must_use]
    pub const fn broker_stand_in(mut self, driver: &'static dyn broker::Driver) -> Self {
        self.brokers = self.brokers.stand_in(driver);
        self
    }

    /// The port it listens on unless the environment says otherwise.
    #[must_use]
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Its aggregate `A`, whose events and snapshots it publishes.
    #[must_use]
    pub fn aggregate<A: Aggregate>(mut self) -> Self {
        self.owned.push(PublishedAggregate::of::<A>());
        self
    }

    /// When replicas of its aggregate `A` count as stale, in milliseconds: the shortest time of all that
    /// other services declare. Without it, nobody is told how fresh its topic is.
    #[must_use]
    pub fn stale_after<A: Aggregate>(mut self, millis: u64) -> Self {
        let name = A::Type::NAME;
        for owned in self.owned.iter_mut().filter(|owned| owned.name == name) {
            owned.stale_after = Some(Duration::from_millis(millis));
        }
        self
    }

    /// Its command `C`.
    #[must_use]
    pub fn command<D: 'static, C: Decision<D>>(mut self) -> Self {
        self.commands
            .insert(C::NAME, Arc::new(CommandExecutor::<D, C>::new()));
        self
    }

    /// Its replica `R`.
    #[must_use]
    pub fn replica<R: Replicated>(mut self) -> Self {
        self.handlers = self.handlers.replica::<R>();
        self
    }

    /// Its policy `P`.
    #[must_use]
    pub fn policy<P: Policy>(mut self) -> Self {
        self.handlers = self.handlers.policy::<P>();
        self
    }

    /// Its effect.
    #[must_use]
    pub fn effect<E: Effect>(mut self, effect: E) -> Self {
        self.handlers = self.handlers.effect(effect);
        self
    }

    /// Its routes.
    #[must_use]
    pub fn routes(mut self, routes: Routes) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// The servers it is described with.
    fn servers(&self) -> Servers {
        Servers {
            database: self.database.driver().example(),
            broker: self.brokers.driver().example(),
            cache: self.cached.map(|(driver, _)| driver.example()),
        }
    }
}
