//! Example values: the same for the same field, valid under its constraints, and told apart by a
//! number where they must be unique. Fixtures, seeded tests, OpenAPI and the README show them.

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Value, json};

use crate::model::{
    Aggregate, Command, DecimalFormat, Entity, Field, InputSource, Scalar, System, Type,
};

/// The example value of a field, in its JSON form.
pub fn field(system: &System, field: &Field, number: u32) -> Value {
    if field.list {
        let least = field.constraints.min_length.unwrap_or(0).max(1);
        let element = Field {
            list: false,
            constraints: crate::model::Constraints::default(),
            ..field.clone()
        };
        return (0..least.min(8))
            .map(|_| one(system, &element, number))
            .collect();
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

fn one(system: &System, field: &Field, number: u32) -> Value {
    match &field.ty {
        Type::Scalar(scalar) => scalar_value(*scalar, field, number),
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

fn scalar_value(scalar: Scalar, field: &Field, number: u32) -> Value {
    match scalar {
        Scalar::String | Scalar::Text => json!(string(field, number)),
        Scalar::Bool => json!(true),
        Scalar::Int => json!(integer(field, number)),
        Scalar::Float => json!(float(field)),
        Scalar::Decimal(format) => json!(decimal(field, format)),
        Scalar::Uuid => json!(uuid(field.name.as_str(), number)),
        Scalar::Date => bounded(field).unwrap_or_else(|| json!("2026-01-31")),
        Scalar::Timestamp => bounded(field).unwrap_or_else(|| json!("2026-01-31T12:00:00.000000Z")),
        Scalar::Duration => bounded(field).unwrap_or_else(|| json!("PT1H30M")),
        Scalar::Bytes => json!(bytes(field)),
        Scalar::Json => json!({ "example": number }),
    }
}

/// A bound that the value itself may be.
fn bounded(field: &Field) -> Option<Value> {
    let rules = &field.constraints;
    rules.min.clone().or_else(|| rules.max.clone())
}

fn string(field: &Field, number: u32) -> String {
    let rules = &field.constraints;
    if let Some(pattern) = &rules.pattern {
        return matching(pattern, number).unwrap_or_default();
    }
    let mut text = format!("{} {number}", field.name.as_str().replace('_', " "));
    let least = usize::try_from(rules.min_length.unwrap_or(0)).unwrap_or(usize::MAX);
    let most = usize::try_from(rules.max_length.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    while text.len() < least.min(10_000) {
        text.push('x');
    }
    if text.len() > most {
        // The number stands last, and is what tells examples apart.
        text = text.split_off(text.len() - most);
    }
    text
}

fn integer(field: &Field, number: u32) -> i64 {
    let bound = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64);
    let rules = &field.constraints;
    let above = bound(&rules.exclusive_min).map(|bound| bound.saturating_add(1));
    let least = bound(&rules.min).max(above);
    let most = bound(&rules.max).unwrap_or(i64::MAX);
    let wanted = i64::from(number);
    wanted.max(least.unwrap_or(i64::MIN)).min(most)
}

fn float(field: &Field) -> f64 {
    let bound = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    let rules = &field.constraints;
    let least = bound(&rules.min).or(bound(&rules.exclusive_min).map(|bound| bound + 0.5));
    let most = bound(&rules.max).unwrap_or(f64::MAX);
    1.5_f64.max(least.unwrap_or(f64::MIN)).min(most)
}

fn decimal(field: &Field, format: DecimalFormat) -> String {
    let rules = &field.constraints;
    let text = |value: &Option<Value>| value.as_ref().map(|v| v.to_string().replace('"', ""));
    let parsed = |value: &Option<Value>| text(value).and_then(|text| text.parse::<f64>().ok());
    let preferred = if format.precision > format.scale {
        1.0
    } else {
        0.0
    };
    let low = parsed(&rules.min).is_none_or(|min| min <= preferred)
        && parsed(&rules.exclusive_min).is_none_or(|min| min < preferred);
    let chosen = match (low, parsed(&rules.max).is_none_or(|max| max >= preferred)) {
        (true, true) => preferred.to_string(),
        (true, false) => text(&rules.max).unwrap_or_default(),
        (false, _) => match (&rules.min, text(&rules.max)) {
            (Some(_), _) => text(&rules.min).unwrap_or_default(),
            (None, Some(max)) => max,
            (None, None) => above(parsed(&rules.exclusive_min).unwrap_or_default()),
        },
    };
    padded(&chosen, usize::from(format.scale))
}

/// The next whole number.
fn above(bound: f64) -> String {
    (bound.floor() + 1.0).to_string()
}

/// A decimal's text with exactly `scale` digits after the point.
fn padded(text: &str, scale: usize) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if scale == 0 {
        return whole.to_owned();
    }
    format!("{whole}.{fraction:0<scale$}")
}

fn bytes(field: &Field) -> String {
    let least = field.constraints.min_length.unwrap_or(0).clamp(3, 300);
    let length = least.min(field.constraints.max_length.unwrap_or(u64::MAX));
    // Base64 of zero bytes: `A` for each six bits, padded to groups of four.
    let bits = usize::try_from(length).unwrap_or(0) * 8;
    let digits = bits.div_ceil(6);
    let padding = (4 - digits % 4) % 4;
    format!("{}{}", "A".repeat(digits), "=".repeat(padding))
}

/// A text that matches the pattern: its least repetitions, its first alternatives; `number` picks
/// among the members of classes, so that different numbers give different texts where they can.
fn matching(pattern: &str, number: u32) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut text = String::new();
    let mut rest = number;
    grow(&hir, &mut text, &mut rest);
    Some(text)
}

fn grow(hir: &Hir, text: &mut String, number: &mut u32) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.extend(member(class, number)),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            for _ in 0..repetition.min.max(1).min(most).min(1_000) {
                grow(&repetition.sub, text, number);
            }
        }
        HirKind::Capture(capture) => grow(&capture.sub, text, number),
        HirKind::Concat(parts) => parts.iter().for_each(|part| grow(part, text, number)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                grow(first, text, number);
            }
        }
    }
}

/// A readable member of a class.
fn member(class: &Class, number: &mut u32) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let readable: Vec<char> = ('a'..='z')
        .chain('A'..='Z')
        .chain('0'..='9')
        .filter(|c| {
            let mut ranges = class.ranges().iter();
            ranges.any(|range| range.start() <= *c && *c <= range.end())
        })
        .collect();
    if readable.is_empty() {
        return class.ranges().first().map(|range| range.start());
    }
    let size = u32::try_from(readable.len()).unwrap_or(1);
    let index = usize::try_from(*number % size).unwrap_or(0);
    *number /= size;
    readable.get(index).copied()
}
