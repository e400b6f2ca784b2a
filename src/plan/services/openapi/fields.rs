//! The schemas of fields: their type, and what is asked of their values.

use serde_json::{Value, json};

use super::kinds;
use super::patterns;
use super::schemas::{Way, reference};
use crate::model::{Default, Field, Scalar, Type};

/// The schema of a field.
pub(in crate::plan) fn field(field: &Field, way: Way) -> Value {
    let mut schema = one(&field.ty, way);
    let mut said: Vec<String> = field.doc.iter().cloned().collect();
    constraints(field, &mut schema, &mut said);
    if field.list {
        schema = json!({ "type": "array", "items": schema });
        lengths(field, ["minItems", "maxItems"], &mut schema);
    }
    if let Some(why) = &field.deprecated {
        schema["deprecated"] = json!(true);
        said.push(format!("Deprecated: {why}"));
    }
    for sentence in said {
        explain(&mut schema, &sentence);
    }
    schema
}

/// Says of what is left out that it becomes the field's default, where that is a constant.
pub(super) fn default(field: &Field, schema: &mut Value) {
    if let Some(Default::Constant(value)) = &field.default {
        schema["default"] = value.clone();
    }
}

/// The schema of a type.
pub(super) fn one(ty: &Type, way: Way) -> Value {
    match ty {
        Type::Enum(path) => reference(path.name.as_str()),
        Type::Value(path) => reference(&way.named(path.name.as_str())),
        Type::Reference(_) => kinds::uuid(),
        Type::Scalar(scalar) => kinds::scalar(scalar),
    }
}

/// Says more of a schema, in words.
pub(super) fn explain(schema: &mut Value, sentence: &str) {
    let said = schema.get("description").and_then(Value::as_str);
    schema["description"] = match said {
        Some(said) => json!(format!("{said}\n\n{sentence}")),
        None => json!(sentence),
    };
}

/// The same, or `null`.
pub(super) fn nullable(mut schema: Value) -> Value {
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
pub(super) fn not_null(mut schema: Value) -> Value {
    if schema.get("type").is_none() && schema.get("$ref").is_none() {
        schema["type"] = json!(["object", "array", "string", "number", "boolean"]);
    }
    schema
}

/// What is asked of each value; in words what JSON Schema has no word for.
fn constraints(field: &Field, schema: &mut Value, said: &mut Vec<String>) {
    let rules = &field.constraints;
    let Type::Scalar(scalar) = &field.ty else {
        return;
    };
    match scalar {
        Scalar::Int | Scalar::Float => numbers(field, schema),
        Scalar::Decimal(_) | Scalar::Date | Scalar::Timestamp | Scalar::Duration => {
            bounds(field, schema, said);
        }
        Scalar::Bytes if !field.list => {
            let least = rules.min_length.unwrap_or(0);
            schema["pattern"] = json!(patterns::bytes(least, rules.max_length));
            said.extend(rules.min_length.map(|it| format!("At least {it} bytes.")));
            said.extend(rules.max_length.map(|it| format!("At most {it} bytes.")));
        }
        Scalar::String | Scalar::Text if !field.list => {
            lengths(field, ["minLength", "maxLength"], schema);
        }
        _ => {}
    }
    if let Some(pattern) = &rules.pattern {
        match patterns::translated(pattern) {
            Some(translated) => schema["pattern"] = json!(translated),
            None => said.push(format!("As a whole it matches `{pattern}`.")),
        }
    }
}

fn numbers(field: &Field, schema: &mut Value) {
    let rules = &field.constraints;
    for (key, bound) in [("minimum", &rules.min), ("maximum", &rules.max)] {
        if let Some(bound) = bound {
            schema[key] = bound.clone();
        }
    }
    if let Some(bound) = &rules.exclusive_min {
        schema["exclusiveMinimum"] = bound.clone();
        schema.as_object_mut().and_then(|it| it.remove("minimum"));
    }
}

/// Bounds of what is a text in JSON: of decimals those at zero are a matter of their pattern.
fn bounds(field: &Field, schema: &mut Value, said: &mut Vec<String>) {
    let rules = &field.constraints;
    if let Type::Scalar(Scalar::Decimal(format)) = field.ty {
        let is_zero = |bound: &Option<Value>| {
            let text = bound.as_ref().and_then(Value::as_str);
            text.is_some_and(|text| text.chars().all(|c| "0.".contains(c)))
        };
        let (from, above) = (is_zero(&rules.min), is_zero(&rules.exclusive_min));
        if from || above {
            schema["pattern"] = json!(patterns::decimal_from_zero(format, above));
        }
        if above {
            schema.as_object_mut().and_then(|it| it.remove("examples"));
        }
    }
    let bounds = [
        ("At least", &rules.min),
        ("At most", &rules.max),
        ("More than", &rules.exclusive_min),
    ];
    for (words, bound) in bounds {
        if let Some(bound) = bound.as_ref().and_then(Value::as_str) {
            said.push(format!("{words} {bound}."));
        }
    }
}

fn lengths(field: &Field, keys: [&str; 2], schema: &mut Value) {
    let rules = &field.constraints;
    for (key, length) in keys.into_iter().zip([rules.min_length, rules.max_length]) {
        if let Some(length) = length {
            schema[key] = json!(length);
        }
    }
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
