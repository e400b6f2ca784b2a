//! The files of the services.

use serde_json::{Value, json};

use crate::model::{Context, System};

use super::files::{Class, File};
use super::service::{Code, Generated, Service};
use super::view::Name;
use super::{FIRST_PORT, PARTITIONS, migrations, names};

pub(super) fn files(system: &System) -> Vec<File> {
    let ports = FIRST_PORT..=u16::MAX;
    let services = system.services().zip(ports);
    services
        .flat_map(|(context, port)| service(system, context, port))
        .collect()
}

fn service(system: &System, context: &Context, port: u16) -> Vec<File> {
    let service = Service { system, context };
    let mut files = service.package();
    files.extend(migrations::files(system, context));
    files.extend(generated(&service, port));
    files.extend(seeded(&service));
    files.extend(service.failure_tests());
    files
}

fn view(code: &Code, name: &str) -> Value {
    json!({ "name": name, "uses": code.uses, "items": code.items })
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
            modules.push(Name::of_module(aggregate.name.as_str()));
        }
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
    let has = |module: &str| singles.contains(&module);
    let view = Generated {
        aggregates,
        commands,
        storage,
        effects: has("effects"),
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
