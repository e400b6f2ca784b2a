//! Example values: the same for the same field, valid under its constraints, and told apart by a
//! number where they must be unique. Fixtures, seeded tests, OpenAPI and the README show them.

mod pattern;
mod scalars;

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Command, Constraints, Entity, Field, InputSource, System, Type};

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
    let mut members = Map::new();
    members.insert("id".to_owned(), json!(uuid(entity.name.as_str(), number)));
    for member in entity.fields.values() {
        members.insert(member.name.to_string(), field(system, member, number));
    }
    Value::Object(members)
}

/// The example of a command's input; members the caller may leave out are among them.
pub fn command(system: &System, aggregate: &Aggregate, command: &Command, number: u32) -> Value {
    let members = command.input.values().filter_map(|input| {
        let value = match &input.source {
            InputSource::Field => field(system, aggregate.fields.get(&input.name)?, number),
            InputSource::Own(own) => field(system, own, number),
            InputSource::Collection(of) => {
                Value::Array(vec![entity(system, aggregate.entities.get(of)?, number)])
            }
        };
        Some((input.name.to_string(), value))
    });
    Value::Object(members.collect())
}

/// The example of a command as a caller sends it: what the service adds is left out.
pub fn request(system: &System, aggregate: &Aggregate, command: &Command, number: u32) -> Value {
    let mut request = self::command(system, aggregate, command, number);
    let inputs = command.input.values();
    let collections = inputs.filter(|i| matches!(i.source, InputSource::Collection(_)));
    for collection in collections {
        let elements = request[collection.name.as_str()].as_array_mut();
        for element in elements.into_iter().flatten() {
            if let Some(members) = element.as_object_mut() {
                members.remove("id");
            }
        }
    }
    request
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
            let fields = system.value_type(path).into_iter();
            let members = fields.flat_map(|ty| ty.fields.values());
            Value::Object(
                members
                    .map(|member| (member.name.to_string(), self::field(system, member, number)))
                    .collect(),
            )
        }
    }
}
