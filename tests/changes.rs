//! What `plan` says of each kind of change before the first release, and that `sync` does it.
//!
//! A case is a folder in `tests/cases/sync`: `change.sed` turns the description that all begin with into the
//! new one, `plan` is what is said. `UPDATE_EXPECT=1` writes what is said now.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

/// The description that all cases begin with.
fn before() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/library.toml")
}

fn microdb(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("cargo-microdb").unwrap();
    let command = command.arg("microdb").args(arguments);
    command.current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Succeeds, or shows what was said.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = microdb(folder, arguments);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{said}");
    said
}

/// A workspace of that description.
fn workspace() -> TempDir {
    let folder = TempDir::new().unwrap();
    let from = before();
    let from = from.to_str().unwrap();
    done(
        folder.path(),
        &["new", "library", "--no-git", "--from", from],
    );
    folder
}

/// Changes the description as a case says; what `sed` is given would be seen in a review.
fn change(case: &Path, root: &Path) {
    let description = root.join("microdb.toml");
    let was = fs::read(&description).unwrap();
    let mut sed = Command::new("sed");
    let sed = sed.args(["-E", "-i", "-f"]).arg(case.join("change.sed"));
    assert!(sed.arg(&description).status().unwrap().success());
    assert_ne!(
        fs::read(&description).unwrap(),
        was,
        "{} changes nothing",
        case.display()
    );
}

#[test]
fn every_kind_of_change_is_planned_and_done() {
    let fresh = workspace();
    common::compare("sync", |case| {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("library");
        common::copy(&fresh.path().join("library"), &root);
        change(case, &root);
        let output = microdb(&root, &["plan"]);
        let said = text(&output.stdout) + &text(&output.stderr);
        let synced = microdb(&root, &["sync"]);
        // What is planned is done; what is refused is refused by both.
        let refused = !output.status.success() || said.contains("Refused");
        assert_eq!(
            synced.status.code(),
            Some(if refused { 2 } else { 0 }),
            "{said}"
        );
        if !refused {
            let checked = microdb(&root, &["sync", "--check"]);
            assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
        }
        (case.join("plan"), said)
    });
}

#[test]
fn programs_read_the_same_plan() {
    let folder = workspace();
    let root = folder.path().join("library");
    change(&common::cases("sync")[0], &root);
    let output = microdb(&root, &["plan", "--message-format", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<&str> = plan
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "format", "events", "api", "schema", "files", "duties", "refused",
    ];
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert_eq!(plan["events"][0]["event"], "BookRenamed");
    assert_eq!(plan["duties"][0]["item"], "BookDecisions::rename_book");
}

#[test]
fn nothing_is_to_be_done_in_a_new_workspace() {
    let folder = TempDir::new().unwrap();
    for example in ["hello", "shop", "ftgo", "online-boutique", "fintech"] {
        for embedded in [None, Some("--embedded")] {
            let name = format!("{example}{}", embedded.unwrap_or_default());
            let new = ["new", &name, "--example", example, "--no-git"];
            done(folder.path(), &[&new, embedded.as_slice()].concat());
            done(&folder.path().join(&name), &["sync", "--check"]);
        }
    }
}

#[test]
fn what_is_the_same_is_nothing_to_do() {
    let folder = workspace();
    let root = folder.path().join("library");
    // Another order, another spelling.
    let path = root.join("microdb.toml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace(
        "fields.note  = \"text?\"",
        "fields.note = { type = \"text\", optional = true }",
    );
    fs::write(&path, text).unwrap();
    let output = microdb(&root, &["plan"]);
    let said = String::from_utf8(output.stdout).unwrap();
    for word in ["Schema", "API", "Yours", "event"] {
        assert!(!said.contains(word), "{said}");
    }
}
