//! `tests/platform` compiles and tests the runtime under a manifest of its own; this one says that it
//! is the one that workspaces get, as far as that matters.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The template is TOML as it stands: what is filled in is inside of texts.
fn manifest(path: &str) -> DocumentMut {
    let text = fs::read_to_string(root().join(path)).unwrap();
    text.parse()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The entries of a table but one, each as it is written.
fn entries(manifest: &DocumentMut, table: &str, without: &str) -> BTreeSet<String> {
    let table = manifest[table].as_table().map(Table::iter);
    let entry = |(key, item): (&str, &Item)| format!("{key} = {}", item.to_string().trim());
    let others = table
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != without);
    others.map(entry).collect()
}

#[test]
fn the_runtime_is_tested_under_the_manifest_that_workspaces_get() {
    let ours = manifest("tests/platform/Cargo.toml");
    let theirs = manifest("templates/platform/Cargo.toml.tera");
    for (table, own) in [
        ("dependencies", ""),
        // There, all features are on by a dependency of the package on itself.
        ("dev-dependencies", "platform"),
        ("features", "default"),
    ] {
        let (ours, theirs) = (entries(&ours, table, own), entries(&theirs, table, own));
        assert_eq!(ours, theirs, "[{table}]");
        assert!(!ours.is_empty(), "[{table}]");
    }
    let all = theirs["dev-dependencies"]["platform"]["features"].to_string();
    assert_eq!(all.trim(), ours["features"]["default"].to_string().trim());
}

#[test]
fn every_test_of_the_runtime_is_run_here_too() {
    let ours = manifest("tests/platform/Cargo.toml");
    let listed = ours["test"].as_array_of_tables().unwrap().iter();
    let listed: BTreeSet<_> = listed
        .map(|test| test["name"].as_str().unwrap().to_owned())
        .collect();
    let folder = root().join("templates/platform/tests");
    let programs = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let programs: BTreeSet<_> = programs
        .filter(|entry| entry.path().join("main.rs").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_eq!(listed, programs);
}
