//! The README of a system.

use serde_json::{Value, json};

use crate::model::{Context, System};
use crate::plan::servers::Servers;
use crate::plan::service::{Service, handler};
use crate::plan::{FIRST_PORT, names, port, service_package};

use super::{map, story};

/// Its view.
pub(super) fn view(system: &System) -> Value {
    let services: Vec<Value> = system.services().map(|c| service(system, c)).collect();
    let prefix = system
        .services()
        .next()
        .map(|context| names::environment(context.name.as_str()));
    json!({
        "system": system.name,
        "doc": system.doc,
        "diagram": map::diagram(system),
        "contexts": map::contexts(system),
        "services": services,
        "servers": Servers::of(system),
        "port": FIRST_PORT,
        "prefix": prefix,
        "steps": story::tell(system),
        "open": open(system),
        "example": example(system),
        "teams": system.contexts.values().any(|context| context.owner.is_some()),
        "effects": system.services().any(|context| !context.effects.is_empty()),
    })
}

fn service(system: &System, context: &Context) -> Value {
    json!({
        "name": context.name,
        "package": service_package(system, context.name.as_str()),
        "port": port(system, context),
    })
}

/// What the description leaves to functions of the user's.
fn open(system: &System) -> Vec<Value> {
    let mut open = Vec::new();
    for context in system.services() {
        let service = Service { system, context };
        for policy in context.policies.values() {
            let inputs = service.open_inputs(policy);
            if !inputs.is_empty() {
                let module = names::module_ident(policy.name.as_str());
                open.push(json!({
                    "path": format!("services/{}/src/policies/{module}.rs", context.name),
                    "inputs": inputs,
                    "command": policy.then,
                }));
            }
        }
    }
    open
}

/// A handler that the commands for operators are shown with: a policy's or an effect's, which asks
/// before it does things again, and a replica's.
fn example(system: &System) -> Value {
    let found = |kind: &str, name: &dyn Fn(&Context) -> Option<String>| {
        system.services().find_map(|context| {
            Some(json!({
                "service": context.name,
                "package": service_package(system, context.name.as_str()),
                "handler": handler(kind, &name(context)?),
            }))
        })
    };
    let policy = found("policy", &|c| Some(c.policies.keys().next()?.to_string()));
    let effect = found("effect", &|c| Some(c.effects.keys().next()?.to_string()));
    json!({
        "doing": policy.or(effect),
        "replica": found("replica", &|c| Some(c.replicas.keys().next()?.to_string())),
    })
}
