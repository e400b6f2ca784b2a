//! What is generated from the declarations of the language is current.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_microdb::description::{json_schema, reference};
use serde_json::Value;

#[test]
fn the_reference_page_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference.md");
    let made = reference();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/reference.md is out of date; renew it by `UPDATE_EXPECT=1 cargo test --test reference`"
    );
}

#[test]
fn the_schema_resolves_its_own_references() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    let mut open = vec![&schema];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                if let Some(path) = map.get("$ref").and_then(|path| path.as_str()) {
                    let name = path.strip_prefix("#/$defs/").unwrap();
                    assert!(definitions.contains_key(name), "{path}");
                }
                open.extend(map.values());
            }
            Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
}

/// Keys of the language that a value may use, as `Table.key`.
type Keys = BTreeSet<String>;

#[test]
fn every_key_of_the_language_is_used_by_an_example() {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    let tables = definitions
        .iter()
        .map(|(name, table)| (name.as_str(), table));
    let mut unused: Keys = tables
        .chain([("Document", &schema)])
        .flat_map(|(name, table)| {
            let keys = table["properties"].as_object().unwrap().keys();
            keys.map(move |key| spelt(name, key))
        })
        .collect();
    assert!(unused.len() > 100, "only {} keys", unused.len());
    for path in toml_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")) {
        let text = fs::read_to_string(path).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let value = serde_json::to_value(table).unwrap();
        take(&schema, ("Document", &schema), &value, &mut unused);
    }
    assert!(unused.is_empty(), "no example uses {unused:#?}");
}

/// `Query.path`; what every named thing may say of itself counts once.
fn spelt(table: &str, key: &str) -> String {
    match key {
        "doc" | "deprecated" | "renamed_from" => format!("*.{key}"),
        key => format!("{table}.{key}"),
    }
}

/// Takes the keys that a value uses from `unused`; `name` is the table of the schema it is held to.
fn take(root: &Value, (name, schema): (&str, &Value), value: &Value, unused: &mut Keys) {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.trim_start_matches("#/$defs/");
        return take(root, (name, &root["$defs"][name]), value, unused);
    }
    for alternative in schema["anyOf"].as_array().into_iter().flatten() {
        take(root, (name, alternative), value, unused);
    }
    for element in value.as_array().into_iter().flatten() {
        take(root, (name, &schema["items"]), element, unused);
    }
    for (key, member) in value.as_object().into_iter().flatten() {
        let property = &schema["properties"][key];
        if property.is_null() {
            take(
                root,
                (name, &schema["additionalProperties"]),
                member,
                unused,
            );
        } else {
            unused.remove(&spelt(name, key));
            take(root, (name, property), member, unused);
        }
    }
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => toml_files(&path),
            false => vec![path],
        })
        .collect()
}
