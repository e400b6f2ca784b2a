//! The tests of the runtime can fail: each case of `tests/cases/mutations` breaks one thing in it, and the
//! test that the case names has to notice.
//!
//! The tests stand on every database and broker that the case concerns, as far as the environment
//! names the servers: `tests/services/run with` brings them all.
//!
//! Without more the cases of the sample are applied; `MUTATIONS=all` applies all of them,
//! `MUTATIONS=relay,outbox` those that have one of these words in their name. With `-- --nocapture` it says
//! what became of each. What is broken is a copy of `templates/platform`, which stays in
//! `target/workspaces/mutated` with one of `tests/platform`, so that only what a case changes is compiled
//! again.
//!
//! ```console
//! $ MUTATIONS=all tests/services/run with cargo test --test mutations -- --nocapture
//! ```

mod mutation;
mod over_servers;
mod workspace;

use std::path::Path;

use mutation::case::{Case, cases, fit};
use mutation::stand::Stand;
use mutation::subject::Subject;

/// The cases that the environment asks for, each with what its test stands on.
fn chosen() -> Vec<(Case, Vec<Stand>)> {
    let asked = std::env::var("MUTATIONS").ok();
    let is_asked_for = |case: &Case| match asked.as_deref() {
        None => case.sample,
        Some("all") => true,
        Some(words) => words.split(',').any(|word| case.name.contains(word)),
    };
    let chosen = cases().into_iter().filter(is_asked_for);
    let chosen: Vec<_> = chosen
        .map(|case| {
            let mut stands = case.stands();
            stands.retain(|stand| stand.is_there());
            (case, stands)
        })
        .collect();
    assert!(!chosen.is_empty(), "no case is called {asked:?}");
    chosen
}

#[test]
fn every_mutation_is_caught() {
    let all_there = Stand::all().into_iter().all(Stand::is_there);
    assert!(
        all_there || !over_servers::are_required(),
        "the environment names too few servers"
    );
    let cases = chosen();
    let subject = Subject::of_runtime();
    subject.passes(&cases);
    let caught = |(case, stands): &(Case, Vec<Stand>)| match subject.catches(case, stands) {
        Ok(()) if stands.is_empty() => {
            println!("compiles, and its server is not there: {}", case.name);
            None
        }
        Ok(()) => {
            let stands: Vec<String> = stands.iter().map(Stand::to_string).collect();
            println!("caught: {} on {}", case.name, stands.join(", "));
            None
        }
        Err(why) => {
            println!("not caught: {}", case.name);
            Some(format!("{} ({}): {why}", case.name, case.breaks))
        }
    };
    let survivors: Vec<String> = cases.iter().filter_map(caught).collect();
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

/// Also those cases that are not in the sample keep up with the runtime.
#[test]
fn every_mutation_fits_what_is_generated() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    for case in cases() {
        fit(&case.edits, &templates).unwrap_or_else(|why| panic!("{}: {why}", case.name));
    }
}
