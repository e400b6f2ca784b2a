//! The tests of a generated workspace can fail: each case of `tests/cases/mutations` breaks one thing
//! in it, and the test that the case names has to notice.
//!
//! `cargo test --test mutations` applies the cases of the sample; `MUTATIONS=all cargo test --test
//! mutations` all of them; `MUTATIONS=relay` those that have this word in their name. With
//! `-- --nocapture` it says what became of each. The workspace is kept in `target/workspaces/mutated`,
//! so that only what a case changes is compiled again.

mod mutation;
mod workspace;

use mutation::case::{Case, cases};
use mutation::subject::Subject;
use workspace::Workspace;

/// The cases that the environment asks for.
fn chosen() -> Vec<Case> {
    let asked = std::env::var("MUTATIONS").ok();
    let is_asked_for = |case: &Case| match asked.as_deref() {
        None => case.sample,
        Some("all") => true,
        Some(word) => case.name.contains(word),
    };
    let chosen: Vec<Case> = cases().into_iter().filter(is_asked_for).collect();
    assert!(!chosen.is_empty(), "no case is called {asked:?}");
    chosen
}

#[test]
fn every_mutation_is_caught() {
    let cases = chosen();
    let subject = Subject::of_example("shop");
    subject.passes(&cases);
    let caught = |case: &Case| match subject.catches(case) {
        Ok(()) => {
            println!("caught: {}", case.name);
            None
        }
        Err(why) => Some(format!("{} ({}): {why}", case.name, case.breaks)),
    };
    let survivors: Vec<String> = cases.iter().filter_map(caught).collect();
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

/// Also those cases that are not in the sample keep up with what is generated.
#[test]
fn every_mutation_fits_what_is_generated() {
    let workspace = Workspace::of_example("shop");
    for case in cases() {
        let fits = case.apply(&workspace.path());
        fits.unwrap_or_else(|why| panic!("{}: {why}", case.name));
    }
}
