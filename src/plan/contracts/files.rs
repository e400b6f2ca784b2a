//! Which files contracts are made of.

use serde::Serialize;

use crate::model::{Aggregate, Context, System};

use super::values::ValuesFiles;
use super::{Contract, fixtures};
use crate::plan::contract_package;
use crate::plan::file::{Class, File};
use crate::plan::rust::Place;
use crate::plan::view::{Doc, Name};

/// The manifest and root of the crate that all contracts share.
#[derive(Debug, Serialize)]
struct SharedFiles<'a> {
    /// The name of the system.
    system: &'a str,
    /// Whether there are types that all contexts have in common.
    kernel: bool,
}

/// `contracts/shared/src/ids.rs`.
#[derive(Debug, Serialize)]
struct IdsFile<'a> {
    contexts: Vec<ContextIds<'a>>,
}

/// The ids of what a context owns.
#[derive(Debug, Serialize)]
struct ContextIds<'a> {
    /// The name of the context.
    name: &'a str,
    /// Their module.
    module: Name,
    ids: Vec<IdView>,
}

/// The id of an aggregate or entity.
#[derive(Debug, Serialize)]
struct IdView {
    /// Its type: `LoanId`.
    #[serde(rename = "type")]
    ty: Name,
    /// The type that tells it from other ids.
    kind: Name,
}

/// The manifest of a contract.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    /// The name of the context.
    context: &'a str,
    /// The name of the package.
    package: &'a str,
    /// The same as other crates write it.
    crate_name: String,
}

/// `contracts/__context__/src/lib.rs`.
#[derive(Debug, Serialize)]
struct Root<'a> {
    /// The name of the context.
    context: &'a str,
    /// What it is there for, if that is said.
    purpose: Doc,
    /// The module of its ids; `None` when it owns nothing.
    ids: Option<Name>,
    /// Whether it has commands.
    commands: bool,
    /// Whether it has events.
    events: bool,
    /// Whether it has types of its own.
    values: bool,
}

/// The files of all contracts, and of what they share.
pub(in crate::plan) fn files(system: &System) -> Vec<File> {
    let contexts = system.contexts.values();
    let contracts = contexts.flat_map(|context| contract(system, context));
    shared(system).into_iter().chain(contracts).collect()
}

fn shared(system: &System) -> Vec<File> {
    let contract = Contract {
        system,
        context: "",
        place: Place::Shared,
    };
    let (enums, values) = (system.enums.values(), system.values.values());
    let declared = contract.declared(enums, values, std::iter::empty());
    let view = SharedFiles {
        system: system.name.as_str(),
        kernel: !declared.is_empty(),
    };
    let contexts = system.contexts.values();
    let contexts = contexts.filter(|context| !context.aggregates.is_empty());
    let ids = IdsFile {
        contexts: contexts.map(ids).collect(),
    };
    let (keyed, managed) = (Class::Keyed, Class::Managed);
    let mut files = vec![
        File::new(keyed, "contracts/shared/Cargo.toml", &[], &view),
        File::new(managed, "contracts/shared/src/lib.rs", &[], &view),
        File::new(managed, "contracts/shared/src/ids.rs", &[], ids),
    ];
    files.extend(declared_in("shared", &declared));
    files
}

/// The two files of declared types in a contract's folder; none without any.
fn declared_in(folder: &str, declared: &ValuesFiles) -> Vec<File> {
    let file = |name: &str| {
        let template = format!("contracts/__context__/src/{name}.rs");
        File::new(Class::Managed, &template, &[("context", folder)], declared)
    };
    match declared.is_empty() {
        true => Vec::new(),
        false => vec![file("schema"), file("values")],
    }
}

fn ids(context: &Context) -> ContextIds<'_> {
    let aggregates = context.aggregates.values();
    let owned = aggregates.flat_map(|aggregate| {
        let entities = aggregate.entities.keys();
        std::iter::once(&aggregate.name).chain(entities)
    });
    let ids = owned.map(|of| IdView {
        ty: Name::of_type(&format!("{of}Id")),
        kind: Name::of_type(of.as_str()),
    });
    ContextIds {
        name: context.name.as_str(),
        module: Name::of_module(context.name.as_str()),
        ids: ids.collect(),
    }
}

fn contract(system: &System, context: &Context) -> Vec<File> {
    let name = context.name.as_str();
    let package = contract_package(system, name);
    let contract = Contract {
        system,
        context: name,
        place: Place::Contract,
    };
    let aggregates = context.aggregates.values().collect::<Vec<&Aggregate>>();
    let (enums, values) = (context.enums.values(), context.values.values());
    let declared = contract.declared(enums, values, aggregates.iter().copied());
    let root = Root {
        context: name,
        purpose: Doc::of(context.purpose.as_deref().unwrap_or_default()),
        ids: (!aggregates.is_empty()).then(|| Name::of_module(name)),
        commands: !context.commands.is_empty(),
        events: !context.events.is_empty(),
        values: !declared.is_empty(),
    };
    let manifest = Manifest {
        context: name,
        package: &package,
        crate_name: package.replace('-', "_"),
    };
    let source = |module: &str| format!("contracts/__context__/src/{module}.rs");
    let names = [("context", name)];
    let managed = Class::Managed;
    let mut files = vec![
        File::new(
            Class::Keyed,
            "contracts/__context__/Cargo.toml",
            &names,
            manifest,
        ),
        File::new(managed, &source("lib"), &names, &root),
    ];
    if root.ids.is_some() {
        let view = contract.aggregates(context);
        files.push(File::new(managed, &source("aggregates"), &names, view));
    }
    if root.commands {
        let view = contract.commands(context);
        files.push(File::new(managed, &source("commands"), &names, view));
    }
    if root.events {
        let view = contract.events(context);
        files.push(File::new(managed, &source("events"), &names, view));
    }
    files.extend(declared_in(name, &declared));
    files.extend(fixtures::files(system, context));
    files
}
