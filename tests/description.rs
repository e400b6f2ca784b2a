//! Descriptions as files, and what is said of them.
//!
//! Each folder of `tests/cases/description` is a case: `microdb.toml`, the files it includes, and
//! `stderr`, all that is said of it. `UPDATE_EXPECT=1 cargo test --test description` renews them.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use anstream::adapter::strip_str;
use cargo_microdb::description;
use cargo_microdb::diagnostics::{human, json};
use cargo_microdb::source::Sources;
use common::{cases, change, compare};
use proptest::prelude::*;

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
    compare("description", said);
}

proptest! {
    #[test]
    fn no_text_is_too_broken_to_be_reported(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let cases: Vec<_> = cases("description")
            .iter()
            .filter_map(|case| fs::read_to_string(case.join("microdb.toml")).ok())
            .collect();
        let valid = seed.get(&cases).clone();
        let text = changes.iter().fold(valid, |text, change| change.apply(&text));
        let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
        let (_, diagnostics) = description::read(&mut sources);
        for diagnostic in &diagnostics {
            for label in &diagnostic.labels {
                let text = sources.files()[label.span.file as usize].text();
                let (start, end) = (label.span.start as usize, label.span.end as usize);
                prop_assert!(text.get(start..end).is_some(), "{diagnostic:?}");
            }
        }
        human(&diagnostics, sources.files());
        json(&diagnostics, sources.files());
    }
}

#[test]
fn the_deepest_tree_fits_on_a_small_stack() {
    let key = ["a"; 20].join(".");
    let text = format!(
        "[{key}]\n{key} = {}1{}",
        format!("{{{key} = ").repeat(79),
        "}".repeat(79)
    );
    let read = move || {
        let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
        description::read(&mut sources).1.len()
    };
    let thread = std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(read);
    assert!(thread.unwrap().join().unwrap() > 0);
}

#[test]
fn a_large_description_is_read_at_once() {
    let fields: String = (0..20_000)
        .map(|n| format!("fields.f{n} = \"string\"\nx{n} = 1\n"))
        .collect();
    let text = format!("[contexts.a.aggregates.A]\n{fields}");
    let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
    let (_, diagnostics) = description::read(&mut sources);
    assert_eq!(diagnostics.len(), 20_001);
    assert!(human(&diagnostics, sources.files()).contains("unknown key `x19999`"));
}
