//! The catalogue of events.

use serde::Serialize;

use crate::model::{
    Aggregate, Context, Emission, Event, EventField, Field, Reference, Scalar, System, Type,
};
use crate::plan::contracts::{event_type, topic};

use super::markdown::{cell, line};
use super::relations::{Listener, triggers};

/// The events of a context.
#[derive(Debug, Serialize)]
pub(super) struct ContextEvents {
    name: String,
    events: Vec<EventView>,
}

/// An event.
#[derive(Debug, Serialize)]
struct EventView {
    name: String,
    /// What the description says of it, on one line.
    doc: Option<String>,
    /// Why it is deprecated, if it is.
    deprecated: Option<String>,
    /// What it is called where it is published, with its version.
    #[serde(rename = "type")]
    ty: String,
    topic: String,
    aggregate: String,
    /// Whether its aggregate is gone with it.
    deletes: bool,
    fields: Vec<FieldView>,
    emitters: Vec<Emitter>,
    listeners: Vec<Listening>,
}

/// A field of an event, as a row of a table.
#[derive(Debug, Serialize)]
struct FieldView {
    name: String,
    #[serde(rename = "type")]
    ty: FieldType,
    doc: String,
}

/// A command that emits an event.
#[derive(Debug, Serialize)]
struct Emitter {
    command: String,
    /// Whether it does so each time.
    always: bool,
}

/// Who hears an event.
#[derive(Debug, Serialize)]
struct Listening {
    context: String,
    listens: Listener,
}

/// Each context that has events, with them.
pub(super) fn catalogue(system: &System) -> Vec<ContextEvents> {
    let emitting = system.contexts.values().filter(|c| !c.events.is_empty());
    let contexts = emitting.map(|context| {
        let events = context.events.values();
        ContextEvents {
            name: context.name.to_string(),
            events: events.filter_map(|it| event(system, context, it)).collect(),
        }
    });
    contexts.collect()
}

fn event(system: &System, context: &Context, event: &Event) -> Option<EventView> {
    let aggregate = context.aggregates.get(&event.aggregate)?;
    let name = event.name.as_str();
    Some(EventView {
        name: name.to_owned(),
        doc: event.doc.as_deref().map(line),
        deprecated: event.deprecated.as_deref().map(line),
        ty: format!("{}.v{}", event_type(system, context, name), event.version),
        topic: topic(system, context, aggregate.name.as_str()),
        aggregate: aggregate.name.to_string(),
        deletes: event.deletes,
        fields: fields(aggregate, event),
        emitters: emitters(context, name),
        listeners: listeners(system, context, event),
    })
}

fn fields(aggregate: &Aggregate, event: &Event) -> Vec<FieldView> {
    let fields = event.fields.iter().filter_map(|(name, field)| {
        let (ty, doc) = match field {
            EventField::Field => typed(aggregate.fields.get(name)?),
            EventField::Own(field) | EventField::Certain(field) => typed(field),
            EventField::Collection(entity) => {
                let entity = aggregate.entities.get(entity)?;
                (FieldType::entities(entity.name.as_str()), &entity.doc)
            }
        };
        Some(FieldView {
            name: name.to_string(),
            ty,
            doc: cell(doc.as_deref().unwrap_or_default()),
        })
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
fn emitters(context: &Context, event: &str) -> Vec<Emitter> {
    let commands = context.commands.values().filter_map(|command| {
        let emission = command
            .emits
            .iter()
            .find(|emission| emission.events().iter().any(|name| name.as_str() == event))?;
        Some(Emitter {
            command: command.name.to_string(),
            always: matches!(emission, Emission::Always(_)),
        })
    });
    commands.collect()
}

/// Who waits for an event, or copies from its aggregate.
fn listeners(system: &System, context: &Context, event: &Event) -> Vec<Listening> {
    let mut listeners = Vec::new();
    let aggregate = context.aggregates.get(&event.aggregate);
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
                    event.fields.contains_key(&field.name)
                        || aggregate.is_some_and(|aggregate| aggregate.is_status(&field.name))
                })
        });
        let carried = carried.map(|replica| Listener::Replica {
            name: replica.name.to_string(),
        });
        let all = waiting.chain(carried);
        listeners.extend(all.map(|listens| Listening {
            context: other.name.to_string(),
            listens,
        }));
    }
    listeners
}
