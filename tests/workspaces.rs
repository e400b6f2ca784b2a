//! Whole generated workspaces: what a reviewer would run before signing one.
//!
//! They take turns in one place, `target/workspaces/system`, so that the runtime and what it depends on
//! compile once.

mod workspace;

use std::path::Path;

use workspace::{InTurn, LEFT, Workspace};

/// Formatting, lints of all targets, a build without a warning.
fn signed(workspace: &InTurn) {
    workspace.cargo(&["fmt", "--check"]);
    workspace.cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
}

#[test]
fn the_examples_are_clean() {
    for example in ["hello", "fintech"] {
        signed(&InTurn::of_example(example));
    }
}

/// Systems that others designed: what they need is not what we thought of.
#[test]
fn published_systems_are_clean_and_pass() {
    for example in ["ftgo", "online-boutique"] {
        let workspace = InTurn::of_example(example);
        signed(&workspace);
        workspace.cargo(&["test", "--workspace", "--lib"]);
        workspace.cargo(LEFT);
    }
}

#[test]
fn a_shop_is_clean_and_its_tests_pass_without_one_service() {
    let shop = InTurn::of_example("shop");
    signed(&shop);
    // The runtime has its tests in `tests/platform`; that this one's compile, the lints have seen.
    let test = ["test", "--workspace", "--exclude", "platform-*"];
    shop.cargo(&test);
    shop.cargo(LEFT);
    std::fs::remove_dir_all(shop.path().join("services/customer")).unwrap();
    shop.cargo(&test);
}

#[test]
fn two_runs_give_the_same_bytes() {
    let (one, other) = (Workspace::of_example("shop"), Workspace::of_example("shop"));
    let difference = differs(&one.path(), &other.path());
    assert_eq!(difference, None, "this path differs");
}

/// The first path that is not the same in both folders.
fn differs(one: &Path, other: &Path) -> Option<String> {
    let names = |folder: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    if one.is_file() {
        let same = std::fs::read(one).unwrap() == std::fs::read(other).unwrap();
        return (!same).then(|| one.display().to_string());
    }
    if names(one) != names(other) {
        return Some(one.display().to_string());
    }
    let mut entries = names(one).into_iter();
    entries.find_map(|name| differs(&one.join(&name), &other.join(&name)))
}
