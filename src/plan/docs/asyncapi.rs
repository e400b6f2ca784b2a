//! What the system says by messages, as an AsyncAPI 3.0 document.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Context, Event, EventField, System, derived};
use crate::plan::contracts::{event_type, status, topic};
use crate::plan::prose::event_doc;
use crate::plan::services::openapi::schemas;

use super::relations::triggers;

/// The document, as JSON.
pub(super) fn document(system: &System) -> String {
    let (mut channels, mut operations) = (Map::new(), Map::new());
    let (mut messages, mut shapes) = (Map::new(), Map::new());
    for context in system.contexts.values() {
        shapes.extend(types(system, context));
        for aggregate in context.aggregates.values() {
            let events = events_of(context, aggregate);
            if events.is_empty() {
                continue;
            }
            let address = topic(system, context, aggregate.name.as_str());
            let names = events.iter().map(|event| message_name(context, event));
            channels.insert(address.clone(), channel(&address, aggregate, names));
            for event in &events {
                let name = message_name(context, event);
                messages.insert(name.clone(), message(system, context, event));
                shapes.insert(name, payload(context, aggregate, event));
            }
            operations.insert(
                format!("{}-sends-{}", context.name, key(aggregate)),
                operation(
                    "send",
                    context,
                    &address,
                    events.iter().copied().map(|e| (context, e)),
                ),
            );
        }
        operations.extend(received(system, context));
    }
    let document = json!({
        "asyncapi": "3.0.0",
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
            "messageTraits": { "envelope": envelope() },
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

fn key(aggregate: &Aggregate) -> String {
    derived::segment(aggregate.name.as_str())
}

fn reference(pointer: &str) -> Value {
    json!({ "$ref": format!("#/{pointer}") })
}

fn channel(address: &str, aggregate: &Aggregate, names: impl Iterator<Item = String>) -> Value {
    let messages: Map<String, Value> = names
        .map(|name| {
            (
                name.clone(),
                reference(&format!("components/messages/{name}")),
            )
        })
        .collect();
    json!({
        "address": address,
        "description": format!("All that happens to each `{}`, in its order", aggregate.name),
        "messages": messages,
    })
}

fn message(system: &System, context: &Context, event: &Event) -> Value {
    let name = message_name(context, event);
    let kind = event_type(system, context, event.name.as_str());
    json!({
        "name": format!("{kind}.v{}", event.version),
        "title": event.name,
        "summary": event_doc(event),
        "tags": [{ "name": context.name }],
        "payload": reference(&format!("components/schemas/{name}")),
        "traits": [reference("components/messageTraits/envelope")],
    })
}

fn operation<'a>(
    action: &str,
    context: &Context,
    address: &str,
    events: impl Iterator<Item = (&'a Context, &'a Event)>,
) -> Value {
    let messages: Vec<Value> = events
        .map(|(owner, event)| {
            let name = message_name(owner, event);
            reference(&format!("channels/{address}/messages/{name}"))
        })
        .collect();
    json!({
        "action": action,
        "channel": reference(&format!("channels/{address}")),
        "tags": [{ "name": context.name }],
        "messages": messages,
    })
}

/// What a context listens to, a topic an operation.
fn received(system: &System, context: &Context) -> Map<String, Value> {
    let mut operations = Map::new();
    for owner in system.contexts.values() {
        for aggregate in owner.aggregates.values() {
            let copied = context
                .replicas
                .values()
                .any(|r| r.context == owner.name && r.aggregate == aggregate.name);
            let awaited: BTreeSet<&str> = triggers(context)
                .filter(|(_, trigger)| trigger.context == owner.name)
                .map(|(_, trigger)| trigger.event.as_str())
                .collect();
            let mut heard = events_of(owner, aggregate);
            heard.retain(|event| copied || awaited.contains(event.name.as_str()));
            if heard.is_empty() {
                continue;
            }
            let address = topic(system, owner, aggregate.name.as_str());
            let name = format!(
                "{}-receives-{}-{}",
                context.name,
                owner.name,
                key(aggregate)
            );
            let heard = heard.into_iter().map(|event| (owner, event));
            operations.insert(name, operation("receive", context, &address, heard));
        }
    }
    operations
}

/// The fields of an event, and the status where its aggregate has states.
fn payload(context: &Context, aggregate: &Aggregate, event: &Event) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    if let Some(states) = status(aggregate) {
        let ty = schemas::reference(states.name.as_str());
        properties.insert("status".to_owned(), ty);
        required.push("status".to_owned());
    }
    for (name, field) in &event.fields {
        let field = match field {
            EventField::Field => aggregate.fields.get(name),
            EventField::Own(field) => Some(field.as_ref()),
            EventField::Collection(entity) => {
                let items = schemas::reference(entity.as_str());
                let list = json!({ "type": "array", "items": items });
                properties.insert(name.to_string(), list);
                None
            }
        };
        if let Some(field) = field {
            properties.insert(name.to_string(), schemas::field(field, schemas::Way::Out));
            if !field.optional && !field.may_be_empty() {
                required.push(name.to_string());
            }
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    qualified(context, schema)
}

/// The types that payloads are made of.
fn types(system: &System, context: &Context) -> Map<String, Value> {
    let types = schemas::types(system, context).into_iter();
    types
        .map(|(name, schema)| {
            (
                format!("{}.{name}", context.name),
                qualified(context, schema),
            )
        })
        .collect()
}

/// A schema whose references name the context as well: other contexts have types of the same names.
fn qualified(context: &Context, schema: Value) -> Value {
    match schema {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| match value {
                Value::String(to) if name == "$ref" => {
                    let own = to.replacen("schemas/", &format!("schemas/{}.", context.name), 1);
                    (name, Value::String(own))
                }
                value => (name, qualified(context, value)),
            });
            Value::Object(members.collect())
        }
        Value::Array(elements) => {
            let elements = elements.into_iter();
            Value::Array(
                elements
                    .map(|element| qualified(context, element))
                    .collect(),
            )
        }
        other => other,
    }
}

/// What every message carries around its payload: CloudEvents 1.0 in the binding of Kafka.
fn envelope() -> Value {
    let text = |says: &str| json!({ "type": "string", "description": says });
    let uuid = |says: &str| json!({ "type": "string", "format": "uuid", "description": says });
    json!({
        "contentType": "application/json",
        "correlationId": { "location": "$message.header#/ce_correlationid" },
        "headers": {
            "type": "object",
            "required": [
                "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time",
                "ce_sequence", "ce_partitionkey", "ce_correlationid", "ce_causationid", "ce_change",
            ],
            "properties": {
                "ce_specversion": { "const": "1.0" },
                "ce_id": uuid("The event's id"),
                "ce_source": text("The context that tells: `/<system>/<context>`"),
                "ce_type": text("The event's type with its version"),
                "ce_subject": uuid("The aggregate's id"),
                "ce_time": { "type": "string", "format": "date-time" },
                "ce_sequence": text("The event's place in the history of its aggregate, from 1"),
                "ce_partitionkey": uuid("What order is kept for: the aggregate's id"),
                "ce_dataschema": text("The type and the version of the payload"),
                "ce_correlationid": text("What all messages share that one request set off"),
                "ce_causationid": uuid("The message or the request that caused this one"),
                "ce_change": { "enum": ["saved", "deleted", "snapshot"] },
                "ce_lastevent": uuid("For a snapshot: the last event it stands for"),
                "ce_traceparent": text("The trace it belongs to (W3C Trace Context)"),
            },
        },
    })
}
