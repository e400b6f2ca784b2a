//! Which crates of the runtime a system gets, and which of them a service stands on.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use crate::model::{Broker, Context, Database, System};

use crate::plan::file::{Class, File};

/// What all systems have. The embedded engine and broker are among it: tests without servers stand on
/// them.
const ALWAYS: [&str; 8] = [
    "contract",
    "embedded-broker",
    "ports",
    "runtime",
    "service",
    "sqlite",
    "sqlite-file",
    "testing",
];

/// The crates of the runtime that a system gets, each a folder of `platform`.
pub fn crates(system: &System) -> BTreeSet<&'static str> {
    let services = system.services();
    let own = services.flat_map(|context| Used::by(system, context).drivers());
    own.chain(ALWAYS).collect()
}

/// The manifests of these crates.
pub(super) fn files(system: &System) -> Vec<File> {
    let crates = crates(system).into_iter();
    crates
        .map(|name| {
            let manifest = format!("platform/{name}/Cargo.toml");
            File::new(Class::Managed, &manifest, &[], json!({}))
        })
        .collect()
}

/// The crates that a service stands on by its description.
pub(crate) struct Used {
    engine: &'static str,
    broker: &'static str,
    cache: Option<&'static str>,
}

/// A crate that the tests of a service need besides.
#[derive(Debug, Serialize)]
pub(crate) struct TestCrate {
    name: &'static str,
    /// Whether it has something that is for tests alone.
    testing: bool,
}

impl Used {
    pub fn by(system: &System, context: &Context) -> Self {
        Self {
            engine: match context.database {
                Database::Sqlite => "sqlite",
                Database::Postgres => "postgres",
                Database::Mongodb => "mongodb",
                Database::Redis => "redis",
            },
            broker: match system.broker {
                Broker::Embedded => "embedded-broker",
                Broker::Kafka => "kafka",
            },
            cache: context.scale.cache_millis.map(|_| "redis"),
        }
    }

    /// Those of its database, its broker and its cache.
    fn drivers(&self) -> BTreeSet<&'static str> {
        let all = [Some(self.engine), Some(self.broker), self.cache];
        all.into_iter().flatten().collect()
    }

    /// All that it is made of.
    pub fn crates(&self) -> BTreeSet<&'static str> {
        let always = ["contract", "ports", "runtime", "service"];
        self.drivers().into_iter().chain(always).collect()
    }

    /// Those that its tests need besides: what stands in for servers, and what makes places on servers.
    pub fn for_tests(&self) -> Vec<TestCrate> {
        const FILES: [&str; 2] = ["embedded-broker", "sqlite"];
        let stand_ins = FILES
            .into_iter()
            .filter(|name| !self.drivers().contains(name));
        let servers = [self.engine, self.broker].into_iter();
        let servers = servers.filter(|name| !FILES.contains(name));
        let mut names: BTreeSet<_> = stand_ins.chain(servers).collect();
        names.insert("testing");
        names
            .into_iter()
            .map(|name| TestCrate {
                name,
                testing: [self.engine, self.broker].contains(&name),
            })
            .collect()
    }
}
