//! The payloads of messages, and the types that they are made of.

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Content, Context, Event, EventField, Ident, System};
use crate::plan::contracts::status;
use crate::plan::services::openapi::schemas;

/// The fields of an event, and the status where its aggregate has states.
pub(super) fn of_event(context: &Context, aggregate: &Aggregate, event: &Event) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    if let Some(states) = status(aggregate) {
        let ty = schemas::reference(states.name.as_str());
        properties.insert("status".to_owned(), ty);
        required.push("status".to_owned());
    }
    for (name, field) in &event.fields {
        let field = match field {
            EventField::Field => aggregate.fields.get(name),
            EventField::Own(field) | EventField::Certain(field) => Some(field.as_ref()),
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
    qualified(context, object(properties, required))
}

/// All that some event carries of an aggregate, and the status where it has states; nothing of one that was
/// deleted.
pub(super) fn of_snapshot(context: &Context, aggregate: &Aggregate, events: &[&Event]) -> Value {
    let carried = |name: &Ident| {
        let mut events = events.iter();
        events.any(|event| {
            let field = event.fields.get(name);
            field.is_some_and(|field| !matches!(field, EventField::Own(_)))
        })
    };
    let (mut properties, mut required) = (Map::new(), Vec::new());
    if let Some(states) = status(aggregate) {
        properties.insert(
            "status".to_owned(),
            schemas::reference(states.name.as_str()),
        );
        required.push("status".to_owned());
    }
    for (name, content) in aggregate.members().filter(|(name, _)| carried(name)) {
        let schema = match content {
            Content::Field(field) => schemas::field(field, schemas::Way::Out),
            Content::Entities(entity) => {
                json!({ "type": "array", "items": schemas::reference(entity.name.as_str()) })
            }
        };
        properties.insert(name.to_string(), schema);
        if !content.is_optional() {
            required.push(name.to_string());
        }
    }
    let state = object(properties, required);
    qualified(
        context,
        json!({ "anyOf": [state, { "type": "object", "maxProperties": 0 }] }),
    )
}

fn object(properties: Map<String, Value>, required: Vec<String>) -> Value {
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The types that payloads are made of.
pub(super) fn types(system: &System, context: &Context) -> Map<String, Value> {
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
