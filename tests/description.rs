//! Descriptions as files, and what is said of them.
//!
//! Each folder of `tests/cases/description` is a case: `microdb.toml`, the files it includes, and
//! `stderr`, all that is said of it. `UPDATE_EXPECT=1 cargo test --test description` renews them.

use std::fs;
use std::path::{Path, PathBuf};

use anstream::adapter::strip_str;
use cargo_microdb::description;
use cargo_microdb::diagnostics::{human, json};
use cargo_microdb::source::Sources;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/description");
    let entries = fs::read_dir(folder).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// What is said of a case: for people, or for programs where it has a file `json`.
fn said(case: &Path) -> (PathBuf, String) {
    let (mut sources, mut diagnostics) = Sources::open(&case.join("microdb.toml"));
    let (_, found) = description::read(&mut sources);
    diagnostics.extend(found);
    if case.join("json").exists() {
        return (case.join("json"), json(&diagnostics, sources.files()));
    }
    let text = human(&diagnostics, sources.files());
    (case.join("stderr"), strip_str(&text).to_string())
}

#[test]
fn every_case_says_what_it_is_expected_to() {
    let mut wrong = Vec::new();
    for case in cases() {
        let (path, said) = said(&case);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &said).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if said != expected {
            wrong.push(format!(
                "{}: expected\n{expected}\nfound\n{said}",
                case.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
