//! What changes over HTTP, as the documents of OpenAPI have it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::model::System;
use crate::plan::services::openapi;

/// A change of what callers see.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ApiChange {
    /// The context.
    pub context: String,
    /// The path, with its method: `POST /orders`; or a schema: `Order`.
    pub path: String,
    /// What changes.
    pub change: String,
    /// Whether callers that do not change may fail.
    pub breaks: bool,
}

pub(super) fn between(old: &System, new: &System) -> Vec<ApiChange> {
    let mut changes = Vec::new();
    for context in new.services() {
        let before = old.services().find(|it| it.name == context.name);
        let before = before.map(|before| document(&openapi::document(old, before)));
        let document = document(&openapi::document(new, context));
        let mut found = Vec::new();
        let none = Value::Null;
        let before = before.as_ref().unwrap_or(&none);
        operations(before, &document, &mut found);
        schemas(before, &document, &mut found);
        changes.extend(found.into_iter().map(|(path, change, breaks)| ApiChange {
            context: context.name.to_string(),
            path,
            change,
            breaks,
        }));
    }
    let gone = old
        .services()
        .filter(|it| !new.contexts.contains_key(&it.name));
    changes.extend(gone.map(|context| ApiChange {
        context: context.name.to_string(),
        path: "/".to_owned(),
        change: "the service is gone".to_owned(),
        breaks: true,
    }));
    changes
}

type Found = Vec<(String, String, bool)>;

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// `POST /orders` and what it is described by.
fn operations_of(document: &Value) -> BTreeMap<String, &Value> {
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            operations.insert(format!("{} {path}", method.to_uppercase()), operation);
        }
    }
    operations
}

fn operations(before: &Value, document: &Value, found: &mut Found) {
    let (old, new) = (operations_of(before), operations_of(document));
    for (path, operation) in &new {
        match old.get(path) {
            None => found.push((path.clone(), "added".to_owned(), false)),
            Some(before) => {
                let (had, has) = (parameters(before), parameters(operation));
                for (name, required) in &has {
                    if !had.contains_key(name) {
                        found.push((path.clone(), format!("parameter `{name}` added"), *required));
                    }
                }
                for name in had.keys().filter(|name| !has.contains_key(*name)) {
                    found.push((path.clone(), format!("parameter `{name}` removed"), true));
                }
            }
        }
    }
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        found.push((path.clone(), "removed".to_owned(), true));
    }
}

/// The parameters of an operation, and whether they have to be given.
fn parameters(operation: &Value) -> BTreeMap<&str, bool> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .filter_map(|it| {
            Some((
                it["name"].as_str()?,
                it["required"].as_bool().unwrap_or(false),
            ))
        })
        .collect()
}

fn schemas(before: &Value, document: &Value, found: &mut Found) {
    let none = serde_json::Map::new();
    let old = before["components"]["schemas"].as_object().unwrap_or(&none);
    let new = document["components"]["schemas"]
        .as_object()
        .unwrap_or(&none);
    let sent = sent(document);
    for (name, schema) in new {
        let Some(before) = old.get(name) else {
            continue;
        };
        members((name, sent.contains(name)), before, schema, found);
        values(name, before, schema, found);
    }
}

/// The names of the schemas of what callers send.
fn sent(document: &Value) -> BTreeSet<String> {
    let operations = operations_of(document).into_values();
    let contents = operations.flat_map(|it| it["requestBody"]["content"].as_object());
    let schemas = contents.flat_map(|it| it.values());
    let names = schemas.filter_map(|it| it["schema"]["$ref"].as_str()?.rsplit('/').next());
    names.map(str::to_owned).collect()
}

/// The members of a schema, of what callers send or of what they get.
fn members((name, is_sent): (&str, bool), before: &Value, schema: &Value, found: &mut Found) {
    let none = serde_json::Map::new();
    let had = before["properties"].as_object().unwrap_or(&none);
    let has = schema["properties"].as_object().unwrap_or(&none);
    let must = |schema: &Value, member: &str| {
        let mut required = schema["required"].as_array().into_iter().flatten();
        required.any(|it| it.as_str() == Some(member))
    };
    for (member, shape) in has {
        let change = match had.get(member) {
            None => ("added", is_sent && must(schema, member)),
            Some(old) if old != shape => ("changed", true),
            // Who sends has to bring it, who gets may miss it.
            Some(_) if must(schema, member) && !must(before, member) => ("required now", is_sent),
            Some(_) if must(before, member) && !must(schema, member) => {
                ("no longer required", !is_sent)
            }
            Some(_) => continue,
        };
        found.push((
            name.to_owned(),
            format!("member `{member}` {}", change.0),
            change.1,
        ));
    }
    for member in had.keys().filter(|member| !has.contains_key(*member)) {
        found.push((name.to_owned(), format!("member `{member}` removed"), true));
    }
}

fn values(name: &str, before: &Value, schema: &Value, found: &mut Found) {
    let list = |schema: &Value| -> Vec<String> {
        let values = schema["enum"].as_array().into_iter().flatten();
        values
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    };
    let (had, has) = (list(before), list(schema));
    for value in has.iter().filter(|value| !had.contains(value)) {
        found.push((name.to_owned(), format!("value `{value}` added"), false));
    }
    for value in had.iter().filter(|value| !has.contains(value)) {
        found.push((name.to_owned(), format!("value `{value}` removed"), true));
    }
}
