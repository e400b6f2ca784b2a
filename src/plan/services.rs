//! The files of the services.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::{Broker, Context, Database, System};

use super::contract::purpose;
use super::files::{Class, File};
use super::platform::Used;
use super::service::{Code, Service};
use super::uses::version_order;
use super::{
    FIRST_PORT, PARTITIONS, contract_package, migrations, names, openapi, service_package, types,
};

pub(super) fn files(system: &System) -> Vec<File> {
    let ports = FIRST_PORT..=u16::MAX;
    let services = system.services().zip(ports);
    services
        .flat_map(|(context, port)| service(system, context, port))
        .collect()
}

fn service(system: &System, context: &Context, port: u16) -> Vec<File> {
    let service = Service { system, context };
    let mut files = crate_files(system, context);
    files.extend(migrations::files(system, context));
    files.extend(generated(&service, port));
    files.extend(seeded(&service));
    files.extend(failure_tests(&service));
    files
}

/// The tests of failures with their examples, where there is anything to fail.
fn failure_tests(service: &Service<'_>) -> Vec<File> {
    let name = service.context.name.as_str();
    let package = service_package(service.system, name);
    let failures = service.failures();
    if failures.is_empty() {
        return Vec::new();
    }
    let text = failures.examples.clone();
    let asked = failures.asked();
    let mut files = vec![
        File::new(
            Class::Managed,
            "services/__context__/tests/failures.rs",
            &[("context", name)],
            json!({
                "context": name,
                "package": package,
                "crate_name": package.replace('-', "_"),
                "tests": failures,
                "database_stands_in": service.context.database != Database::Sqlite,
                "broker_stands_in": service.system.broker != Broker::Embedded,
            }),
        ),
        File {
            path: format!("services/{name}/tests/failures.json"),
            class: Class::Managed,
            template: "_partials/text.tera".to_owned(),
            view: json!({ "text": text }),
        },
    ];
    if asked {
        files.push(File::new(
            Class::Seeded,
            "services/__context__/tests/failures/refused.rs",
            &[("context", name)],
            json!({}),
        ));
    }
    files
}

fn view(code: &Code, name: &str) -> Value {
    json!({ "name": name, "uses": code.uses, "items": code.items })
}

fn crate_files(system: &System, context: &Context) -> Vec<File> {
    let name = context.name.as_str();
    let package = service_package(system, name);
    let placeholders = [("context", name)];
    let description = context
        .purpose
        .clone()
        .unwrap_or_else(|| format!("The service `{name}` of {}", system.name));
    let folders = folders(context);
    let used = Used::by(system, context);
    vec![
        File::new(
            Class::Keyed,
            "services/__context__/Cargo.toml",
            &placeholders,
            json!({
                "context": name,
                "package": package,
                "description": toml_string(&description),
                "contract_package": contract_package(system, name),
                "others": others(context),
                "platform": used.crates(),
                "test_crates": used.for_tests(),
                "tracing": !context.effects.is_empty(),
            }),
        ),
        File::new(
            Class::Managed,
            "services/__context__/src/lib.rs",
            &placeholders,
            json!({ "context": name, "purpose": purpose(context), "folders": folders }),
        ),
        File::new(
            Class::Seeded,
            "services/__context__/src/main.rs",
            &placeholders,
            json!({ "context": name, "crate_name": package.replace('-', "_") }),
        ),
        File {
            path: format!("services/{name}/openapi.json"),
            class: Class::Managed,
            template: "_partials/text.tera".to_owned(),
            view: json!({ "text": openapi::document(system, context) }),
        },
    ]
}

/// The contracts of other contexts that a service depends on, by the names of their crates.
fn others(context: &Context) -> BTreeSet<String> {
    let policies = context
        .policies
        .values()
        .map(|policy| &policy.trigger.context);
    let effects = context
        .effects
        .values()
        .map(|effect| &effect.trigger.context);
    let replicas = context.replicas.values().map(|replica| &replica.context);
    let all = policies.chain(effects).chain(replicas);
    all.filter(|other| **other != context.name)
        .map(|other| types::contract_crate(other.as_str()))
        .collect()
}

/// The user's folders: what they hold, and their modules.
fn folders(context: &Context) -> Vec<Value> {
    let commanded = context.aggregates.values().filter(|aggregate| {
        let mut commands = context.commands.values();
        commands.any(|command| command.aggregate == aggregate.name)
    });
    let folders = [
        (
            "domain",
            "/// What the service decides.",
            modules(commanded.map(|a| a.name.as_str())),
        ),
        (
            "policies",
            "/// What it does because of events.",
            modules(context.policies.keys().map(|p| p.as_str())),
        ),
        (
            "effects",
            "/// What it does in the outside world.",
            modules(context.effects.keys().map(|e| e.as_str())),
        ),
    ];
    folders
        .into_iter()
        .filter(|(_, _, modules)| !modules.is_empty())
        .map(|(name, doc, modules)| json!({ "name": name, "doc": doc, "modules": modules }))
        .collect()
}

fn modules<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut modules: Vec<String> = names.map(names::module_ident).collect();
    modules.sort_by(|a, b| version_order(a, b));
    modules
}

fn generated(service: &Service<'_>, port: u16) -> Vec<File> {
    let context = service.context;
    let name = context.name.as_str();
    let mut files = Vec::new();
    let mut modules_of = |folder: &str, render: &dyn Fn(&crate::model::Aggregate) -> Code| {
        let mut modules = Vec::new();
        for aggregate in context.aggregates.values() {
            let code = render(aggregate);
            if code.is_empty() {
                continue;
            }
            let module = names::module_ident(aggregate.name.as_str());
            files.push(File::new(
                Class::Managed,
                &format!("services/__context__/src/generated/{folder}/__aggregate__.rs"),
                &[("context", name), ("aggregate", &module)],
                view(&code, aggregate.name.as_str()),
            ));
            modules.push(module);
        }
        modules.sort_by(|a, b| version_order(a, b));
        modules
    };
    let aggregates = modules_of("aggregates", &|aggregate| service.state(aggregate));
    let commands = modules_of("commands", &|aggregate| service.commands(aggregate));
    let storage = modules_of("storage", &|aggregate| service.storage(aggregate));
    let mut singles = Vec::new();
    let codes = [
        ("effects", service.effects()),
        ("policies", service.policies()),
        ("queries", service.queries()),
        ("replicas", service.replicas()),
        ("routes", service.routes()),
        ("service", service.wiring(port, PARTITIONS)),
    ];
    for (module, code) in codes {
        if !code.is_empty() {
            let template = format!("services/__context__/src/generated/{module}.rs");
            files.push(File::new(
                Class::Managed,
                &template,
                &[("context", name)],
                view(&code, name),
            ));
            singles.push(module);
        }
    }
    files.push(File::new(
        Class::Managed,
        "services/__context__/src/generated/mod.rs",
        &[("context", name)],
        generated_module(&aggregates, &commands, &storage, &singles),
    ));
    files
}

fn generated_module(
    aggregates: &[String],
    commands: &[String],
    storage: &[String],
    singles: &[&str],
) -> Value {
    let folders = [
        (
            "aggregates",
            "/// State, and the decisions about it.",
            "pub ",
            aggregates,
        ),
        ("commands", "/// Commands as units of work.", "", commands),
        ("storage", "/// How state is stored.", "", storage),
    ];
    let folders: Vec<Value> = folders
        .into_iter()
        .filter(|(_, _, _, modules)| !modules.is_empty())
        .map(|(name, doc, visibility, modules)| {
            json!({ "name": name, "doc": doc, "visibility": visibility, "modules": modules })
        })
        .collect();
    let mut exports: Vec<String> = aggregates
        .iter()
        .map(|module| format!("pub use aggregates::{module}::*;"))
        .collect();
    for module in singles {
        match *module {
            "routes" => {}
            "service" => exports.push("pub use service::service;".to_owned()),
            module => exports.push(format!("pub use {module}::*;")),
        }
    }
    let modules: Vec<String> = singles
        .iter()
        .map(|module| format!("pub mod {module};"))
        .collect();
    json!({ "folders": folders, "modules": modules, "exports": exports })
}

fn seeded(service: &Service<'_>) -> Vec<File> {
    let context = service.context;
    let name = context.name.as_str();
    let mut files = Vec::new();
    let mut seed = |folder: &str, kind: &str, of: &str, code: &Code| {
        let module = names::module_ident(of);
        files.push(File::new(
            Class::Seeded,
            &format!("services/__context__/src/{folder}/__{kind}__.rs"),
            &[("context", name), (kind, &module)],
            view(code, of),
        ));
    };
    for aggregate in context.aggregates.values() {
        let mut commands = context.commands.values();
        if commands.any(|command| command.aggregate == aggregate.name) {
            seed(
                "domain",
                "aggregate",
                aggregate.name.as_str(),
                &service.domain(aggregate),
            );
        }
    }
    for policy in context.policies.values() {
        seed(
            "policies",
            "policy",
            policy.name.as_str(),
            &service.policy(policy),
        );
    }
    for effect in context.effects.values() {
        seed(
            "effects",
            "effect",
            effect.name.as_str(),
            &service.effect(effect),
        );
    }
    files
}

/// A basic string of TOML.
pub(super) fn toml_string(text: &str) -> String {
    toml_edit::Value::from(text.trim().replace('\n', " ")).to_string()
}
