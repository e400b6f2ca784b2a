//! The tool's part of a service, `src/generated`: rewritten when the description changes.

mod aggregates;
mod commands;
mod decision;
pub(super) mod effects;
mod events;
mod examples;
mod needs;
pub(super) mod policies;
mod queries;
mod replicas;
mod routes;
mod service;
mod storage;

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::Aggregate;
use crate::plan::file::{Class, File};
use crate::plan::rust::names;
use crate::plan::view::Name;

use super::Service;

pub(super) use decision::Decision;
pub(super) use examples::command_inputs;

/// `services/__context__/src/generated/mod.rs`: which of the tool's modules there are.
#[derive(Debug, Serialize)]
struct ModulesFile {
    /// Those of aggregates.
    aggregates: Vec<Name>,
    /// Those of aggregates with commands.
    commands: Vec<Name>,
    /// Those of aggregates, of how they are stored.
    storage: Vec<Name>,
    /// Whether the service has effects.
    effects: bool,
    /// Whether its tests have examples to start from.
    examples: bool,
    /// Whether it has policies.
    policies: bool,
    /// Whether it has queries.
    queries: bool,
    /// Whether it has replicas.
    replicas: bool,
}

/// The files of the generated part of a service.
pub(super) fn files(service: &Service<'_>) -> Vec<File> {
    let context = service.context;
    let name = context.name.as_str();
    let mut files = Vec::new();
    let mut modules_of = |folder: &str, view: &dyn Fn(&Aggregate) -> Option<Value>| {
        let mut modules = Vec::new();
        for aggregate in context.aggregates.values() {
            let Some(view) = view(aggregate) else {
                continue;
            };
            let module = names::module_ident(aggregate.name.as_str());
            files.push(File::new(
                Class::Managed,
                &format!("services/__context__/src/generated/{folder}/__aggregate__.rs"),
                &[("context", name), ("aggregate", &module)],
                view,
            ));
            modules.push(Name::of_module(aggregate.name.as_str()));
        }
        modules
    };
    let aggregates = modules_of("aggregates", &|it| Some(json!(service.aggregate(it))));
    let commands = modules_of("commands", &|it| {
        service.commands(it).map(|view| json!(view))
    });
    let storage = modules_of("storage", &|it| Some(json!(service.storage(it))));
    let mut singles = Vec::new();
    let views = [
        ("effects", service.effects().map(|view| json!(view))),
        ("examples", service.examples().map(|view| json!(view))),
        ("policies", service.policies().map(|view| json!(view))),
        ("queries", service.queries().map(|view| json!(view))),
        ("replicas", service.replicas().map(|view| json!(view))),
        ("routes", Some(json!(service.routes()))),
        ("service", Some(json!(service.service()))),
    ];
    for (module, view) in views {
        if let Some(view) = view {
            let template = format!("services/__context__/src/generated/{module}.rs");
            let names = [("context", name)];
            files.push(File::new(Class::Managed, &template, &names, view));
            singles.push(module);
        }
    }
    let has = |module: &str| singles.contains(&module);
    let view = ModulesFile {
        aggregates,
        commands,
        storage,
        effects: has("effects"),
        examples: has("examples"),
        policies: has("policies"),
        queries: has("queries"),
        replicas: has("replicas"),
    };
    files.push(File::new(
        Class::Managed,
        "services/__context__/src/generated/mod.rs",
        &[("context", name)],
        view,
    ));
    files
}
