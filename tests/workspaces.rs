//! Whole generated workspaces: what a reviewer would run before signing one.
//!
//! They take turns in one place, `target/workspaces/system`, so that the runtime and what it depends on
//! compile once.

mod workspace;

use std::path::Path;

use workspace::{InTurn, LEFT, Workspace};

/// What the runtime is, `tests/platform` tests, and clippy looks at the same.
const OWN: &[&str] = &["test", "--workspace", "--exclude", "platform-*"];

/// Formatting; lints and a build of all targets without a warning.
fn signed(workspace: &InTurn) {
    workspace.cargo(&["fmt", "--check"]);
    workspace.compile(&[OWN, &["--no-run"]].concat());
}

/// As a user asks for it, and with the tests that stand in the runtime.
#[test]
fn clippy_has_nothing_to_say() {
    let hello = InTurn::of_example("hello");
    let lints = ["clippy", "--workspace", "--all-targets"];
    hello.cargo(&[&lints[..], &["--", "-D", "warnings"]].concat());
}

#[test]
fn the_lender_is_clean() {
    signed(&InTurn::on_servers("fintech"));
}

/// Systems that others designed: what they need is not what we thought of.
#[test]
fn published_systems_are_clean_and_pass() {
    for example in ["ftgo", "online-boutique"] {
        let workspace = InTurn::of_example(example);
        signed(&workspace);
        workspace.cargo(&[OWN, &["--lib"]].concat());
        workspace.cargo(LEFT);
    }
}

#[test]
fn a_shop_is_clean_and_its_tests_pass_without_one_service() {
    let shop = InTurn::of_example("shop");
    signed(&shop);
    shop.cargo(OWN);
    shop.cargo(LEFT);
    std::fs::remove_dir_all(shop.path().join("services/customer")).unwrap();
    shop.compile(&[OWN, &["--no-run"]].concat());
    // One that has copies of what the other owns.
    shop.cargo(&["test", "--package", "shop-order"]);
}

/// What users have written compiles and passes when something optional is added to what it is about.
#[test]
fn an_optional_field_breaks_no_file_of_users() {
    let before = Workspace::of_example("shop");
    let description = std::fs::read_to_string(before.path().join("microdb.toml")).unwrap();
    let added = ADDED.iter().fold(description, |text, (old, new)| {
        assert_eq!(text.matches(old).count(), 1, "`{old}`");
        text.replace(old, new)
    });
    let shop = InTurn::described(&added);
    for folder in ["services/order/src/domain", "services/order/src/policies"] {
        shop.keep(&before.path(), folder);
    }
    let own = shop.path().join("services/order/src/domain/order.rs");
    let written = std::fs::read_to_string(&own).unwrap();
    std::fs::write(&own, written + OWN_TEST).unwrap();
    shop.cargo(&["test", "--package", "shop-order", "--lib"]);
}

/// What is added: to an aggregate, a command, events and a replica.
const ADDED: &[(&str, &str)] = &[
    (
        "fields.placed_on =",
        "fields.gift = \"string?\"\nfields.placed_on =",
    ),
    (
        "[\"number\", \"customer\", \"basket?\"",
        "[\"number\", \"customer\", \"gift?\", \"basket?\"",
    ),
    (
        "[\"customer\", \"amount\", \"lines\"]",
        "[\"customer\", \"amount\", \"lines\", \"gift\"]",
    ),
    (
        "[\"name\", \"tier\", \"status\"]",
        "[\"name\", \"tier\", \"status\", \"address\"]",
    ),
    (
        "fields = [\"name\", \"tier\"]\n",
        "fields = [\"name\", \"tier\", \"address\"]\n",
    ),
    (
        "own.reason = \"string\"\n",
        "own.reason = \"string\"\nown.by = \"string?\"\n",
    ),
];

/// A test that somebody adds.
const OWN_TEST: &str = r#"
#[cfg(test)]
mod tests_of_ones_own {
    use super::*;
    use crate::generated::examples;
    use platform_testing::given;

    #[test]
    fn attempts_are_told() {
        let order = NewOrder {
            attempts: 7,
            ..examples::order()
        };
        let event = OrderRetried {
            attempts: 7,
            ..examples::order_retried()
        };
        given(order)
            .when(examples::retry_order())
            .then(RetryOrderEvent::OrderRetried(event));
    }
}
"#;

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
