//! The catalogue of events.

use serde_json::{Value, json};

use crate::model::{
    Aggregate, Context, Emission, Event, EventField, Field, Reference, Scalar, System, Type,
};
use crate::plan::contract::{event_type, topic};
use crate::plan::spoken::event_doc;

use super::markdown::{cell, line};
use super::relations::triggers;

/// Each context that has events, with them.
pub(super) fn catalogue(system: &System) -> Vec<Value> {
    let telling = system.contexts.values().filter(|c| !c.events.is_empty());
    telling
        .map(|context| {
            let events = context.events.values();
            let events: Vec<Value> = events.filter_map(|e| event(system, context, e)).collect();
            json!({ "name": context.name, "events": events })
        })
        .collect()
}

fn event(system: &System, context: &Context, event: &Event) -> Option<Value> {
    let aggregate = context.aggregates.get(&event.aggregate)?;
    let name = event.name.as_str();
    Some(json!({
        "name": name,
        "doc": line(&event_doc(event)),
        "deprecated": event.deprecated.as_deref().map(line),
        "type": format!("{}.v{}", event_type(system, context, name), event.version),
        "topic": topic(system, context, aggregate.name.as_str()),
        "aggregate": aggregate.name,
        "deletes": event.deletes,
        "status": !aggregate.states.is_empty(),
        "fields": fields(aggregate, event),
        "emitters": emitters(context, name),
        "listeners": listeners(system, context, event),
    }))
}

fn fields(aggregate: &Aggregate, event: &Event) -> Vec<Value> {
    let fields = event.fields.iter().filter_map(|(name, field)| {
        let (ty, doc) = match field {
            EventField::Field => typed(aggregate.fields.get(name)?),
            EventField::Own(field) => typed(field),
            EventField::Collection(entity) => {
                let entity = aggregate.entities.get(entity)?;
                (format!("list of `{}`", entity.name), entity.doc.clone())
            }
        };
        Some(json!({ "name": name, "type": ty, "doc": cell(doc.as_deref().unwrap_or_default()) }))
    });
    fields.collect()
}

fn typed(field: &Field) -> (String, Option<String>) {
    (type_text(field), field.doc.clone())
}

/// The type of a field, in words.
pub(super) fn type_text(field: &Field) -> String {
    let one = match &field.ty {
        Type::Scalar(Scalar::Decimal(format)) => {
            format!("`decimal({},{})`", format.precision, format.scale)
        }
        Type::Scalar(scalar) => format!("`{}`", format!("{scalar:?}").to_lowercase()),
        Type::Enum(path) | Type::Value(path) => format!("`{}`", path.name),
        Type::Reference(Reference::Local(name)) => format!("id of `{name}`"),
        Type::Reference(Reference::Foreign(context, name)) => format!("id of `{context}.{name}`"),
        Type::Reference(Reference::Entity { entity, .. }) => format!("id of `{entity}`"),
    };
    let many = if field.list {
        format!("list of {one}")
    } else {
        one
    };
    if field.optional {
        format!("{many}, optional")
    } else {
        many
    }
}

/// The commands that emit an event: `` `PlaceOrder` ``, `` `RetryOrder` (sometimes) ``.
fn emitters(context: &Context, event: &str) -> Vec<String> {
    let commands = context.commands.values().filter_map(|command| {
        let emission = command
            .emits
            .iter()
            .find(|emission| emission.events().iter().any(|name| name.as_str() == event))?;
        Some(match emission {
            Emission::Always(_) => format!("`{}`", command.name),
            Emission::Optional(_) | Emission::OneOf(_) => format!("`{}` (sometimes)", command.name),
        })
    });
    commands.collect()
}

/// Who waits for an event, or copies from its aggregate.
pub(super) fn listeners(system: &System, context: &Context, event: &Event) -> Vec<String> {
    let mut listeners = Vec::new();
    for other in system.contexts.values() {
        let waiting = triggers(other)
            .filter(|(_, trigger)| trigger.context == context.name && trigger.event == event.name);
        listeners.extend(waiting.map(|(what, _)| format!("`{}`: {what}", other.name)));
        let copies = other.replicas.values().filter(|replica| {
            replica.context == context.name && replica.aggregate == event.aggregate
        });
        let carried = copies.filter(|replica| {
            let mut fields = replica.fields.iter();
            event.creates
                || event.deletes
                || fields.any(|field| {
                    event.fields.contains_key(&field.name) || field.name.as_str() == "status"
                })
        });
        listeners.extend(carried.map(|r| format!("`{}`: replica `{}`", other.name, r.name)));
    }
    listeners
}
