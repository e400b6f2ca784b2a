//! What generated documents say of a system: a case shows the members that each schema requires.

#[allow(unused_imports)]
mod common;

use std::fs;

use cargo_microdb::description;
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, validate};
use cargo_microdb::{plan, render};
use common::compare;
use serde_json::Value;

#[test]
fn what_is_required_is_said() {
    compare("documents", |case| {
        let text = fs::read_to_string(case.join("microdb.toml")).unwrap();
        (case.join("required"), required(&text))
    });
}

/// The schemas of all documents, each with the members that it requires.
fn required(text: &str) -> String {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{found:?}");
    let valid = validate(&description, &Options::default());
    let system = valid.unwrap_or_else(|found| panic!("{found:?}")).system;
    let files = render::render(&plan::plan(&system), &plan::features(&system)).unwrap();
    let documents = files.iter().filter(|file| {
        file.path.ends_with("/openapi.json") || file.path.ends_with("/asyncapi.json")
    });
    let mut said = String::new();
    for file in documents {
        said += &format!("{}\n", file.path);
        let document: Value = serde_json::from_slice(&file.content).unwrap();
        of_objects("", &document["components"], &mut said);
    }
    said
}

/// The objects in a document, by their pointers.
fn of_objects(pointer: &str, value: &Value, said: &mut String) {
    let Value::Object(members) = value else {
        return;
    };
    if value["type"] == "object" {
        let required = value["required"].as_array().into_iter().flatten();
        let names: Vec<_> = required.filter_map(Value::as_str).collect();
        *said += &format!("  {pointer}: {}\n", names.join(", "));
    }
    for (name, member) in members {
        of_objects(&format!("{pointer}/{name}"), member, said);
    }
}
