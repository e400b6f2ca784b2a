//! The schemas of an OpenAPI document: JSON Schema 2020-12.

use serde_json::{Map, Value, json};

use super::kinds::{integer, timestamp, uuid};
use super::{fields, inputs, problems};
use crate::model::{Aggregate, Context, Default, EnumType, Field, System, ValueType, derived};
use crate::plan::contracts::status;
use crate::plan::prose::{aggregate_doc, default_said};

pub(in crate::plan) use super::fields::field;

/// Which way values go. What is taken is told in full; what is given may have more members one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum Way {
    /// From callers.
    In,
    /// To callers and consumers.
    Out,
}

/// A member of an object: its name, whether it has to be there, its schema.
pub(super) type Member = (String, bool, Value);

impl Way {
    /// What a type is called that is not the same both ways. No type of a description has a point in its name.
    pub(super) fn named(self, name: &str) -> String {
        match self {
            Self::In => format!("{name}.input"),
            Self::Out => name.to_owned(),
        }
    }
}

/// A reference to a schema of the document.
pub(in crate::plan) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// What a page of an aggregate is called.
pub(super) fn page_name(aggregate: &str) -> String {
    format!("{aggregate}.page")
}

/// Every schema of a service.
pub(super) fn schemas(system: &System, context: &Context) -> Map<String, Value> {
    let mut schemas = types(system, context);
    schemas.extend(structures(system, context, Way::In));
    for aggregate in context.aggregates.values() {
        let name = aggregate.name.as_str();
        schemas.insert(derived::view(name), view(aggregate));
        schemas.insert(page_name(name), page(name));
    }
    for command in context.commands.values().filter(|command| command.http) {
        if let Some(aggregate) = context.aggregates.get(&command.aggregate) {
            schemas.insert(command.name.to_string(), inputs::input(aggregate, command));
        }
    }
    schemas.insert("Problem".to_owned(), problems::schema());
    schemas
}

/// The schemas of the types a context's fields are of, as callers and consumers are given them.
pub(in crate::plan) fn types(system: &System, context: &Context) -> Map<String, Value> {
    let mut schemas = Map::new();
    for ty in system.enums.values().chain(context.enums.values()) {
        schemas.insert(ty.name.to_string(), enumeration(ty));
    }
    for states in context.aggregates.values().filter_map(status) {
        schemas.insert(states.name.to_string(), enumeration(&states));
    }
    schemas.extend(structures(system, context, Way::Out));
    schemas
}

/// The schemas of value objects and entities.
fn structures(system: &System, context: &Context, way: Way) -> Map<String, Value> {
    let mut schemas = Map::new();
    for ty in system.values.values().chain(context.values.values()) {
        schemas.insert(way.named(ty.name.as_str()), value(ty, way));
    }
    let aggregates = context.aggregates.values();
    for entity in aggregates.flat_map(|aggregate| aggregate.entities.values()) {
        let id = match way {
            Way::In => ("id".to_owned(), false, fields::nullable(uuid())),
            Way::Out => ("id".to_owned(), true, uuid()),
        };
        let members = entity.fields.values().map(|field| member(field, way));
        let members = [id].into_iter().chain(members).collect();
        let schema = object(entity.doc.as_deref(), members, way);
        schemas.insert(way.named(entity.name.as_str()), schema);
    }
    schemas
}

fn value(ty: &ValueType, way: Way) -> Value {
    let members = ty.fields.values().map(|field| member(field, way));
    object(ty.doc.as_deref(), members.collect(), way)
}

/// A field of a value object or entity.
fn member(of: &Field, way: Way) -> Member {
    let absent = match way {
        Way::In => of.optional || of.default.is_some(),
        Way::Out => of.optional,
    };
    let mut schema = field(of, way);
    if let (Way::In, Some(default)) = (way, &of.default) {
        fields::default(of, &mut schema);
        if matches!(default, Default::Now | Default::Today) {
            fields::explain(&mut schema, &default_said(default));
        }
    }
    let schema = match (way, absent) {
        (Way::In, true) => fields::nullable(schema),
        _ => schema,
    };
    (of.name.to_string(), !absent, schema)
}

/// An object with these members.
pub(super) fn object(doc: Option<&str>, members: Vec<Member>, way: Way) -> Value {
    let required: Vec<&String> = members
        .iter()
        .filter(|(_, required, _)| *required)
        .map(|(name, _, _)| name)
        .collect();
    let mut schema = json!({ "type": "object" });
    if let Some(doc) = doc {
        schema["description"] = json!(doc);
    }
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let members = members.into_iter();
    let properties: Map<String, Value> = members.map(|(name, _, schema)| (name, schema)).collect();
    schema["properties"] = json!(properties);
    if way == Way::In {
        schema["additionalProperties"] = json!(false);
    }
    schema
}

fn enumeration(ty: &EnumType) -> Value {
    let mut schema = json!({ "type": "string", "enum": ty.values });
    if let Some(doc) = &ty.doc {
        schema["description"] = json!(doc);
    }
    schema
}

fn view(aggregate: &Aggregate) -> Value {
    let mut members = vec![
        ("id".to_owned(), true, uuid()),
        ("version".to_owned(), true, integer(1)),
        ("created_at".to_owned(), true, timestamp()),
        ("updated_at".to_owned(), true, timestamp()),
    ];
    if let Some(states) = status(aggregate) {
        members.push((
            derived::STATUS.to_owned(),
            true,
            reference(states.name.as_str()),
        ));
    }
    let shown = aggregate.fields.values().filter(|field| !field.hidden);
    members.extend(shown.map(|of| {
        let schema = field(of, Way::Out);
        (of.name.to_string(), !of.optional, schema)
    }));
    for entity in aggregate.entities.values() {
        let items = json!({ "type": "array", "items": reference(entity.name.as_str()) });
        members.push((entity.collection.to_string(), true, items));
    }
    object(Some(&aggregate_doc(aggregate)), members, Way::Out)
}

fn page(aggregate: &str) -> Value {
    let items = json!({ "type": "array", "items": reference(&derived::view(aggregate)) });
    let next = json!({
        "type": "string",
        "description": "The `after` of the next page; left out on the last one.",
    });
    let members = vec![
        ("items".to_owned(), true, items),
        ("next".to_owned(), false, next),
    ];
    object(
        Some(&format!("A page of `{aggregate}`.")),
        members,
        Way::Out,
    )
}
