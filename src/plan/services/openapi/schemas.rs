//! The schemas of an OpenAPI document: JSON Schema 2020-12.

use serde_json::{Map, Value, json};

use super::inputs;
use crate::model::{Aggregate, Context, EnumType, Field, Scalar, System, Type, ValueType, derived};
use crate::plan::contracts::status;
use crate::plan::prose::aggregate_doc;

/// A reference to a schema of the document.
pub(in crate::plan) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Every schema of a service.
pub(super) fn schemas(system: &System, context: &Context) -> Map<String, Value> {
    let mut schemas = types(system, context);
    for aggregate in context.aggregates.values() {
        let name = derived::view(aggregate.name.as_str());
        schemas.insert(name, view(aggregate));
    }
    for command in context.commands.values().filter(|command| command.http) {
        if let Some(aggregate) = context.aggregates.get(&command.aggregate) {
            schemas.insert(command.name.to_string(), inputs::input(aggregate, command));
        }
    }
    schemas.insert("Problem".to_owned(), problem());
    schemas
}

/// The schemas of the types a context's fields are of.
pub(in crate::plan) fn types(system: &System, context: &Context) -> Map<String, Value> {
    let mut schemas = Map::new();
    for ty in system.enums.values().chain(context.enums.values()) {
        schemas.insert(ty.name.to_string(), enumeration(ty));
    }
    for ty in system.values.values().chain(context.values.values()) {
        schemas.insert(ty.name.to_string(), value(ty));
    }
    for aggregate in context.aggregates.values() {
        if let Some(states) = status(aggregate) {
            schemas.insert(states.name.to_string(), enumeration(&states));
        }
        for entity in aggregate.entities.values() {
            let mut members = vec![("id".to_owned(), false, uuid())];
            members.extend(entity.fields.values().map(member));
            schemas.insert(
                entity.name.to_string(),
                object(entity.doc.as_deref(), members),
            );
        }
    }
    schemas
}

/// The schema of a field.
pub(in crate::plan) fn field(field: &Field) -> Value {
    let mut schema = one(&field.ty);
    constraints(field, &mut schema);
    if field.list {
        schema = json!({ "type": "array", "items": schema });
        lengths(field, ["minItems", "maxItems"], &mut schema);
    }
    for (key, text) in [("description", &field.doc)] {
        if let Some(text) = text {
            schema[key] = json!(text);
        }
    }
    if field.deprecated.is_some() {
        schema["deprecated"] = json!(true);
    }
    if let Some(crate::model::Default::Constant(value)) = &field.default {
        schema["default"] = value.clone();
    }
    schema
}

/// The schema of a type.
pub(super) fn one(ty: &Type) -> Value {
    let scalar = match ty {
        Type::Enum(path) | Type::Value(path) => return reference(path.name.as_str()),
        Type::Reference(_) => return uuid(),
        Type::Scalar(scalar) => scalar,
    };
    match scalar {
        Scalar::String | Scalar::Text => json!({ "type": "string" }),
        Scalar::Bool => json!({ "type": "boolean" }),
        Scalar::Int => json!({ "type": "integer", "format": "int64" }),
        Scalar::Float => json!({ "type": "number", "format": "double" }),
        Scalar::Decimal(_) => json!({ "type": "string", "format": "decimal" }),
        Scalar::Uuid => uuid(),
        Scalar::Date => json!({ "type": "string", "format": "date" }),
        Scalar::Timestamp => json!({ "type": "string", "format": "date-time" }),
        Scalar::Duration => json!({ "type": "string", "format": "duration" }),
        Scalar::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
        Scalar::Json => json!({}),
    }
}

pub(super) fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn constraints(field: &Field, schema: &mut Value) {
    let rules = &field.constraints;
    let number = matches!(field.ty, Type::Scalar(Scalar::Int | Scalar::Float));
    let bounds = [
        ("minimum", &rules.min),
        ("maximum", &rules.max),
        ("exclusiveMinimum", &rules.exclusive_min),
    ];
    for (key, bound) in bounds {
        if let (Some(bound), true) = (bound, number) {
            schema[key] = bound.clone();
        }
    }
    // The length of bytes is not that of their text.
    if !field.list && field.ty != Type::Scalar(Scalar::Bytes) {
        lengths(field, ["minLength", "maxLength"], schema);
    }
    if let Some(pattern) = &rules.pattern {
        schema["pattern"] = json!(format!("^(?:{pattern})$"));
    }
}

fn lengths(field: &Field, keys: [&str; 2], schema: &mut Value) {
    let rules = &field.constraints;
    for (key, length) in keys.into_iter().zip([rules.min_length, rules.max_length]) {
        if let Some(length) = length {
            schema[key] = json!(length);
        }
    }
}

fn member(of: &Field) -> (String, bool, Value) {
    (of.name.to_string(), of.is_required(), field(of))
}

/// An object with these members: name, whether it has to be there, schema.
pub(super) fn object(doc: Option<&str>, members: Vec<(String, bool, Value)>) -> Value {
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
    let properties: Map<String, Value> = members
        .into_iter()
        .map(|(name, _, schema)| (name, schema))
        .collect();
    schema["properties"] = json!(properties);
    schema
}

fn enumeration(ty: &EnumType) -> Value {
    let mut schema = json!({ "type": "string", "enum": ty.values });
    if let Some(doc) = &ty.doc {
        schema["description"] = json!(doc);
    }
    schema
}

fn value(ty: &ValueType) -> Value {
    object(ty.doc.as_deref(), ty.fields.values().map(member).collect())
}

fn view(aggregate: &Aggregate) -> Value {
    let time = json!({ "type": "string", "format": "date-time" });
    let mut members = vec![
        ("id".to_owned(), true, uuid()),
        (
            "version".to_owned(),
            true,
            json!({ "type": "integer", "minimum": 1 }),
        ),
        ("created_at".to_owned(), true, time.clone()),
        ("updated_at".to_owned(), true, time),
    ];
    if let Some(states) = status(aggregate) {
        members.push(("status".to_owned(), true, reference(states.name.as_str())));
    }
    let fields = aggregate.fields.values().filter(|field| !field.hidden);
    members.extend(fields.map(|of| (of.name.to_string(), !of.optional, field(of))));
    for entity in aggregate.entities.values() {
        let items = json!({ "type": "array", "items": reference(entity.name.as_str()) });
        members.push((entity.collection.to_string(), true, items));
    }
    object(Some(&aggregate_doc(aggregate)), members)
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status"],
        "properties": {
            "type": {
                "type": "string",
                "format": "uri-reference",
                "description": "`urn:microdb:problem:` and the name of the refusal in kebab-case",
            },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "violations": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "pointer": { "type": "string" },
                        "detail": { "type": "string" },
                    },
                },
            },
            "omitted": { "type": "integer", "description": "How many more violations there are" },
        },
    })
}
