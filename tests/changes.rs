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
        let plan = microdb(&root, &["plan", "--message-format", "json"]);
        if output.status.success() {
            let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).unwrap();
            match plan["refused"].as_array().unwrap().is_empty() {
                true => drop(done(&root, &["sync"])),
                false => assert_eq!(microdb(&root, &["sync"]).status.code(), Some(2)),
            }
            if plan["refused"].as_array().unwrap().is_empty() {
                assert_eq!(microdb(&root, &["sync", "--check"]).status.code(), Some(0));
                let again = text(&microdb(&root, &["plan"]).stdout);
                assert!(again.contains("Fresh"), "{again}");
            }
        } else {
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(plan.stdout.is_empty());
        }
        (case.join("plan"), said)
    });
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
