//! What is generated from the declarations of the language is current.

use std::fs;
use std::path::Path;

use cargo_microdb::description::{json_schema, reference};

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
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    let mut open = vec![&schema];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Object(map) => {
                if let Some(path) = map.get("$ref").and_then(|path| path.as_str()) {
                    let name = path.strip_prefix("#/$defs/").unwrap();
                    assert!(definitions.contains_key(name), "{path}");
                }
                open.extend(map.values());
            }
            serde_json::Value::Array(list) => open.extend(list),
            _ => {}
        }
    }
}
