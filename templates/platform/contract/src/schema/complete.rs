//! Puts defaults where members are left out.

use serde_json::{Map, Value, json};

use super::{Column, DefaultValue, Kind, Schema};
use crate::value::Timestamp;

/// Gives the members that are left out, and those of the value objects and entities inside, their
/// defaults; `now` is the time of the command. `null` is as good as left out.
pub fn complete(columns: &[Column], members: &mut Map<String, Value>, now: Timestamp) {
    for column in columns {
        let given = members.get(column.name).is_some_and(|it| !it.is_null());
        if let (false, Some(default)) = (given, column.default) {
            members.insert(column.name.to_owned(), default.value(now));
        }
        if let Kind::Value(inside) = column.kind {
            complete_each(inside, members.get_mut(column.name), now);
        }
    }
}

/// Gives the value objects and entities of an aggregate that were stored before these had some member its
/// default; `made` is the time at which the aggregate was made. Its own members are its table's to give.
pub fn complete_stored(schema: &Schema, members: &mut Map<String, Value>, made: Timestamp) {
    for column in schema.columns {
        if let Kind::Value(inside) = column.kind {
            complete_each(inside, members.get_mut(column.name), made);
        }
    }
    for entities in schema.collections {
        complete_each(entities.columns, members.get_mut(entities.member), made);
    }
}

/// Whether value objects or entities of an aggregate have members that are times of commands by default.
pub fn has_times_by_default(schema: &Schema) -> bool {
    let mut entities = schema.collections.iter();
    any_time(schema.columns) || entities.any(|it| any_time(it.columns))
}

fn any_time(columns: &[Column]) -> bool {
    columns
        .iter()
        .any(|column| match (column.default, column.kind) {
            (Some(DefaultValue::Now | DefaultValue::Today), _) => true,
            (_, Kind::Value(inside)) => any_time(inside),
            _ => false,
        })
}

/// Completes a value object, or each in a list.
fn complete_each(inside: &[Column], value: Option<&mut Value>, now: Timestamp) {
    let values = match value {
        Some(Value::Array(elements)) => elements.as_mut_slice(),
        one => one.map(std::slice::from_mut).unwrap_or_default(),
    };
    for value in values.iter_mut().filter_map(Value::as_object_mut) {
        complete(inside, value, now);
    }
}

impl DefaultValue {
    fn value(self, now: Timestamp) -> Value {
        match self {
            // A contract holds JSON alone; nothing else would be decoded afterwards.
            Self::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            Self::Now => json!(now),
            Self::Today => json!(now.date()),
        }
    }
}
