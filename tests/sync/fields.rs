//! What a changed field changes, and nothing else.

use std::fs;
use std::time::SystemTime;

use crate::stand::{Stand, paths};

const NOTE: &str = "fields.note     = \"text?\"";

fn times(stand: &Stand) -> Vec<(String, SystemTime)> {
    let time = |path: String| {
        let metadata = fs::metadata(stand.path().join(&path)).unwrap();
        (path, metadata.modified().unwrap())
    };
    stand.tree().into_keys().map(time).collect()
}

#[test]
fn nothing_to_do_is_said_and_nothing_is_written() {
    let stand = Stand::shop();
    let before = times(&stand);
    stand.sync().did_nothing();
    assert_eq!(times(&stand), before);
}

#[test]
fn an_added_field_changes_what_depends_on_it() {
    let stand = Stand::shop();
    stand.describe(NOTE, &format!("{NOTE}\nfields.colour = \"text?\""));
    let expected = paths([
        "contracts/order/src/aggregates.rs",
        "contracts/order/src/commands.rs",
        "docs/commands.md",
        "services/order/migrations/0001_initial.sql",
        "services/order/openapi.json",
        "services/order/src/generated/aggregates/basket.rs",
        "services/order/src/generated/examples.rs",
        "services/order/src/generated/service.rs",
        "services/order/src/generated/storage/basket.rs",
        "services/order/tests/failures.json",
    ]);
    assert_eq!(stand.synced(), expected);
    let lock = stand.read("contracts/order/microdb.lock");
    assert!(lock.contains("op 0001_initial add Basket.colour text?\n"));
    stand.sync().did_nothing();
    // All is as if it had always been so, the decisions' tests with their examples too.
    stand.is_fresh_but_for(&[]);
}

#[test]
fn what_is_taken_back_leaves_no_trace() {
    let stand = Stand::shop();
    let before = stand.tree();
    stand.describe(NOTE, &format!("{NOTE}\nfields.colour = \"text?\""));
    stand.sync().succeeds();
    stand.describe("\nfields.colour = \"text?\"", "");
    stand.sync().succeeds();
    assert!(stand.tree() == before);
}

#[test]
fn how_a_description_is_written_changes_nothing() {
    let stand = Stand::shop();
    let text = stand.read("microdb.toml").replace('\n', "\r\n");
    stand.write("microdb.toml", &(text + "\r\n# The end.\r\n"));
    assert_eq!(stand.synced(), paths([]));
}

#[test]
fn a_description_that_is_not_valid_changes_nothing() {
    let stand = Stand::shop();
    stand.describe(NOTE, "fields.note = \"txet?\"");
    stand.refuses(&["the description has an error; nothing was written"]);
}
