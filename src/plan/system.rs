//! The files of the workspace as a whole.

use serde_json::{Value, json};

use crate::model::System;

use super::files::{Class, File};
use super::{contract_package, port, service_package, types};

/// The files of the workspace's root and of its runner.
const FILES: [(Class, &str); 14] = [
    (Class::Keyed, "Cargo.toml"),
    (Class::Seeded, ".dockerignore"),
    (Class::Managed, ".gitattributes"),
    (Class::Seeded, ".github/workflows/ci.yml"),
    (Class::Seeded, ".gitignore"),
    (Class::Managed, "CODEOWNERS"),
    (Class::Seeded, "Dockerfile"),
    (Class::Managed, "compose.yaml"),
    (Class::Seeded, "deny.toml"),
    (Class::Keyed, "dev/Cargo.toml"),
    (Class::Managed, "dev/src/build.rs"),
    (Class::Managed, "dev/src/main.rs"),
    (Class::Managed, "dev/src/run.rs"),
    (Class::Keyed, "platform/Cargo.toml"),
];

pub(super) fn files(system: &System) -> Vec<File> {
    let contexts: Vec<Value> = system
        .contexts
        .values()
        .map(|context| {
            let name = context.name.as_str();
            json!({
                "name": name,
                "external": context.external,
                "owner": context.owner,
                "package": service_package(system, name),
                "contract_crate": types::contract_crate(name),
                "contract_package": contract_package(system, name),
            })
        })
        .collect();
    let services: Vec<Value> = system
        .services()
        .map(|context| {
            json!({
                "name": context.name,
                "package": service_package(system, context.name.as_str()),
                "port": port(system, context),
            })
        })
        .collect();
    let view = json!({ "system": system.name, "contexts": contexts, "services": services });
    let files = FILES.iter();
    files
        .map(|(class, path)| File::new(*class, path, &[], &view))
        .collect()
}
