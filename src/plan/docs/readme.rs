//! The README of a system.

use serde::Serialize;

use crate::model::{Aggregate, Content, Context, FIRST_PORT, HandlerKind, System, TypeName};
use crate::plan::rust::names;
use crate::plan::service_package;
use crate::plan::services::{Service, Unfinished};
use crate::plan::workspace::servers::Servers;

use super::{changes, map, vocabulary, walkthrough};

/// `README.md`.
#[derive(Debug, Serialize)]
pub(super) struct Readme<'a> {
    system: &'a str,
    /// What the description says of the system.
    doc: Option<&'a str>,
    diagram: map::Diagram,
    contexts: Vec<map::ContextView>,
    services: Vec<ServiceView>,
    servers: Servers,
    /// The port of the first service.
    port: u16,
    /// What the environment variables of the first service begin with.
    prefix: Option<String>,
    /// What a newcomer can try.
    steps: Vec<walkthrough::Step>,
    /// The functions of the user's that have something left to do.
    left: Vec<Unfinished>,
    /// What changes of it are shown with.
    changes: Option<changes::Changes>,
    /// What tests of decisions are written with.
    vocabulary: Option<vocabulary::Vocabulary>,
    example: Example,
    /// Whether there are teams that answer for contexts.
    teams: bool,
    /// Whether anything is done in the outside world.
    effects: bool,
    /// Whether there is personal data.
    personal: bool,
}

/// A service.
#[derive(Debug, Serialize)]
struct ServiceView {
    name: String,
    package: String,
    port: Option<u16>,
}

/// The handlers that the commands for operators are shown with.
#[derive(Debug, Serialize)]
struct Example {
    /// A policy's or an effect's, which asks before it does things again.
    doing: Option<Handler>,
    replica: Option<Handler>,
}

/// A handler of a service.
#[derive(Debug, Serialize)]
struct Handler {
    package: String,
    handler: String,
}

/// The README of a system.
pub(super) fn view(system: &System) -> Readme<'_> {
    let services: Vec<&Context> = system.services().collect();
    let first = services.first();
    Readme {
        system: system.name.as_str(),
        doc: system.doc.as_deref(),
        diagram: map::diagram(system),
        contexts: map::contexts(system),
        servers: Servers::of(system),
        port: first
            .and_then(|context| system.port(context))
            .unwrap_or(FIRST_PORT),
        prefix: first.map(|context| names::environment(context.name.as_str())),
        steps: walkthrough::steps(system),
        left: left(system),
        changes: changes::view(system),
        vocabulary: vocabulary::view(system),
        example: example(system),
        teams: system.contexts.values().any(|it| it.owner.is_some()),
        effects: services.iter().any(|it| !it.effects.is_empty()),
        personal: services.iter().any(|it| has_personal_data(system, it)),
        services: services.iter().map(|it| service(system, it)).collect(),
    }
}

/// Whether an aggregate of a context has personal data.
fn has_personal_data(system: &System, context: &Context) -> bool {
    let mut contents = context.aggregates.values().flat_map(Aggregate::members);
    contents.any(|(_, content)| match content {
        Content::Field(field) => system.is_personal(field),
        Content::Entities(of) => of.fields.values().any(|field| system.is_personal(field)),
    })
}

fn service(system: &System, context: &Context) -> ServiceView {
    ServiceView {
        name: context.name.to_string(),
        package: service_package(system, context.name.as_str()),
        port: system.port(context),
    }
}

fn left(system: &System) -> Vec<Unfinished> {
    let services = system.services();
    let services = services.map(|context| Service { system, context });
    services
        .flat_map(|service| service.left_for_you())
        .collect()
}

fn example(system: &System) -> Example {
    let policy = first(system, HandlerKind::Policy, |it| it.policies.keys().next());
    let effect = first(system, HandlerKind::Effect, |it| it.effects.keys().next());
    Example {
        doing: policy.or(effect),
        replica: first(system, HandlerKind::Replica, |it| it.replicas.keys().next()),
    }
}

/// The first handler of a kind.
fn first(
    system: &System,
    kind: HandlerKind,
    of: impl Fn(&Context) -> Option<&TypeName>,
) -> Option<Handler> {
    system.services().find_map(|context| {
        Some(Handler {
            package: service_package(system, context.name.as_str()),
            handler: system.handler_id(context, kind, of(context)?),
        })
    })
}
