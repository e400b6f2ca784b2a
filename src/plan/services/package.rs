//! The files that hold the crate of a service together: its manifest, its roots, and the modules that
//! these declare.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Service;
use super::openapi;
use crate::model::Context;
use crate::plan::file::{Class, File};
use crate::plan::rust::contract_crate;
use crate::plan::view::{Doc, Name};
use crate::plan::workspace::platform::{TestCrate, Used};
use crate::plan::{contract_package, service_package};

/// `services/__context__/Cargo.toml`.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    /// The name of the context.
    context: &'a str,
    /// The name of the package.
    package: String,
    /// What the service is there for, as a string of TOML.
    description: String,
    /// The package of its contract.
    contract_package: String,
    /// The crates of the contracts of others that it hears or copies.
    others: BTreeSet<String>,
    /// The crates of the runtime that it stands on.
    platform: BTreeSet<&'static str>,
    /// The crates that its tests need besides.
    test_crates: Vec<TestCrate>,
    /// Whether it says something in logs by itself.
    tracing: bool,
}

/// `services/__context__/src/lib.rs`: the modules of the user's files, folder by folder.
#[derive(Debug, Serialize)]
struct Root<'a> {
    /// The name of the context.
    context: &'a str,
    /// What it is there for, if that is said.
    purpose: Doc,
    domain: Vec<Name>,
    policies: Vec<Name>,
    effects: Vec<Name>,
}

/// `services/__context__/src/main.rs` and `own.rs`.
#[derive(Debug, Serialize)]
struct Main<'a> {
    /// The name of the context.
    context: &'a str,
    /// The crate of the service.
    crate_name: String,
}

impl Service<'_> {
    /// The files of the crate as a whole.
    pub fn package(&self) -> Vec<File> {
        let name = self.context.name.as_str();
        let names = [("context", name)];
        let (keyed, managed) = (Class::Keyed, Class::Managed);
        let folder = "services/__context__";
        let api = format!("services/{name}/openapi.json");
        let document = openapi::document(self.system, self.context);
        vec![
            File::new(
                keyed,
                &format!("{folder}/Cargo.toml"),
                &names,
                self.manifest(),
            ),
            File::new(
                managed,
                &format!("{folder}/src/lib.rs"),
                &names,
                self.root(),
            ),
            File::new(
                Class::Seeded,
                &format!("{folder}/src/main.rs"),
                &names,
                self.main(),
            ),
            File::new(
                Class::Seeded,
                &format!("{folder}/src/own.rs"),
                &names,
                self.main(),
            ),
            File::text(managed, &api, document),
        ]
    }

    fn manifest(&self) -> Manifest<'_> {
        let name = self.context.name.as_str();
        let used = Used::by(self.system, self.context);
        let description = self.context.purpose.clone();
        let description =
            description.unwrap_or_else(|| format!("The service `{name}` of {}", self.system.name));
        Manifest {
            context: name,
            package: service_package(self.system, name),
            description: toml_string(&description),
            contract_package: contract_package(self.system, name),
            others: others(self.context),
            platform: used.crates(),
            test_crates: used.for_tests(),
            tracing: !self.context.effects.is_empty(),
        }
    }

    fn root(&self) -> Root<'_> {
        let context = self.context;
        let aggregates = context.aggregates.values();
        let commanded = aggregates.filter(|aggregate| self.commands_of(aggregate).next().is_some());
        Root {
            context: context.name.as_str(),
            purpose: Doc::of(context.purpose.as_deref().unwrap_or_default()),
            domain: commanded
                .map(|it| Name::of_module(it.name.as_str()))
                .collect(),
            policies: modules(context.policies.keys().map(|name| name.as_str())),
            effects: modules(context.effects.keys().map(|name| name.as_str())),
        }
    }

    fn main(&self) -> Main<'_> {
        Main {
            context: self.context.name.as_str(),
            crate_name: self.crate_name(),
        }
    }

    /// The crate of the service: `fintech_loan`.
    pub(crate) fn crate_name(&self) -> String {
        service_package(self.system, self.context.name.as_str()).replace('-', "_")
    }
}

fn modules<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Name> {
    names.map(Name::of_module).collect()
}

/// The contracts of other contexts that a service depends on, by the names of their crates.
fn others(context: &Context) -> BTreeSet<String> {
    let (policies, effects) = (context.policies.values(), context.effects.values());
    let policies = policies.map(|policy| &policy.trigger.context);
    let effects = effects.map(|effect| &effect.trigger.context);
    let replicas = context.replicas.values().map(|replica| &replica.context);
    let all = policies.chain(effects).chain(replicas);
    all.filter(|other| **other != context.name)
        .map(|other| contract_crate(other.as_str()))
        .collect()
}

/// A basic string of TOML.
fn toml_string(text: &str) -> String {
    toml_edit::Value::from(text.trim().replace('\n', " ")).to_string()
}
