//! Edits by hand: of the tool's files they are refused, in the user's they stay.

use crate::stand::{Stand, paths};

const MANAGED: &str = "services/order/src/generated/aggregates/basket.rs";
const SEEDED: &str = "services/order/src/domain/basket.rs";
const NOTE: &str = "fields.note     = \"text?\"";

fn with_a_field(stand: &Stand) {
    stand.describe(NOTE, &format!("{NOTE}\nfields.colour = \"text?\""));
}

#[test]
fn an_edited_file_of_the_tools_is_refused_with_three_ways_out() {
    for changes in [false, true] {
        let stand = Stand::shop();
        stand.append(MANAGED, "// mine\n");
        if changes {
            with_a_field(&stand);
        }
        stand.refuses(&[
            &format!("`{MANAGED}` was edited, but it is the tool's"),
            "say it in the description instead",
            &format!("`cargo microdb eject {MANAGED}`"),
            &format!("`cargo microdb sync --discard-edits {MANAGED}`"),
            "nothing was changed",
        ]);
    }
}

#[test]
fn every_edited_file_is_named() {
    let stand = Stand::shop();
    for path in [MANAGED, "compose.yaml", "docs/commands.md"] {
        stand.append(path, "// mine\n");
    }
    stand.refuses(&[MANAGED, "`compose.yaml` was", "`docs/commands.md` was"]);
}

#[test]
fn edits_that_are_given_up_go() {
    let stand = Stand::shop();
    let before = stand.tree();
    for path in [MANAGED, "compose.yaml"] {
        stand.append(path, "// mine\n");
    }
    // One of them is not enough.
    stand
        .run(&["sync", "--discard-edits", "services/order/src/generated"])
        .refuses("`compose.yaml`");
    stand
        .run(&[
            "sync",
            "--discard-edits",
            "services/order/src/generated/",
            "--discard-edits",
            "compose.yaml",
        ])
        .succeeds();
    assert!(stand.tree() == before);
}

#[test]
fn a_file_of_the_users_is_no_edit_to_be_given_up() {
    let stand = Stand::shop();
    stand.append(SEEDED, "// mine\n");
    let edited = stand.read(SEEDED);
    stand
        .run(&["sync", "--discard-edits", "services"])
        .succeeds();
    assert_eq!(stand.read(SEEDED), edited);
}

#[test]
fn edits_are_given_up_in_the_workspace_only() {
    let stand = Stand::shop();
    stand
        .run(&["sync", "--discard-edits", "../other"])
        .refuses("is not in the workspace");
}

#[test]
fn layout_is_no_edit() {
    let stand = Stand::shop();
    let reformatted = stand
        .read(MANAGED)
        .replace("    ", "\t")
        .replace('\n', "\r\n");
    stand.write(MANAGED, &reformatted);
    let markdown = stand.read("docs/commands.md").replace('\n', "  \r\n");
    stand.write("docs/commands.md", &markdown);
    stand.sync().did_nothing();
    assert_eq!(stand.read(MANAGED), reformatted);
    // Where there is something to write, the layout goes with it.
    with_a_field(&stand);
    stand.sync().succeeds();
    assert!(!stand.read(MANAGED).contains('\t'));
    stand.sync().did_nothing();
}

#[test]
fn a_deleted_file_of_the_tools_comes_back() {
    let stand = Stand::shop();
    let before = stand.tree();
    stand.remove(MANAGED);
    std::fs::remove_dir_all(stand.path().join("docs")).unwrap();
    stand.sync().succeeds();
    assert!(stand.tree() == before);
}

#[test]
fn a_file_of_the_users_keeps_its_bytes() {
    let stand = Stand::shop();
    let bytes = b"\xff\r\n fn mine ( ) { }\n\n";
    std::fs::write(stand.path().join(SEEDED), bytes).unwrap();
    stand.sync().did_nothing();
    with_a_field(&stand);
    stand.sync().succeeds();
    assert_eq!(stand.tree()[SEEDED], bytes);
    stand.sync().did_nothing();
}

#[test]
fn a_file_of_the_users_that_was_deleted_stays_so() {
    let stand = Stand::shop();
    stand.remove(SEEDED);
    stand.remove("README.md");
    stand.sync().did_nothing();
    with_a_field(&stand);
    stand.sync().succeeds();
    assert!(!stand.has(SEEDED) && !stand.has("README.md"));
    stand.sync().did_nothing();
}

#[test]
fn a_file_that_is_in_the_way_is_neither_taken_nor_overwritten() {
    let stand = Stand::shop();
    let (policy, generated) = (
        "services/payment/src/policies/refund_order.rs",
        "services/payment/src/generated/policies/refund_order.rs",
    );
    stand.write(policy, "mine");
    stand.append(
        "microdb.toml",
        "\n[contexts.payment.policies.RefundOrder]\non = \"order.OrderPlaced\"\nthen = \"RequestPayment\"\n",
    );
    // It is the user's, and nothing is lost by keeping it.
    let written = stand.synced();
    assert!(!written.contains(policy), "{written:?}");
    assert_eq!(stand.read(policy), "mine");
    let _ = generated;
    let stand = Stand::shop();
    stand.write("contracts/returns/src/lib.rs", "mine");
    stand.append(
        "microdb.toml",
        "\n[contexts.returns.aggregates.Return]\nfields.why = \"text\"\n",
    );
    stand.refuses(&[
        "`contracts/returns/src/lib.rs` has to be written, but a file that is not the tool's is there",
        "move it, then run the command again",
    ]);
    assert_eq!(stand.read("contracts/returns/src/lib.rs"), "mine");
}

#[test]
fn files_of_others_are_left_alone() {
    let stand = Stand::shop();
    stand.write("services/order/src/own.rs", "fn mine() {}");
    stand.write("notes.txt", "mine");
    with_a_field(&stand);
    let written = stand.synced();
    assert!(written.is_disjoint(&paths(["services/order/src/own.rs", "notes.txt"])));
}
