//! The files of the services.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{Aggregate, Context, System};

use super::files::{Class, File};
use super::service::{Generated, Service};
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
    let aggregates = context.aggregates.values();
    let decided = aggregates.filter_map(|aggregate| {
        let view = service.domain(aggregate)?;
        let of = aggregate.name.as_str();
        Some(seed(
            "domain/__aggregate__.rs",
            ("aggregate", of),
            name,
            view,
        ))
    });
    let policies = context.policies.values().map(|policy| {
        let of = ("policy", policy.name.as_str());
        seed("policies/__policy__.rs", of, name, service.policy(policy))
    });
    let effects = context.effects.values().map(|effect| {
        let of = ("effect", effect.name.as_str());
        seed("effects/__effect__.rs", of, name, service.effect(effect))
    });
    decided.chain(policies).chain(effects).collect()
}

/// A file of the user's about something.
fn seed(template: &str, (kind, of): (&str, &str), context: &str, view: impl Serialize) -> File {
    let module = names::module_ident(of);
    let names = [("context", context), (kind, &module)];
    let template = format!("services/__context__/src/{template}");
    File::new(Class::Seeded, &template, &names, view)
}
