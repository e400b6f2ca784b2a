//! Personal data: where it is, what stands for it once it is gone, and how errors keep silent about it.

use serde_json::{Map, Value};

use super::{Column, Kind, Schema, decimal};

/// What is said of members that are not of their types, where personal data is among them: an error
/// quotes what it finds.
const HELD_BACK: &str = "a member is not of its type";

impl Column {
    /// Whether it is personal data, or something in it is.
    pub fn is_personal(&self) -> bool {
        self.pii || matches!(self.kind, Kind::Value(columns) if any(columns))
    }
}

impl Schema {
    /// Whether it has personal data.
    pub fn is_personal(&self) -> bool {
        let mut collections = self.collections.iter();
        any(self.columns) || collections.any(|collection| any(collection.columns))
    }

    /// What is wrong with members that are not of their types, see [`unfit`].
    pub fn unfit(&self, error: &serde_json::Error) -> String {
        match self.is_personal() {
            true => HELD_BACK.to_owned(),
            false => error.to_string(),
        }
    }

    /// Puts empty values into an aggregate's members in the place of personal data, as [`emptied`] does;
    /// members that are no column stay.
    pub fn emptied(&self, members: &mut Map<String, Value>) {
        empty_members(self.columns, members);
        for collection in self.collections {
            let entities = members.get_mut(collection.member);
            for entity in entities.and_then(Value::as_array_mut).into_iter().flatten() {
                if let Some(entity) = entity.as_object_mut() {
                    empty_members(collection.columns, entity);
                }
            }
        }
    }
}

/// Whether any of them is personal data, or has some in it.
pub fn any(columns: &[Column]) -> bool {
    columns.iter().any(Column::is_personal)
}

/// Puts empty values in the place of personal data, so that what is left still reads as its type. What is
/// absent may be, so it is left out; everything else becomes the least that its kind has, whatever its
/// constraints say. Members that are no column go as well: nobody can tell what is in them.
pub fn emptied(columns: &[Column], members: &mut Map<String, Value>) {
    members.retain(|name, _| columns.iter().any(|column| column.name == name));
    empty_members(columns, members);
}

/// What is wrong with values that are not of their types; without a value where some are personal data.
pub fn unfit(columns: &[Column], error: &serde_json::Error) -> String {
    match any(columns) {
        true => HELD_BACK.to_owned(),
        false => error.to_string(),
    }
}

fn empty_members(columns: &[Column], members: &mut Map<String, Value>) {
    for column in columns {
        if column.pii && column.optional {
            members.remove(column.name);
        } else if let Some(value) = members.get_mut(column.name) {
            empty_value(column, value);
        }
    }
}

fn empty_value(column: &Column, value: &mut Value) {
    if column.pii {
        *value = match column.list {
            true => Value::Array(Vec::new()),
            false => empty(column.kind),
        };
        return;
    }
    let Kind::Value(columns) = column.kind else {
        return;
    };
    match value {
        Value::Object(members) => emptied(columns, members),
        Value::Array(elements) => {
            let objects = elements.iter_mut().filter_map(Value::as_object_mut);
            objects.for_each(|members| emptied(columns, members));
        }
        _ => {}
    }
}

/// The empty value of a kind.
fn empty(kind: Kind) -> Value {
    match kind {
        Kind::Text | Kind::Bytes => "".into(),
        Kind::Bool => false.into(),
        Kind::Int => 0.into(),
        Kind::Float => 0.0.into(),
        Kind::Decimal { scale, .. } => decimal::from_scaled(0, scale).into(),
        Kind::Uuid => uuid::Uuid::nil().to_string().into(),
        Kind::Date => "1970-01-01".into(),
        Kind::Timestamp => "1970-01-01T00:00:00.000000Z".into(),
        Kind::Duration => "PT0S".into(),
        Kind::Json => Value::Null,
        Kind::Enum(texts) => texts.first().copied().unwrap_or_default().into(),
        Kind::Value(columns) => {
            let required = columns.iter().filter(|column| !column.optional);
            let members = required.map(|column| {
                let value = match column.list {
                    true => Value::Array(Vec::new()),
                    false => empty(column.kind),
                };
                (column.name.to_owned(), value)
            });
            Value::Object(members.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{any, emptied, unfit};
    use crate::schema::{Column, Kind, canonical};

    const STREET: &[Column] = &[
        Column::new("street", Kind::Text).min_length(1).pii(),
        Column::new("country", Kind::Text),
        Column::new("note", Kind::Text).optional().pii(),
    ];
    const ALL: &[Column] = &[
        Column::new("text", Kind::Text).pattern("[A-Z]+").pii(),
        Column::new("bool", Kind::Bool).pii(),
        Column::new("int", Kind::Int).min("18").pii(),
        Column::new("float", Kind::Float).pii(),
        Column::new("decimal", Kind::decimal(6, 2)).pii(),
        Column::new("uuid", Kind::Uuid).pii(),
        Column::new("date", Kind::Date).pii(),
        Column::new("timestamp", Kind::Timestamp).pii(),
        Column::new("duration", Kind::Duration).pii(),
        Column::new("bytes", Kind::Bytes).pii(),
        Column::new("json", Kind::Json).pii(),
        Column::new("enum", Kind::Enum(&["a", "b"])).pii(),
        Column::new("list", Kind::Text).list().pii(),
        Column::new("absent", Kind::Text).optional().pii(),
        Column::new("whole", Kind::Value(STREET)).pii(),
        Column::new("part", Kind::Value(STREET)),
        Column::new("parts", Kind::Value(STREET)).list(),
        Column::new("plain", Kind::Text),
    ];

    fn personal() -> Value {
        let street = json!({ "street": "Hill 1", "country": "FI", "note": "ring twice", "new": 1 });
        json!({
            "text": "ADA", "bool": true, "int": 36, "float": 1.5, "decimal": "12.50",
            "uuid": "6f1c1ff0-0000-7000-8000-000000000001", "date": "1815-12-10",
            "timestamp": "2026-01-31T12:00:00.000000Z", "duration": "PT1H", "bytes": "QWRh",
            "json": { "name": "Ada" }, "enum": "b", "list": ["Ada"], "absent": "Ada",
            "whole": street, "part": street, "parts": [street, street],
            "plain": "kept", "of a newer version": "Ada",
        })
    }

    #[test]
    fn empty_values_of_every_kind_are_in_their_one_form() {
        let mut members = personal();
        let members = members.as_object_mut().unwrap();
        emptied(ALL, members);
        let street = json!({ "street": "", "country": "FI" });
        let expected = json!({
            "text": "", "bool": false, "int": 0, "float": 0.0, "decimal": "0.00",
            "uuid": "00000000-0000-0000-0000-000000000000", "date": "1970-01-01",
            "timestamp": "1970-01-01T00:00:00.000000Z", "duration": "PT0S", "bytes": "",
            "json": null, "enum": "a", "list": [],
            "whole": { "street": "", "country": "" }, "part": street, "parts": [street, street],
            "plain": "kept",
        });
        assert_eq!(Value::Object(members.clone()), expected);
        let mut again = members.clone();
        canonical(ALL, &mut again);
        again.insert("json".to_owned(), Value::Null);
        assert_eq!(&again, members);
    }

    #[test]
    fn what_is_absent_stays_so() {
        let mut members = json!({ "plain": "kept" });
        emptied(ALL, members.as_object_mut().unwrap());
        assert_eq!(members, json!({ "plain": "kept" }));
    }

    #[test]
    fn errors_quote_what_is_not_personal_alone() {
        let error = serde_json::from_value::<u8>(json!("Ada")).unwrap_err();
        assert!(any(ALL) && !any(&ALL[17..]));
        assert_eq!(unfit(ALL, &error), "a member is not of its type");
        assert!(unfit(&ALL[17..], &error).contains("Ada"));
    }
}
