//! Where rows are entered besides their table: unique values and references.

use platform_contract::schema::{Column, Schema, Unique};
use platform_ports::engine::{EngineError, Generation};
use serde_json::{Map, Value, json};

use super::codec;

/// A value by which a row is the only one.
pub(super) struct UniqueValue {
    /// Which of the schema's constraints.
    pub number: usize,
    /// The hash of all such values.
    pub key: String,
    /// The value.
    pub field: String,
}

/// A reference from a row, or from an entity inside.
pub(super) struct Reference {
    /// The column.
    pub column: &'static str,
    /// The table it is in.
    pub from: &'static str,
    /// The table it leads to.
    pub to: &'static str,
    /// The id it names.
    pub id: String,
}

/// The key of a unique constraint.
pub(super) fn unique_key(schema: &Schema, unique: &Unique) -> String {
    format!("unique:{}:{}", schema.table, unique.name)
}

/// The key of all references to a table.
pub(super) fn references_key(table: &str) -> String {
    format!("references:{table}")
}

/// What all references to an id from a column start with.
pub(super) fn reference_prefix(id: &str, from: &str, column: &str) -> String {
    format!("{id}\0{from}\0{column}\0")
}

/// The text of the members of a unique constraint; `None` when one is absent.
pub(super) fn unique_field<'a>(
    schema: &Schema,
    unique: &Unique,
    value: impl Fn(&str) -> Option<&'a Value>,
) -> Result<Option<String>, EngineError> {
    let mut texts = Vec::with_capacity(unique.members.len());
    for member in unique.members {
        let column = schema.columns.iter().find(|column| column.name == *member);
        let (Some(column), Some(value)) = (column, value(member)) else {
            return Ok(None);
        };
        match codec::compared(column, value)? {
            Some(text) => texts.push(text),
            None => return Ok(None),
        }
    }
    Ok(Some(texts.join("\0")))
}

/// The unique values of a row.
pub(super) fn unique_values(
    schema: &Schema,
    members: &Map<String, Value>,
) -> Result<Vec<UniqueValue>, EngineError> {
    let mut unique_values = Vec::new();
    if schema.generations {
        return Ok(unique_values);
    }
    for (number, unique) in schema.unique.iter().enumerate() {
        if let Some(field) = unique_field(schema, unique, |member| members.get(member))? {
            let key = unique_key(schema, unique);
            unique_values.push(UniqueValue { number, key, field });
        }
    }
    Ok(unique_values)
}

/// The references of a row: first those that are no lists, then lists, then those of the entities.
pub(super) fn references(schema: &Schema, members: &Map<String, Value>) -> Vec<Reference> {
    let mut found = Vec::new();
    if schema.generations {
        return found;
    }
    for list in [false, true] {
        let columns = schema.columns.iter().filter(|column| column.list == list);
        columns.for_each(|column| add(&mut found, schema.table, column, members));
    }
    for collection in schema.collections {
        let entities = members.get(collection.member).and_then(Value::as_array);
        for entity in entities.into_iter().flatten().filter_map(Value::as_object) {
            for column in collection.columns {
                add(&mut found, collection.table, column, entity);
            }
        }
    }
    found
}

fn add(
    found: &mut Vec<Reference>,
    from: &'static str,
    column: &'static Column,
    members: &Map<String, Value>,
) {
    let (Some(to), Some(value)) = (column.references, members.get(column.name)) else {
        return;
    };
    let ids = match value {
        Value::Array(ids) => ids.as_slice(),
        one => std::slice::from_ref(one),
    };
    found.extend(ids.iter().filter_map(Value::as_str).map(|id| Reference {
        column: column.name,
        from,
        to,
        id: id.to_owned(),
    }));
}

/// The entries of a row, as the server keeps them with it to find them again.
pub(super) fn entries(id: &str, unique_values: &[UniqueValue], references: &[Reference]) -> Value {
    let unique_values = unique_values
        .iter()
        .map(|one| json!(["u", one.key, one.field]));
    let references = references.iter().map(|one| {
        let prefix = reference_prefix(&one.id, one.from, one.column);
        json!(["r", references_key(one.to), format!("{prefix}{id}")])
    });
    unique_values.chain(references).collect()
}

/// What a table with its generation is called where others refer to it.
pub(super) fn referenced(table: &str) -> String {
    let generation: Generation = 0;
    format!("{table}:{generation}")
}
