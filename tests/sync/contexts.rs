//! Services that come and go.

use std::collections::BTreeSet;

use crate::stand::Stand;

const ALPHA: &str = "\n[contexts.alpha.aggregates.Thing]\nfields.name = \"string\"\n";
/// Nothing refers to it.
const STOCK: &str = "[contexts.inventory]";

fn ports(stand: &Stand) -> BTreeSet<String> {
    let lock = stand.read("microdb.lock");
    lock.lines()
        .filter(|line| line.starts_with("port "))
        .map(str::to_owned)
        .collect()
}

/// The description without `inventory`, and what listens to it.
fn without_inventory(stand: &Stand) {
    let text = stand.read("microdb.toml");
    let start = text.find(STOCK).unwrap();
    let end = text.find("[contexts.payment]").unwrap();
    let policy = "[contexts.order.policies.RetryWhenShort]";
    let (policy, end_of_policy) = (
        text.find(policy).unwrap(),
        text.find("[contexts.order.policies.ConfirmWhenPaid]")
            .unwrap(),
    );
    let kept = [&text[..policy], &text[end_of_policy..start], &text[end..]];
    stand.write("microdb.toml", &kept.concat());
}

#[test]
fn an_added_service_gets_the_next_free_port_and_moves_none() {
    let stand = Stand::shop();
    let before = ports(&stand);
    stand.describe(
        "[system]\nname = \"shop\"\n",
        &format!("[system]\nname = \"shop\"\n{ALPHA}"),
    );
    let written = stand.synced();
    let after = ports(&stand);
    assert!(after.is_superset(&before), "{after:?}");
    let new: Vec<_> = after.difference(&before).collect();
    assert_eq!(new, ["port alpha 8106"]);
    // Others' code does not know of it.
    let others = ["customer", "catalog", "order", "inventory", "payment"];
    let touched = written.iter().find(|path| {
        others.iter().any(|it| {
            path.starts_with(&format!("services/{it}/"))
                || path.starts_with(&format!("contracts/{it}/"))
        })
    });
    assert_eq!(touched, None);
    stand.sync().did_nothing();
}

#[test]
fn a_removed_service_goes_as_a_folder() {
    let stand = Stand::shop();
    without_inventory(&stand);
    stand.sync().succeeds();
    assert!(!stand.has("services/inventory") && !stand.has("contracts/inventory"));
    let ports = ports(&stand);
    assert!(
        ports.contains("port payment 8105") && ports.len() == 4,
        "{ports:?}"
    );
    assert!(!stand.read("Cargo.toml").contains("inventory"));
    stand.sync().did_nothing();
    // The port that is free is the next to be given.
    stand.append("microdb.toml", ALPHA);
    stand.sync().succeeds();
    assert!(stand.read("microdb.lock").contains("port alpha 8104\n"));
}

#[test]
fn a_removed_service_with_files_of_others_is_refused() {
    let stand = Stand::shop();
    without_inventory(&stand);
    stand.write("services/inventory/src/own/stock.rs", "mine");
    stand.write("contracts/inventory/notes.md", "mine");
    stand.refuses(&[
        "the context `inventory` is gone",
        "services/inventory/src/own/stock.rs",
        "contracts/inventory/notes.md",
        "move them out of its folders, or delete them",
    ]);
}

#[test]
fn a_removed_service_with_edited_decisions_is_refused() {
    let stand = Stand::shop();
    without_inventory(&stand);
    let path = "services/inventory/src/domain/stock_item.rs";
    stand.append(path, "// mine\n");
    stand.refuses(&[&format!("`{path}` was edited")]);
}

#[test]
fn a_removed_service_that_others_listen_to_is_refused() {
    let stand = Stand::shop();
    let text = stand.read("microdb.toml");
    let (start, end) = (
        text.find(STOCK).unwrap(),
        text.find("[contexts.payment]").unwrap(),
    );
    stand.write("microdb.toml", &[&text[..start], &text[end..]].concat());
    stand.refuses(&["inventory.StockShort"]);
}
