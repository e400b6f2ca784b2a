//! What is generated beside the code: a case shows the members that each schema of the documents
//! requires, how continuous integration tests each service, or the first migration of the context `a`.
//! What sets databases of a workspace aside is tried as it stands in the templates.

#[path = "../templates/dev/src/aside.rs.tera"]
mod aside;
#[allow(unused_imports)]
mod common;
#[allow(dead_code)]
#[path = "../templates/dev/src/in_use.rs.tera"]
mod in_use;
mod documents {
    mod aside;
    mod attributes;
    mod changes;
    mod continuous_integration;
    mod own;
    mod shape;
}

use std::fs;

use cargo_microdb::render::{self, Rendered};
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, validate};
use cargo_microdb::{description, plan};
use common::compare;
use serde_json::Value;

#[test]
fn what_is_required_is_said() {
    compare("documents", |case| {
        let text = fs::read_to_string(case.join("microdb.toml")).unwrap();
        (case.join("required"), required(&text))
    });
}

#[test]
fn indexes_are_made() {
    compare("migrations", |case| {
        let text = fs::read_to_string(case.join("microdb.toml")).unwrap();
        let files = rendered(&text);
        let is_first = |file: &&Rendered| file.path.starts_with("services/a/migrations/0001_");
        let first = files.iter().find(is_first).unwrap();
        let statements = String::from_utf8(first.content.clone()).unwrap();
        (case.join("statements"), statements)
    });
}

/// Whatever names an aggregate, one by one or in a list, in it or in what is inside, keeps it from being
/// deleted.
#[test]
fn all_references_to_an_aggregate_are_known() {
    let text = include_str!("cases/migrations/sqlite/microdb.toml");
    let files = rendered(text);
    let storage = files
        .iter()
        .filter(|file| file.path.starts_with("services/a/src/generated/"))
        .map(|file| String::from_utf8_lossy(&file.content))
        .find(|text| text.contains("referenced_by:"))
        .unwrap();
    for (table, column) in [
        ("node", "parent"),
        ("node", "others"),
        ("node__twig", "owner"),
    ] {
        let referrer = format!("Referrer {{ table: \"{table}\", column: \"{column}\", }}");
        let words: Vec<&str> = storage.split_whitespace().collect();
        assert!(words.join(" ").contains(&referrer), "{referrer}: {storage}");
    }
}

/// Whatever comes in a channel is described: also what the runtimes say to each other there.
#[test]
fn every_message_of_a_channel_is_described() {
    let text = include_str!("cases/documents/members_that_may_be_left_out/microdb.toml");
    let files = rendered(text);
    let mut files = files.iter();
    let file = files.find(|file| file.path.ends_with("/asyncapi.json"));
    let document: Value = serde_json::from_slice(&file.unwrap().content).unwrap();
    assert_eq!(document["asyncapi"], "3.1.0");
    let channels = document["channels"].as_object().unwrap();
    let system = document["info"]["title"].as_str().unwrap();
    let of = |channel: &str| {
        let messages = channels[&format!("{system}.orders.{channel}")]["messages"].as_object();
        messages.unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let events = ["orders.OrderChanged.v1", "orders.OrderPlaced.v1"];
    let told = of("order");
    for name in events.iter().chain(&[
        "orders.OrderSnapshot.v1",
        "microdb.heartbeat.v1",
        "microdb.snapshot-complete.v1",
    ]) {
        assert!(told.iter().any(|it| it == name), "{name}: {told:?}");
    }
    assert!(of("order.replay").contains(&"microdb.replay-complete.v1".to_owned()));
    assert_eq!(
        of("commands"),
        [
            "microdb.replay-request.v1",
            "microdb.resend-request.v1",
            "microdb.snapshot-request.v1"
        ]
    );
    for reference in references(&document) {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some(), "nothing is at {reference}");
    }
}

/// Everything that a document refers to.
fn references(part: &Value) -> Vec<&str> {
    let mut found: Vec<&str> = part["$ref"].as_str().into_iter().collect();
    match part {
        Value::Object(members) => found.extend(members.values().flat_map(references)),
        Value::Array(elements) => found.extend(elements.iter().flat_map(references)),
        _ => {}
    }
    found
}

/// The files of the system that a text describes.
fn rendered(text: &str) -> Vec<Rendered> {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{found:?}");
    let valid = validate(&description, &Options::default());
    let system = valid.unwrap_or_else(|found| panic!("{found:?}")).system;
    render::render(&plan::plan(&system), &plan::crates(&system)).unwrap()
}

/// The schemas of all documents, each with the members that it requires.
fn required(text: &str) -> String {
    let files = rendered(text);
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
