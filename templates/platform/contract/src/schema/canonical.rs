//! Brings values into their one JSON form, so that equal values compare equal.

use serde_json::{Map, Value};

use super::{Column, Kind, Null, Schema, form::form};

/// Brings the members into their one JSON form: texts of decimals, instants, spans, UUIDs and
/// bytes, and whole numbers of floats; an absent member is left out rather than `null`, unless
/// `null` says something else. What is not of its kind, and members that are no column, stay as they
/// are; [`super::check`] finds them.
pub fn canonical(columns: &[Column], members: &mut Map<String, Value>) {
    for column in columns {
        let Some(value) = members.get_mut(column.name) else {
            continue;
        };
        let absent = column.optional || !matches!(column.kind, Kind::Json);
        match (value.is_null(), column.null) {
            (true, Null::Clears) => {}
            (true, _) if absent => drop(members.remove(column.name)),
            _ => *value = canonical_value(column, value),
        }
    }
}

/// A member's value in its one JSON form; as it is when it is not of its kind.
pub fn canonical_value(column: &Column, value: &Value) -> Value {
    match value {
        Value::Array(elements) if column.list => elements
            .iter()
            .map(|element| form(column.kind, element).unwrap_or_else(|_| element.clone()))
            .collect(),
        _ if column.list => value.clone(),
        _ => form(column.kind, value).unwrap_or_else(|_| value.clone()),
    }
}

impl Schema {
    /// Brings an aggregate's members into their one JSON form, the entities inside among them.
    pub fn canonical(&self, members: &mut Map<String, Value>) {
        canonical(self.columns, members);
        for collection in self.collections {
            let entities = members
                .entry(collection.member)
                .or_insert_with(|| Value::Array(Vec::new()));
            for entity in entities.as_array_mut().into_iter().flatten() {
                if let Some(entity) = entity.as_object_mut() {
                    canonical(collection.columns, entity);
                }
            }
        }
    }
}
