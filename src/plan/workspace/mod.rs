//! The files of the workspace as a whole.

pub mod platform;
pub mod servers;

use std::collections::BTreeSet;

use serde::Serialize;

pub use platform::crates;

use crate::model::{Context, System};

use self::servers::{From, ServerDatabase, Servers, TestServer};
use super::file::{Class, File};
use super::{contract_package, service_package};
use crate::plan::rust::{contract_crate, names};

/// The files of the workspace's root and of its runner.
const FILES: [(Class, &str); 21] = [
    (Class::Keyed, "Cargo.toml"),
    (Class::Seeded, ".dockerignore"),
    (Class::Managed, ".gitattributes"),
    (Class::Seeded, ".github/workflows/ci.yml"),
    (Class::Seeded, ".gitignore"),
    (Class::Managed, ".microdb/services.json"),
    (Class::Managed, "CODEOWNERS"),
    (Class::Seeded, "Dockerfile"),
    (Class::Managed, "compose.yaml"),
    (Class::Seeded, "deny.toml"),
    (Class::Keyed, "dev/Cargo.toml"),
    (Class::Managed, "dev/src/aside.rs"),
    (Class::Managed, "dev/src/begin.rs"),
    (Class::Managed, "dev/src/build.rs"),
    (Class::Managed, "dev/src/in_use.rs"),
    (Class::Managed, "dev/src/local.rs"),
    (Class::Managed, "dev/src/main.rs"),
    (Class::Managed, "dev/src/places.rs"),
    (Class::Managed, "dev/src/run.rs"),
    (Class::Managed, "dev/src/say.rs"),
    (Class::Managed, "dev/src/supervisor.rs"),
];

/// What the files of the workspace as a whole are filled in with.
#[derive(Debug, Serialize)]
struct Workspace<'a> {
    /// The name of the system.
    system: &'a str,
    contexts: Vec<ContextView<'a>>,
    services: Vec<ServiceView<'a>>,
    servers: &'a Servers,
    /// The crates of the runtime.
    platform: BTreeSet<&'static str>,
    /// Where services find the broker from the developer's machine, when that is on a server.
    local_broker_url: Option<String>,
}

/// A context, and its contract.
#[derive(Debug, Serialize)]
struct ContextView<'a> {
    name: &'a str,
    /// Whether its service is somebody else's.
    external: bool,
    /// Who answers for it.
    owner: Option<&'a str>,
    /// The package of its service.
    package: String,
    /// The package of its contract.
    contract_package: String,
    /// What other crates call that.
    contract_crate: String,
}

/// A service, and where it finds what it stands on: from a container, and from the developer's machine
/// (`local_`); `None` for what is in files, or not there.
#[derive(Debug, Serialize)]
struct ServiceView<'a> {
    name: &'a str,
    package: String,
    /// The port that it listens on.
    port: Option<u16>,
    /// What its environment variables begin with.
    prefix: String,
    /// The containers that it stands on.
    servers: Vec<String>,
    /// What its tests are told of servers.
    tests: Vec<TestServer>,
    database_url: Option<String>,
    local_database_url: Option<String>,
    replica_urls: Option<String>,
    local_replica_urls: Option<String>,
    cache_url: Option<String>,
    local_cache_url: Option<String>,
    broker_url: Option<String>,
}

/// The databases on a server, each with its login.
#[derive(Debug, Serialize)]
struct Databases<'a> {
    databases: &'a [ServerDatabase],
}

fn context<'a>(system: &System, context: &'a Context) -> ContextView<'a> {
    let name = context.name.as_str();
    ContextView {
        name,
        external: context.external,
        owner: context.owner.as_deref(),
        package: service_package(system, name),
        contract_package: contract_package(system, name),
        contract_crate: contract_crate(name),
    }
}

fn service<'a>(system: &System, context: &'a Context) -> ServiceView<'a> {
    let name = context.name.as_str();
    ServiceView {
        name,
        package: service_package(system, name),
        port: system.port(context),
        prefix: names::environment(name),
        servers: servers::containers(system, context),
        tests: servers::tests(system, context),
        database_url: servers::database_url(system, context, From::Container),
        local_database_url: servers::database_url(system, context, From::Machine),
        replica_urls: servers::replica_urls(system, context, From::Container),
        local_replica_urls: servers::replica_urls(system, context, From::Machine),
        cache_url: servers::cache_url(system, context, From::Container),
        local_cache_url: servers::cache_url(system, context, From::Machine),
        broker_url: servers::broker_url(system, From::Container),
    }
}

pub(super) fn files(system: &System) -> Vec<File> {
    let servers = Servers::of(system);
    let contexts = system.contexts.values();
    let services = system.services();
    let view = Workspace {
        system: system.name.as_str(),
        contexts: contexts.map(|it| context(system, it)).collect(),
        services: services.map(|it| service(system, it)).collect(),
        servers: &servers,
        platform: platform::crates(system),
        local_broker_url: servers::broker_url(system, From::Machine),
    };
    let files = FILES.iter();
    let mut files: Vec<File> = files
        .map(|(class, path)| File::new(*class, path, &[], &view))
        .collect();
    files.extend(platform::files(system));
    if servers.any {
        files.push(File::new(Class::Managed, "local.env", &[], &view));
    }
    if !servers.postgres_replicas.is_empty() {
        let path = "servers/postgres-replicas.sh";
        files.push(File::new(
            Class::Managed,
            path,
            &[],
            Databases { databases: &[] },
        ));
    }
    for (path, databases) in [
        ("servers/postgres.sql", &servers.postgres),
        ("servers/mongodb.js", &servers.mongodb),
    ] {
        if !databases.is_empty() {
            let view = Databases { databases };
            files.push(File::new(Class::Managed, path, &[], view));
        }
    }
    files
}
