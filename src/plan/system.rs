//! The files of the workspace as a whole.

use serde_json::{Value, json};

use crate::model::System;

use super::files::{Class, File};
use super::servers::{self, From, Servers};
use super::{contract_package, names, port, service_package, types};

/// The files of the workspace's root and of its runner.
const FILES: [(Class, &str); 17] = [
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
    (Class::Managed, "dev/src/keep.rs"),
    (Class::Managed, "dev/src/local.rs"),
    (Class::Managed, "dev/src/main.rs"),
    (Class::Managed, "dev/src/run.rs"),
    (Class::Managed, "dev/src/say.rs"),
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
                "prefix": names::environment(context.name.as_str()),
                "servers": servers::containers(system, context),
                "tests": servers::tests(system, context),
                "database_url": servers::database_url(system, context, From::Container),
                "replica_urls": servers::replica_urls(system, context, From::Container),
                "local_replica_urls": servers::replica_urls(system, context, From::Machine),
                "cache_url": servers::cache_url(system, context, From::Container),
                "local_cache_url": servers::cache_url(system, context, From::Machine),
                "broker_url": servers::broker_url(system, From::Container),
                "local_database_url": servers::database_url(system, context, From::Machine),
            })
        })
        .collect();
    let servers = Servers::of(system);
    let view = json!({
        "system": system.name,
        "contexts": contexts,
        "services": services,
        "servers": servers,
        "local_broker_url": servers::broker_url(system, From::Machine),
    });
    let files = FILES.iter();
    let mut files: Vec<File> = files
        .map(|(class, path)| File::new(*class, path, &[], &view))
        .collect();
    if servers.any {
        files.push(File::new(Class::Managed, "local.env", &[], &view));
    }
    if !servers.postgres_replicas.is_empty() {
        let path = "servers/postgres-replicas.sh";
        files.push(File::new(Class::Managed, path, &[], json!({})));
    }
    for (path, databases) in [
        ("servers/postgres.sql", &servers.postgres),
        ("servers/mongodb.js", &servers.mongodb),
    ] {
        if !databases.is_empty() {
            let view = json!({ "databases": databases });
            files.push(File::new(Class::Managed, path, &[], view));
        }
    }
    files
}
