//! Example values: the same for the same field, valid under its constraints, and told apart by a
//! number where they must be unique. Fixtures, seeded tests, OpenAPI and the README show them.

mod pattern;
mod scalars;

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Command, Constraints, Content, Entity, Event, Field, System, Type};

/// Members in their JSON forms, by name.
pub type Members = Map<String, Value>;

/// How long an example of a list is at most, whatever its field asks for.
const LONGEST: u64 = 1_000;

/// The example value of a field, in its JSON form.
pub fn field(system: &System, field: &Field, number: u32) -> Value {
    if field.list {
        let rules = &field.constraints;
        // The lengths are the list's, the rest is its elements'.
        let element = Field {
            list: false,
            constraints: Constraints {
                min_length: None,
                max_length: None,
                ..rules.clone()
            },
            ..field.clone()
        };
        let most = rules.max_length.unwrap_or(LONGEST).min(LONGEST);
        let length = rules.min_length.unwrap_or(1).max(1).min(most);
        return (0..length).map(|_| one(system, &element, number)).collect();
    }
    one(system, field, number)
}

/// The example of an entity, its id among the members.
pub fn entity(system: &System, entity: &Entity, number: u32) -> Value {
    let id = ("id".to_owned(), json!(uuid(entity.name.as_str(), number)));
    let fields = members(system, entity.fields.values(), number);
    Value::Object([id].into_iter().chain(fields).collect())
}

fn members<'f>(
    system: &System,
    fields: impl Iterator<Item = &'f Field>,
    number: u32,
) -> impl Iterator<Item = (String, Value)> {
    fields.map(move |of| (of.name.to_string(), field(system, of, number)))
}

/// The example of what stands under a name, in its JSON form.
pub fn member(system: &System, content: Content<'_>, number: u32) -> Value {
    match content {
        Content::Field(of) => field(system, of, number),
        Content::Entities(of) => json!([entity(system, of, number)]),
    }
}

/// The example of an aggregate, without what it may lack.
pub fn aggregate(system: &System, aggregate: &Aggregate, number: u32) -> Members {
    let members = aggregate.members().map(|(name, content)| {
        let value = match content.is_optional() {
            true => Value::Null,
            false => member(system, content, number),
        };
        (name.to_string(), value)
    });
    members.collect()
}

/// The example of an event.
pub fn event(system: &System, aggregate: &Aggregate, event: &Event, number: u32) -> Members {
    let members = event.members(aggregate);
    let members = members.map(|(name, of)| (name.to_string(), member(system, of, number)));
    members.collect()
}

/// The example of a command's input; members the caller may leave out are among them.
pub fn command(system: &System, aggregate: &Aggregate, command: &Command, number: u32) -> Members {
    let inputs = command.inputs(aggregate);
    let members = inputs.map(|it| (it.name.to_string(), member(system, it.content, number)));
    members.collect()
}

/// The example of a command as a caller sends it: what the service adds is left out.
pub fn request(system: &System, aggregate: &Aggregate, command: &Command, number: u32) -> Members {
    let mut request = self::command(system, aggregate, command, number);
    for input in command.inputs(aggregate) {
        if let Content::Entities(_) = input.content {
            elements(&mut request, input.name.as_str()).for_each(|entity| {
                entity.remove("id");
            });
        }
    }
    request
}

/// The entities that are listed under a name.
pub fn elements<'m>(members: &'m mut Members, name: &str) -> impl Iterator<Item = &'m mut Members> {
    let elements = members.get_mut(name).and_then(Value::as_array_mut);
    let elements = elements.into_iter().flatten();
    elements.filter_map(Value::as_object_mut)
}

/// A UUID that is the same for the same name and number.
pub fn uuid(name: &str, number: u32) -> String {
    // FNV-1a: a stable, spread-out number is all that is asked.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!(
        "0192{:04x}-{:04x}-7{:03x}-8{:03x}-{:012x}",
        hash >> 48,
        (hash >> 32) & 0xffff,
        (hash >> 20) & 0xfff,
        (hash >> 8) & 0xfff,
        number
    )
}

/// The number of such a UUID: its last part.
pub fn number_of(uuid: &str) -> Option<u32> {
    let digits = uuid.rsplit('-').next()?;
    u32::from_str_radix(digits, 16).ok()
}

fn one(system: &System, field: &Field, number: u32) -> Value {
    match &field.ty {
        Type::Scalar(scalar) => scalars::scalar(*scalar, field, number),
        Type::Reference(reference) => json!(uuid(&format!("{reference:?}"), number)),
        Type::Enum(path) => {
            let first = system.enum_type(path).and_then(|ty| ty.values.first());
            json!(first)
        }
        Type::Value(path) => {
            let declared = system.value_type(path).into_iter();
            let fields = declared.flat_map(|ty| ty.fields.values());
            Value::Object(members(system, fields, number).collect())
        }
    }
}
