//! No input makes the tool panic, and whatever is valid is rendered: descriptions, whole and
//! broken, through the pipeline up to the disk.
//!
//! `MICRODB_FUZZ_MINUTES=15 cargo test --test pipeline -- --nocapture` goes on for so long, each
//! time with other changes.

mod common;
#[allow(dead_code)]
mod random;

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cargo_microdb::description;
use cargo_microdb::diagnostics::{Diagnostic, human, json};
use cargo_microdb::lock::{self, FilesLock, Locks};
use cargo_microdb::model::System;
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, validate};
use cargo_microdb::{plan, render};
use common::{cases, change};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The texts that changes begin with: the cases, the examples, random systems.
fn seeds() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kinds = ["description", "validation", "generation", "published"];
    let mut paths: Vec<_> = kinds.into_iter().flat_map(cases).collect();
    paths.extend(["hello", "shop", "fintech"].map(|name| root.join("examples").join(name)));
    let texts = paths
        .iter()
        .filter_map(|path| fs::read_to_string(path.join("microdb.toml")).ok());
    // More of them than of the cases, which are seldom valid.
    let random = (0..40).map(|seed| random::description(seed, &random::some_sample(seed)));
    texts.chain(random).collect()
}

/// What became of a text: whether it was valid, or else how it failed.
fn run(text: &str, embedded: bool) -> Result<bool, TestCaseError> {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    said(&found, &sources)?;
    let valid = match validate(&description, &Options { embedded }) {
        Err(found) => {
            said(&found, &sources)?;
            return Ok(false);
        }
        Ok(valid) => valid,
    };
    said(&valid.warnings, &sources)?;
    said(&valid.later, &sources)?;
    if !found.is_empty() || !valid.later.is_empty() {
        return Ok(false);
    }
    rendered(&valid.system, text)?;
    Ok(true)
}

/// All that is said can be shown, at places that are there.
fn said(found: &[Diagnostic], sources: &Sources) -> Result<(), TestCaseError> {
    for diagnostic in found {
        for label in &diagnostic.labels {
            let text = sources.files()[label.span.file as usize].text();
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            prop_assert!(text.get(start..end).is_some(), "{diagnostic:?}");
        }
    }
    human(found, sources.files());
    json(found, sources.files());
    Ok(())
}

/// Every file is rendered, each inside the workspace and at a path of its own.
fn rendered(system: &System, text: &str) -> Result<(), TestCaseError> {
    let files = render::render(&plan::plan(system), &plan::crates(system)).map_err(|error| {
        let error = error.to_string();
        TestCaseError::fail(format!("nothing is rendered: {error}"))
    })?;
    let mut paths = HashSet::new();
    for file in &files {
        let inside = file
            .path
            .split('/')
            .all(|part| !["", ".", ".."].contains(&part));
        prop_assert!(inside, "{} is not inside", file.path);
        // Some disks do not tell cases apart.
        prop_assert!(
            paths.insert(file.path.to_lowercase()),
            "{} is there twice",
            file.path
        );
    }
    let facts = lock::facts([text]).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let files = FilesLock {
        facts,
        ..FilesLock::default()
    };
    Locks::of(system, files, &BTreeMap::new()).render();
    Ok(())
}

/// Runs one round of changed texts; answers how many were valid.
fn round(runner: &mut TestRunner, seeds: &[String]) -> u64 {
    let valid = Cell::new(0);
    let input = (
        any::<prop::sample::Index>(),
        prop::collection::vec(change(), 0..4),
        any::<bool>(),
    );
    let result = runner.run(&input, |(seed, changes, embedded)| {
        let start = seed.get(seeds).clone();
        let text = changes
            .iter()
            .fold(start, |text, change| change.apply(&text));
        valid.set(valid.get() + u64::from(run(&text, embedded)?));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    valid.get()
}

#[test]
fn whatever_is_valid_is_rendered_and_nothing_panics() {
    let minutes = std::env::var("MICRODB_FUZZ_MINUTES").ok();
    let minutes: Option<u64> = minutes.map(|text| text.parse().expect("a number of minutes"));
    let seeds = seeds();
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let (mut runs, mut valid) = (0, 0);
    let end = Instant::now() + Duration::from_secs(60 * minutes.unwrap_or(0));
    loop {
        let mut runner = match minutes {
            Some(_) => TestRunner::new(config.clone()),
            None => {
                let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
                TestRunner::new_with_rng(config.clone(), rng)
            }
        };
        valid += round(&mut runner, &seeds);
        runs += u64::from(config.cases);
        if Instant::now() >= end {
            break;
        }
    }
    println!("{runs} texts were run, {valid} of them were valid");
    assert!(valid * 10 > runs, "only {valid} of {runs} texts were valid");
}
