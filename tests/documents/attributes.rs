//! What git is told of generated files.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::rendered;

/// What a path has of an attribute, as git says.
fn attribute(folder: &TempDir, name: &str, path: &str) -> String {
    let output = Command::new("git")
        .args(["check-attr", name, "--", path])
        .current_dir(folder.path())
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let (_, value) = said.trim_end().rsplit_once(": ").unwrap();
    value.to_owned()
}

#[test]
fn what_a_context_has_promised_is_reviewed() {
    let folder = TempDir::new().unwrap();
    let made = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(folder.path())
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .status();
    assert!(made.unwrap().success());
    let files = rendered(include_str!(
        "../cases/continuous_integration/on_files/microdb.toml"
    ));
    let file = files.iter().find(|file| file.path == ".gitattributes");
    fs::write(folder.path().join(".gitattributes"), &file.unwrap().content).unwrap();
    for (path, generated, merge) in [
        ("microdb.lock", "unspecified", "union"),
        ("contracts/loan/microdb.lock", "unset", "union"),
        (".microdb/files.lock", "set", "union"),
        (".microdb/services.json", "set", "unspecified"),
        ("contracts/loan/src/events.rs", "set", "unspecified"),
        ("services/loan/src/generated/mod.rs", "set", "unspecified"),
        ("services/loan/src/own.rs", "unspecified", "unspecified"),
    ] {
        assert_eq!(
            attribute(&folder, "linguist-generated", path),
            generated,
            "{path}"
        );
        assert_eq!(attribute(&folder, "merge", path), merge, "{path}");
    }
}
