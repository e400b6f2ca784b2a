//! Puts defaults where members are left out.

use serde_json::{Map, Value, json};

use super::{Column, DefaultValue, Kind};
use crate::value::Timestamp;

/// Gives the members that are left out, and those of the value objects and entities inside, their
/// defaults; `now` is the time of the command. `null` is as good as left out.
pub fn complete(columns: &[Column], members: &mut Map<String, Value>, now: Timestamp) {
    for column in columns {
        let given = members.get(column.name).is_some_and(|it| !it.is_null());
        if let (false, Some(default)) = (given, column.default) {
            members.insert(column.name.to_owned(), default.value(now));
        }
        let (Kind::Value(inside), Some(value)) = (column.kind, members.get_mut(column.name)) else {
            continue;
        };
        let values = match value {
            Value::Array(elements) => elements.as_mut_slice(),
            one => std::slice::from_mut(one),
        };
        for value in values.iter_mut().filter_map(Value::as_object_mut) {
            complete(inside, value, now);
        }
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
