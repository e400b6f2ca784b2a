//! What events look like on the wire, and what fields are made of.

use std::collections::BTreeMap;

use super::context::Shape;
use super::hash;
use crate::model::{Content, Context, Event, Field, Reference, Scalar, System, Type};

/// The shape of each event of a context, by name.
pub(super) fn of(system: &System, context: &Context) -> BTreeMap<String, Shape> {
    let events = context.events.values();
    let shapes = events.map(|event| {
        let mut members = members(system, context, event);
        members.sort();
        let shape = Shape {
            version: event.version,
            // Until the first release a change is a change of the first revision.
            revision: 1,
            hash: hash(members.join("\n").as_bytes())[..16].to_owned(),
        };
        (event.name.to_string(), shape)
    });
    shapes.collect()
}

/// A line for each member of an event, however deep.
pub fn members(system: &System, context: &Context, event: &Event) -> Vec<String> {
    let Some(aggregate) = context.aggregates.get(&event.aggregate) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for (name, content) in event.members(aggregate) {
        match content {
            Content::Field(field) => lines.extend(entries(system, name, field)),
            Content::Entities(entity) => {
                for field in entity.fields.values() {
                    lines.extend(entries(system, &format!("{name}[].{}", field.name), field));
                }
            }
        }
    }
    let states = aggregate.states.iter().map(|state| state.name.as_str());
    lines.push(format!("status {}", states.collect::<Vec<_>>().join("|")));
    lines.push(format!("of {} deletes {}", event.aggregate, event.deletes));
    lines
}

/// `path kind` of a field, and of each member of its value object.
pub(super) fn entries<'a>(
    system: &'a System,
    path: &str,
    field: &'a Field,
) -> Box<dyn Iterator<Item = String> + 'a> {
    let own = std::iter::once(format!("{path} {}", kind(system, field)));
    let value = match &field.ty {
        Type::Value(of) => system.value_type(of),
        _ => None,
    };
    let path = path.to_owned();
    let members = value.into_iter().flat_map(|value| value.fields.values());
    let members =
        members.flat_map(move |field| entries(system, &format!("{path}.{}", field.name), field));
    Box::new(own.chain(members))
}

/// The kind of a field: `decimal(12,2)`, `text[]`, `uuid?`.
pub fn kind(system: &System, field: &Field) -> String {
    let list = if field.list { "[]" } else { "" };
    let optional = if field.optional { "?" } else { "" };
    let unique = if field.unique { "!" } else { "" };
    format!("{}{list}{optional}{unique}", of_type(system, &field.ty))
}

fn of_type(system: &System, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => of_scalar(*scalar),
        Type::Enum(path) => {
            let values = system.enum_type(path).map(|it| it.values.iter());
            let values: Vec<String> = values
                .into_iter()
                .flatten()
                .map(ToString::to_string)
                .collect();
            values.join("|")
        }
        Type::Value(path) => path.name.to_string(),
        Type::Reference(reference) => of_reference(reference),
    }
}

fn of_reference(_: &Reference) -> String {
    "uuid".to_owned()
}

fn of_scalar(scalar: Scalar) -> String {
    let name = match scalar {
        Scalar::String => "string",
        Scalar::Text => "text",
        Scalar::Bool => "bool",
        Scalar::Int => "int",
        Scalar::Float => "float",
        Scalar::Decimal(format) => {
            return format!("decimal({},{})", format.precision, format.scale);
        }
        Scalar::Uuid => "uuid",
        Scalar::Date => "date",
        Scalar::Timestamp => "timestamp",
        Scalar::Duration => "duration",
        Scalar::Bytes => "bytes",
        Scalar::Json => "json",
    };
    name.to_owned()
}
