//! What OpenAPI says of inputs is what the runtime asks of them: a contract's own validator and a
//! validator of JSON Schema judge the same inputs, at every limit and just beyond.

mod workspace;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use workspace::InTurn;

/// What the contract is to be tested with besides what it has.
const DEPENDENCIES: &str = r#"
[dev-dependencies]
jsonschema = { version = "0.61.2", default-features = false }
serde_json = "1"
"#;

#[test]
fn what_is_said_is_what_is_asked() {
    let system = InTurn::described(include_str!("openapi/microdb.toml"));
    let text = fs::read_to_string(system.path().join("services/thing/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let commands = commands(&document);
    assert_eq!(commands, ["ChangeThing", "MakeThing"]);
    let list: String = commands
        .iter()
        .map(|name| {
            format!("(\"{name}\", <limits_thing_contract::{name} as platform_contract::Command>::INPUT),")
        })
        .collect();
    let contract = system.path().join("contracts/thing");
    let manifest = contract.join("Cargo.toml");
    let own = fs::read_to_string(&manifest).unwrap();
    let with = own.replace("\n[lints]", &format!("{DEPENDENCIES}\n[lints]"));
    fs::write(&manifest, with).unwrap();
    fs::create_dir_all(contract.join("tests")).unwrap();
    let program = format!(
        "{}\nconst COMMANDS: &[(&str, &[Column])] = &[{list}];\n",
        include_str!("openapi/limits.rs")
    );
    fs::write(contract.join("tests/limits.rs"), program).unwrap();
    system.cargo(&["test", "-p", "limits-thing-contract", "--test", "limits"]);
}

/// What others wrote to look at such documents, and at services that have them, finds nothing.
#[test]
#[ignore = "it installs tools: `tests/openapi/run` asks for it"]
fn tools_find_nothing() {
    let system = InTurn::of_example("shop");
    system.cargo(&["build", "-p", "shop-catalog"]);
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi/tools");
    let status = Command::new(tools)
        .arg(workspace::target().join("debug/shop-catalog"))
        .arg(system.path())
        .arg("catalog")
        .status()
        .unwrap();
    assert!(status.success());
}

/// The commands that have an input.
fn commands(document: &Value) -> Vec<String> {
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let schemas = operations.filter_map(|operation| {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        Some(body.as_str()?.rsplit_once('/')?.1.to_owned())
    });
    let mut names: Vec<String> = schemas.collect();
    names.sort();
    names
}
