//! What the system says by messages, as an AsyncAPI 3.1 document: events, the snapshots that stand for
//! them, and what the runtimes of two services say to each other on the same channels.

mod channels;
mod envelope;
mod payloads;

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Context, Event, System, derived};
use crate::plan::contracts::event_type;
use crate::plan::prose::event_doc;

/// The document, as JSON.
pub(super) fn document(system: &System) -> String {
    let (mut channels, mut operations) = (Map::new(), Map::new());
    let (mut messages, mut shapes) = (envelope::messages(), Map::new());
    for context in system.contexts.values() {
        shapes.extend(payloads::types(system, context));
        for aggregate in context.aggregates.values() {
            let events = events_of(context, aggregate);
            if events.is_empty() {
                continue;
            }
            channels.extend(channels::of_events(system, context, aggregate));
            for event in &events {
                let name = message_name(context, event);
                let kind = event_type(system, context, event.name.as_str());
                let kind = format!("{kind}.v{}", event.version);
                let about = (event.name.as_str(), event_doc(event));
                messages.insert(name.clone(), message(context, &name, &kind, about));
                shapes.insert(name, payloads::of_event(context, aggregate, event));
            }
            let (name, kind) = snapshot_name(system, context, aggregate);
            let said = format!(
                "All that is published of one `{}`, as it is now; nothing of one that was deleted",
                aggregate.name
            );
            let title = derived::snapshot(aggregate.name.as_str());
            messages.insert(name.clone(), message(context, &name, &kind, (&title, said)));
            shapes.insert(name, payloads::of_snapshot(context, aggregate, &events));
        }
        channels.extend(channels::of_requests(system, context));
        operations.extend(channels::operations(system, context));
    }
    let document = json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": system.name,
            "version": "1",
            "description": system.doc.as_deref().unwrap_or("What the contexts tell each other."),
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "messageTraits": {
                "envelope": envelope::envelope(),
                "control": envelope::control(),
            },
            "schemas": shapes,
        },
    });
    // A value always has a text.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// The events of an aggregate.
fn events_of<'a>(context: &'a Context, aggregate: &Aggregate) -> Vec<&'a Event> {
    let events = context.events.values();
    events
        .filter(|event| event.aggregate == aggregate.name)
        .collect()
}

/// What a message and its payload are called among all of the system's.
fn message_name(context: &Context, event: &Event) -> String {
    format!("{}.{}.v{}", context.name, event.name, event.version)
}

/// The same for snapshots of an aggregate, and their type. There is one version of them.
fn snapshot_name(system: &System, context: &Context, aggregate: &Aggregate) -> (String, String) {
    let snapshot = derived::snapshot(aggregate.name.as_str());
    let kind = event_type(system, context, &snapshot);
    (
        format!("{}.{snapshot}.v1", context.name),
        format!("{kind}.v1"),
    )
}

fn reference(pointer: &str) -> Value {
    json!({ "$ref": format!("#/{pointer}") })
}

/// A message about an aggregate; `about`: its title, and what is said of it.
fn message(context: &Context, name: &str, kind: &str, about: (&str, String)) -> Value {
    let (title, summary) = about;
    json!({
        "name": kind,
        "title": title,
        "summary": summary,
        "tags": [{ "name": context.name }],
        "payload": reference(&format!("components/schemas/{name}")),
        "traits": [reference("components/messageTraits/envelope")],
    })
}
