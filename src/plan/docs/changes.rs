//! How a system is changed, step by step, in words of its own.

use serde::Serialize;

use crate::model::{Aggregate, Context, System, derived::collision_key};

/// What the steps name: something of the system, and what it does not have yet.
#[derive(Debug, Serialize)]
pub(super) struct Changes {
    /// A context.
    context: String,
    /// An aggregate of it.
    aggregate: String,
    /// The event that tells of a new one, or another of its events.
    event: String,
    /// A field that it gets.
    field: &'static str,
    /// A command that it gets.
    command: String,
    /// The event which that emits.
    changed: String,
    /// A context that is added, and its file.
    service: &'static str,
}

/// What the field may be called, in the command and the event too.
const FIELDS: [(&str, &str); 3] = [
    ("remark", "Remark"),
    ("comment", "Comment"),
    ("memo", "Memo"),
];

/// What the context may be called.
const SERVICES: [&str; 3] = ["journal", "logbook", "chronicle"];

/// What the steps name; `None` where there is no event.
pub(super) fn view(system: &System) -> Option<Changes> {
    let contexts = system.services();
    let mut aggregates =
        contexts.flat_map(|context| context.aggregates.values().map(move |it| (context, it)));
    let is_free = |name: &&&str| !system.contexts.contains_key(**name);
    let service = *SERVICES.iter().find(is_free)?;
    aggregates.find_map(|(context, aggregate)| changes(context, aggregate, service))
}

fn changes(context: &Context, aggregate: &Aggregate, service: &'static str) -> Option<Changes> {
    let name = &aggregate.name;
    let mut events: Vec<_> = context.events.values().collect();
    events.retain(|event| event.aggregate == *name && !event.deletes);
    // What everything begins with shows more.
    let event = events.iter().find(|it| it.creates).or(events.first())?;
    let mut candidates = FIELDS.into_iter().map(|(field, verb)| Changes {
        context: context.name.to_string(),
        aggregate: name.to_string(),
        event: event.name.to_string(),
        field,
        command: format!("{verb}On{name}"),
        changed: format!("{name}{verb}Changed"),
        service,
    });
    candidates.find(|it| is_new(context, aggregate, it))
}

/// Whether the aggregate has no such member, and the context nothing of such a name.
fn is_new(context: &Context, aggregate: &Aggregate, changes: &Changes) -> bool {
    let types = [
        context.aggregates.keys().collect::<Vec<_>>(),
        context.commands.keys().collect(),
        context.events.keys().collect(),
        context.values.keys().collect(),
        context.enums.keys().collect(),
    ];
    let mut types = types
        .iter()
        .flatten()
        .map(|name| collision_key(name.as_str()));
    let wanted = [&changes.command, &changes.changed].map(|name| collision_key(name));
    aggregate.member(changes.field).is_none() && types.all(|name| !wanted.contains(&name))
}
