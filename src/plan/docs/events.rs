//! The catalogue of events.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{
    Aggregate, Context, Emission, Event, EventField, Field, Reference, Scalar, System, Type,
};
use crate::plan::contract::{event_type, topic};
use crate::plan::spoken::event_doc;

use super::markdown::{cell, line};
use super::relations::{Listener, triggers};

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
                (FieldType::entities(entity.name.as_str()), &entity.doc)
            }
        };
        Some(json!({ "name": name, "type": ty, "doc": cell(doc.as_deref().unwrap_or_default()) }))
    });
    fields.collect()
}

fn typed(field: &Field) -> (FieldType, &Option<String>) {
    (FieldType::of(field), &field.doc)
}

/// The type of a field: the component `field_type` says it.
#[derive(Debug, Serialize)]
pub(super) struct FieldType {
    /// What the description calls it.
    name: String,
    /// Whether it is the id of what is called so.
    is_id: bool,
    list: bool,
    pub(super) optional: bool,
}

impl FieldType {
    /// That of a field.
    pub(super) fn of(field: &Field) -> Self {
        let name = match &field.ty {
            Type::Scalar(Scalar::Decimal(format)) => {
                format!("decimal({},{})", format.precision, format.scale)
            }
            Type::Scalar(scalar) => format!("{scalar:?}").to_lowercase(),
            Type::Enum(path) | Type::Value(path) => path.name.to_string(),
            Type::Reference(Reference::Local(name)) => name.to_string(),
            Type::Reference(Reference::Foreign(context, name)) => format!("{context}.{name}"),
            Type::Reference(Reference::Entity { entity, .. }) => entity.to_string(),
        };
        Self {
            name,
            is_id: matches!(field.ty, Type::Reference(_)),
            list: field.list,
            optional: field.optional,
        }
    }

    /// That of a list of entities.
    pub(super) fn entities(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is_id: false,
            list: true,
            optional: false,
        }
    }
}

/// The commands that emit an event.
fn emitters(context: &Context, event: &str) -> Vec<Value> {
    let commands = context.commands.values().filter_map(|command| {
        let emission = command
            .emits
            .iter()
            .find(|emission| emission.events().iter().any(|name| name.as_str() == event))?;
        let always = matches!(emission, Emission::Always(_));
        Some(json!({ "command": command.name, "always": always }))
    });
    commands.collect()
}

/// Who waits for an event, or copies from its aggregate.
fn listeners(system: &System, context: &Context, event: &Event) -> Vec<Value> {
    let mut listeners = Vec::new();
    for other in system.contexts.values() {
        let waiting = triggers(other)
            .filter(|(_, trigger)| trigger.context == context.name && trigger.event == event.name);
        let waiting = waiting.map(|(listener, _)| listener);
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
        let carried = carried.map(|replica| Listener::Replica {
            name: replica.name.to_string(),
        });
        let all = waiting.chain(carried);
        listeners.extend(all.map(|it| json!({ "context": other.name, "listens": it })));
    }
    listeners
}
