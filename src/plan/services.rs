//! The files of the services.

use serde_json::{Value, json};

use crate::model::{Aggregate, Context, System};

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
    let code = |code: Code, name: &str| (!code.is_empty()).then(|| view(&code, name));
    let aggregates = modules_of("aggregates", &|it| Some(json!(service.state(it))));
    let commands = modules_of("commands", &|it| {
        service.commands(it).map(|view| json!(view))
    });
    let storage = modules_of("storage", &|it| Some(json!(service.storage(it))));
    let mut singles = Vec::new();
    let views = [
        ("effects", service.effects().map(|view| json!(view))),
        ("policies", service.policies().map(|view| json!(view))),
        ("queries", service.queries().map(|view| json!(view))),
        ("replicas", service.replicas().map(|view| json!(view))),
        ("routes", Some(json!(service.routes()))),
        ("service", Some(json!(service.wiring(port, PARTITIONS)))),
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
        let module = names::module_ident(policy.name.as_str());
        files.push(File::new(
            Class::Seeded,
            "services/__context__/src/policies/__policy__.rs",
            &[("context", name), ("policy", &module)],
            service.policy(policy),
        ));
    }
    for effect in context.effects.values() {
        let module = names::module_ident(effect.name.as_str());
        files.push(File::new(
            Class::Seeded,
            "services/__context__/src/effects/__effect__.rs",
            &[("context", name), ("effect", &module)],
            service.effect(effect),
        ));
    }
    files
}
