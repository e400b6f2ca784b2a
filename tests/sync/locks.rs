//! Locks that are lost, broken, or another tool's.

use crate::stand::{Stand, paths};

#[test]
fn a_lost_lock_is_not_made_anew() {
    for path in [
        "microdb.lock",
        ".microdb/files.lock",
        "contracts/order/microdb.lock",
    ] {
        let stand = Stand::shop();
        stand.remove(path);
        stand.refuses(&[
            &format!("`{path}` is missing"),
            "it is not made anew",
            "`git restore` it",
        ]);
    }
}

#[test]
fn a_contract_that_is_gone_with_its_lock_is_not_made_anew() {
    let stand = Stand::shop();
    std::fs::remove_dir_all(stand.path().join("contracts/order")).unwrap();
    stand.refuses(&["`contracts/order/microdb.lock` is missing"]);
}

#[test]
fn a_broken_lock_is_said_with_its_line() {
    for path in [
        "microdb.lock",
        ".microdb/files.lock",
        "contracts/order/microdb.lock",
    ] {
        let stand = Stand::shop();
        let text = stand.read(path);
        stand.write(path, &format!("what is this\n{text}"));
        stand.refuses(&[&format!("`{path}` is broken at line 1"), "git restore"]);
        std::fs::write(stand.path().join(path), b"\xff\xfe").unwrap();
        stand.refuses(&[&format!("`{path}` is not text in UTF-8")]);
    }
    let stand = Stand::shop();
    stand.write("microdb.lock", "");
    stand.refuses(&["`microdb.lock` is broken: it has no `format`"]);
}

#[test]
fn what_a_merge_left_in_a_lock_is_no_damage() {
    for base in ["", "||||||| 1234567\n"] {
        let stand = Stand::shop();
        let before = stand.tree();
        for path in [
            "microdb.lock",
            ".microdb/files.lock",
            "contracts/order/microdb.lock",
        ] {
            let text = stand.read(path);
            let (head, rest) = text.split_once('\n').unwrap();
            let (first, rest) = rest.split_once('\n').unwrap();
            let conflict =
                format!("<<<<<<< HEAD\n{first}\n{base}=======\n{first}\n>>>>>>> theirs\n");
            stand.write(path, &format!("{head}\n{conflict}{rest}"));
        }
        assert_eq!(stand.synced(), paths([]));
        assert!(stand.tree() == before);
    }
}

#[test]
fn the_lock_of_a_newer_tool_is_not_touched() {
    let stand = Stand::shop();
    stand.replace("microdb.lock", "tool 0.", "tool 99.");
    stand.refuses(&[
        "the workspace was written by `cargo-microdb` 99.",
        "cargo install cargo-microdb --version 99.",
    ]);
    let stand = Stand::shop();
    stand.replace("microdb.lock", "format 2", "format 3");
    stand.refuses(&[
        "is of form 3, which this program does not know",
        "install the version",
    ]);
    let stand = Stand::shop();
    stand.append(
        "contracts/order/microdb.lock",
        "gone field.Order.note note\n",
    );
    stand.refuses(&[
        "`contracts/order/microdb.lock` has `gone`",
        "which this version cannot keep to",
    ]);
}

#[test]
fn an_upgrade_comes_alone() {
    let stand = Stand::shop();
    let before = stand.tree();
    let current = format!("tool {}\n", env!("CARGO_PKG_VERSION"));
    stand.replace("microdb.lock", &current, "tool 0.0.1\n");
    let note = "fields.note     = \"text?\"";
    stand.describe(note, &format!("{note}\nfields.colour = \"text?\""));
    stand.refuses(&[
        "the description changed, and the tool too",
        "do one, then the other",
    ]);
    stand.describe("\nfields.colour = \"text?\"", "");
    stand.sync().succeeds();
    assert!(stand.tree() == before);
}
