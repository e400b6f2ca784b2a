//! The schemas of commands' inputs.

use serde_json::{Value, json};

use super::schemas::{field, object, reference};
use crate::model::{Aggregate, Command, InputField, InputSource, Presence};
use crate::plan::prose::{command_doc, left_out};

/// The input of a command.
pub(super) fn input(aggregate: &Aggregate, command: &Command) -> Value {
    let inputs = command.input.values().filter_map(|input| {
        let presence = command.presence(aggregate, input);
        let mut schema = plain(aggregate, input)?;
        if let Some(meaning) = left_out(presence) {
            explain(&mut schema, meaning);
            // What is left out stays as it is, and does not become the default.
            schema.as_object_mut()?.remove("default");
        }
        let schema = match presence {
            Presence::Clearable => nullable(schema),
            Presence::Kept => not_null(schema),
            Presence::Required | Presence::Optional => schema,
        };
        let name = input.name.to_string();
        Some((name, presence == Presence::Required, schema))
    });
    object(Some(&command_doc(command)), inputs.collect())
}

/// What an input is when it is there.
fn plain(aggregate: &Aggregate, input: &InputField) -> Option<Value> {
    Some(match &input.source {
        InputSource::Field => field(aggregate.fields.get(&input.name)?),
        InputSource::Own(own) => field(own),
        InputSource::Collection(entity) => {
            json!({ "type": "array", "items": reference(entity.as_str()) })
        }
    })
}

fn explain(schema: &mut Value, meaning: &str) {
    let said = schema.get("description").and_then(Value::as_str);
    schema["description"] = match said {
        Some(said) => json!(format!("{said}\n\n{meaning}")),
        None => json!(meaning),
    };
}

/// The same, or `null`.
fn nullable(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    if let Some(of) = members.remove("$ref") {
        let choice = json!([{ "$ref": of }, { "type": "null" }]);
        members.insert("anyOf".to_owned(), choice);
    } else if let Some(of) = members.get_mut("type") {
        *of = json!([of, "null"]);
    }
    schema
}

/// The same without `null`, where it could be any JSON.
fn not_null(mut schema: Value) -> Value {
    if schema.get("type").is_none() && schema.get("$ref").is_none() {
        schema["type"] = json!(["object", "array", "string", "number", "boolean"]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_added_to_whatever_it_is() {
        let text = nullable(json!({ "type": "string", "maxLength": 3 }));
        assert_eq!(text, json!({ "type": ["string", "null"], "maxLength": 3 }));
        let named = nullable(json!({ "$ref": "#/x", "description": "said" }));
        let either = json!([{ "$ref": "#/x" }, { "type": "null" }]);
        assert_eq!(named, json!({ "anyOf": either, "description": "said" }));
        assert_eq!(nullable(json!({})), json!({}));
    }

    #[test]
    fn null_is_taken_from_any_json() {
        let any = not_null(json!({}));
        let types = any["type"].as_array().map(Vec::as_slice);
        assert!(types.is_some_and(|types| !types.contains(&json!("null"))));
        assert_eq!(not_null(json!({ "$ref": "#/x" })), json!({ "$ref": "#/x" }));
    }
}
