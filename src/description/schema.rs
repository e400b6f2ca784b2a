//! The JSON Schema of a description, for editors.

use serde_json::{Map, Value, json};

use super::parse::Parse;
use super::raw::RawDocument;
use super::shape::{KeyShape, Shape, TableShape};

/// The JSON Schema (draft 2020-12) of `microdb.toml` and the files it includes.
pub fn json_schema() -> String {
    let mut definitions = Map::new();
    let mut schema = Map::new();
    schema.insert(
        "$schema".into(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".into(), json!("microdb.toml"));
    if let Shape::Table(document) = RawDocument::shape() {
        schema.extend(table(&document(), &mut definitions));
    }
    definitions.sort_keys();
    schema.insert("$defs".into(), Value::Object(definitions));
    format!("{:#}\n", Value::Object(schema))
}

/// An object with the keys of `shape` and no others.
fn table(shape: &TableShape, definitions: &mut Map<String, Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in &shape.keys {
        properties.insert(key.name.to_owned(), property(key, definitions));
    }
    let required = shape.keys.iter().filter(|key| key.required);
    let required: Vec<_> = required.map(|key| key.name).collect();
    let mut object = Map::new();
    object.insert("description".into(), json!(shape.doc));
    object.insert("type".into(), json!("object"));
    object.insert("properties".into(), Value::Object(properties));
    if !required.is_empty() {
        object.insert("required".into(), json!(required));
    }
    object.insert("additionalProperties".into(), json!(false));
    object
}

fn property(key: &KeyShape, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = value(&key.shape, definitions);
    let mut doc = key.doc.clone();
    match (key.default, key.default.and_then(constant)) {
        (_, Some(default)) => {
            schema.insert("default".into(), default);
        }
        (Some(words), None) => doc.push_str(&format!("\nLeft out: {words}.")),
        (None, None) => {}
    }
    if let Shape::Choice(words) = &key.shape {
        for word in *words {
            doc.push_str(&format!("\n- `{}`: {}", word.word, word.doc.trim()));
        }
    }
    schema.insert("description".into(), json!(doc));
    Value::Object(schema)
}

/// The default as a value, where its words are one.
fn constant(words: &str) -> Option<Value> {
    let code = words.strip_prefix('`')?.strip_suffix('`')?;
    serde_json::from_str(code).ok()
}

fn value(shape: &Shape, definitions: &mut Map<String, Value>) -> Map<String, Value> {
    let mut of = |shape: &Shape| Value::Object(value(shape, definitions));
    let schema = match shape {
        Shape::Any => json!({}),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Integer {
            min: i64::MIN,
            max: i64::MAX,
        } => json!({ "type": "integer" }),
        Shape::Integer { min, max: i64::MAX } => json!({ "type": "integer", "minimum": min }),
        Shape::Integer { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Shape::Number => json!({ "type": "number" }),
        Shape::Text { pattern: None, .. } => json!({ "type": "string" }),
        Shape::Text {
            pattern: Some(pattern),
            ..
        } => {
            json!({ "type": "string", "pattern": pattern })
        }
        Shape::Choice(words) => {
            let words: Vec<_> = words.iter().map(|word| word.word).collect();
            json!({ "type": "string", "enum": words })
        }
        Shape::List(element) => json!({ "type": "array", "items": of(element) }),
        Shape::OneOrMany(one) => {
            let one = of(one);
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        Shape::Map(entry) => json!({ "type": "object", "additionalProperties": of(entry) }),
        Shape::Either(shapes) => {
            let shapes: Vec<_> = shapes.iter().map(of).collect();
            json!({ "anyOf": shapes })
        }
        Shape::Table(shape) => return reference(&shape(), definitions),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

/// A reference to the table's definition, which is made the first time.
fn reference(shape: &TableShape, definitions: &mut Map<String, Value>) -> Map<String, Value> {
    if !definitions.contains_key(shape.name) {
        // Its place is taken first: a table may come up again inside of itself.
        definitions.insert(shape.name.to_owned(), Value::Null);
        let object = table(shape, definitions);
        definitions.insert(shape.name.to_owned(), Value::Object(object));
    }
    let path = format!("#/$defs/{}", shape.name);
    Map::from_iter([("$ref".to_owned(), Value::String(path))])
}
