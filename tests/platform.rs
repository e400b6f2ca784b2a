//! `tests/platform` compiles and tests the crates of the runtime under manifests of its own; this one says
//! that they are those that workspaces get, as far as that matters.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Table};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(path: &str) -> DocumentMut {
    let text = fs::read_to_string(root().join(path)).unwrap();
    text.parse()
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The crates of the runtime: the folders of `templates/platform`.
fn crates() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("templates/platform")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    let folders = folders.filter(|path| path.is_dir());
    let names = folders.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    names.collect()
}

/// The entries of a table, each as it is written.
fn entries(manifest: &DocumentMut, path: &[&str]) -> BTreeMap<String, String> {
    let table = path
        .iter()
        .try_fold(manifest.as_item(), |item, key| item.get(key));
    let table = table.and_then(Item::as_table).map(Table::iter);
    let entry = |(key, item): (&str, &Item)| (key.to_owned(), item.to_string().trim().to_owned());
    table.into_iter().flatten().map(entry).collect()
}

#[test]
fn the_runtime_is_tested_under_the_manifests_that_workspaces_get() {
    assert!(crates().len() > 10);
    for name in crates() {
        let ours = manifest(&format!("tests/platform/{name}/Cargo.toml"));
        let theirs = manifest(&format!("templates/platform/{name}/Cargo.toml.tera"));
        for table in ["dependencies", "features"] {
            let (ours, theirs) = (entries(&ours, &[table]), entries(&theirs, &[table]));
            assert_eq!(ours, theirs, "[{table}] of {name}");
        }
        // Where tests stand beside the sources, they need no more than ours do.
        let (ours, theirs) = (
            entries(&ours, &["dev-dependencies"]),
            entries(&theirs, &["dev-dependencies"]),
        );
        let missing = theirs
            .iter()
            .find(|entry| ours.get(entry.0) != Some(entry.1));
        assert_eq!(missing, None, "[dev-dependencies] of {name}");
    }
}

#[test]
fn the_glossary_names_what_is_there() {
    let platform = root().join("templates/platform");
    let text = fs::read_to_string(platform.join("README.md")).unwrap();
    let words: Vec<&str> = text.lines().filter(|line| line.ends_with("` |")).collect();
    assert!(words.len() > 20);
    for word in words {
        let module = word.rsplit('`').nth(1).unwrap();
        assert!(platform.join(module).exists(), "{word}");
    }
}

#[test]
fn what_several_crates_depend_on_is_the_same_here_and_there() {
    let ours = entries(
        &manifest("tests/platform/Cargo.toml"),
        &["workspace", "dependencies"],
    );
    let template = fs::read_to_string(root().join("templates/Cargo.toml.tera")).unwrap();
    let (_, theirs) = template.split_once("[workspace.dependencies]\n").unwrap();
    let (theirs, _) = theirs.split_once("{%").unwrap();
    let theirs: DocumentMut = theirs.parse().unwrap();
    let theirs = entries(&theirs, &[]);
    let versions = |entries: BTreeMap<String, String>| -> BTreeMap<String, String> {
        let others = entries.into_iter();
        others
            .filter(|(name, _)| !name.starts_with("platform-"))
            .collect()
    };
    assert_eq!(versions(ours), versions(theirs));
}
