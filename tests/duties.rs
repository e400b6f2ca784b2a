//! After a change of the description the compiler errs where `plan` said, and nowhere else; what `stub` writes
//! compiles.

mod common;
mod workspace;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use cargo_microdb::rust::Source;
use serde_json::Value;
use workspace::{InTurn, cargo};

/// Changes whose duties differ in kind; all of the cases compile with `DUTIES=all`.
const SAMPLE: [&str; 5] = [
    "a_command_is_added",
    "a_field_is_removed",
    "a_policy_is_renamed",
    "an_aggregate_is_renamed",
    "an_event_carries_more",
];

fn microdb(root: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::cargo_bin("cargo-microdb").unwrap();
    let output = command
        .arg("microdb")
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{said}");
    output.stdout
}

/// A place in the user's files: the file, and what in it.
type Places = BTreeSet<(String, String)>;

/// Where `plan` says that something is left to the user.
fn planned(root: &Path) -> Places {
    let plan = microdb(root, &["plan", "--message-format", "json"]);
    let plan: Value = serde_json::from_slice(&plan).unwrap();
    let duties = plan["duties"].as_array().unwrap().iter();
    let text = |duty: &Value, key: &str| duty[key].as_str().unwrap().to_owned();
    duties
        .map(|it| (text(it, "file"), text(it, "item")))
        .collect()
}

/// Where the compiler errs.
fn errors(root: &Path) -> Places {
    let arguments = [
        "check",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--message-format",
        "json",
    ];
    let output = cargo(root).args(arguments).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut places = Places::new();
    for message in messages.filter(|it| it["message"]["level"] == "error") {
        for span in message["message"]["spans"].as_array().unwrap() {
            if span["is_primary"] == true {
                let file = span["file_name"].as_str().unwrap();
                let line = usize::try_from(span["line_start"].as_u64().unwrap()).unwrap() - 1;
                places.insert((file.to_owned(), item(&root.join(file), line)));
            }
        }
    }
    places
}

/// The function around a line of a file; nothing outside of functions.
fn item(file: &Path, line: usize) -> String {
    let source = Source::read(&fs::read_to_string(file).unwrap()).unwrap();
    let mut functions = source.functions.into_iter();
    let function = functions.find(|it| it.lines.contains(&line));
    function.map_or_else(String::new, |it| it.name)
}

#[test]
fn the_compiler_errs_where_it_was_said() {
    let all = std::env::var("DUTIES").is_ok_and(|value| value == "all");
    let cases = common::cases("sync").into_iter().filter(|case| {
        let name = case.file_name().unwrap().to_str().unwrap();
        all || SAMPLE.contains(&name)
    });
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/library.toml"))
            .unwrap();
    for case in cases {
        let workspace = InTurn::described(&text);
        let root = workspace.path();
        let mut sed = Command::new("sed");
        let sed = sed.args(["-E", "-i", "-f"]).arg(case.join("change.sed"));
        assert!(
            sed.arg(root.join("microdb.toml"))
                .status()
                .unwrap()
                .success()
        );
        let planned = match fs::read_to_string(case.join("plan"))
            .unwrap()
            .contains("error")
        {
            true => continue,
            false => planned(root),
        };
        microdb(root, &["sync"]);
        let errors = errors(root);
        let name = case.display();
        for (file, item) in &errors {
            let said = planned.iter().any(|(of, what)| {
                let is_it = item.is_empty() || what.rsplit("::").next() == Some(item);
                of == file && is_it
            });
            assert!(
                said,
                "{name}: nobody said that `{item}` of {file} errs: {planned:#?}"
            );
        }
        let files = |places: &Places| {
            places
                .iter()
                .map(|it| it.0.clone())
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(files(&errors), files(&planned), "{name}: {errors:#?}");
        if case.ends_with("a_command_is_added") {
            microdb(root, &["stub", "--write"]);
            workspace.compile(&["check", "--workspace", "--all-targets"]);
        }
    }
}
