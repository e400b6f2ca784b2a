//! Two branches, `git merge`, `sync`: whichever comes first, the same comes out.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::stand::{Done, Stand, Tree, changed};

const ALPHA: &str = "\n[contexts.alpha.aggregates.Thing]\nfields.name = \"string\"\n";
const ALPINE: &str = "\n[contexts.alpine.aggregates.Hut]\nfields.name = \"string\"\n";
const BETA: &str = "\n[contexts.beta.aggregates.Thing]\nfields.name = \"string\"\n";
const NOTE: &str = "fields.note     = \"text?\"";
const NUMBER: &str = "fields.number    = { type = \"string\", unique = true }";

/// As generated workspaces have it: locks are merged as the union of their lines.
const ATTRIBUTES: &str = "microdb.lock merge=union\n\
    contracts/*/microdb.lock merge=union\n.microdb/files.lock merge=union\n";

fn git(folder: &Path, arguments: &[&str]) -> Done {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=A", "-c", "user.email=a@example.org"]);
    command
        .args(["-c", "core.autocrlf=false"])
        .args(arguments)
        .current_dir(folder);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    Done::of(&mut command)
}

fn init(stand: &Stand) {
    let init = ["init", "--quiet", "--initial-branch", "base"];
    git(&stand.path(), &init).succeeds();
    stand.write(".git/info/attributes", ATTRIBUTES);
    commit(stand);
}

fn commit(stand: &Stand) {
    git(&stand.path(), &["add", "--all"]).succeeds();
    git(&stand.path(), &["commit", "--quiet", "--message", "some"]).succeeds();
}

/// A repository with two branches that each changed something, and synced.
fn branches(one: impl Fn(&Stand), other: impl Fn(&Stand)) -> Stand {
    let stand = Stand::shop();
    let folder = stand.path();
    init(&stand);
    for (branch, change) in [("one", &one as &dyn Fn(&Stand)), ("other", &other)] {
        git(&folder, &["checkout", "--quiet", "-b", branch, "base"]).succeeds();
        change(&stand);
        stand.sync().succeeds();
        commit(&stand);
    }
    stand
}

/// Merges a branch into the other; whatever git cannot merge of the user's files, `solve` does.
fn merged(stand: &Stand, (into, from): (&str, &str), solve: &dyn Fn(&Stand)) -> Tree {
    let stand = Stand::copy_of(&stand.path());
    git(&stand.path(), &["checkout", "--quiet", into]).succeeds();
    git(&stand.path(), &["merge", "--quiet", from]);
    solve(&stand);
    stand.sync().succeeds();
    stand.sync().did_nothing();
    stand.run(&["sync", "--check"]).succeeds();
    stand.tree()
}

/// Demands that both orders give the same, and answers what.
fn both(stand: &Stand, solve: impl Fn(&Stand)) -> Tree {
    let one = merged(stand, ("one", "other"), &solve);
    let other = merged(stand, ("other", "one"), &solve);
    assert_eq!(changed(&one, &other), BTreeSet::new());
    one
}

fn text<'t>(tree: &'t Tree, path: &str) -> std::borrow::Cow<'t, str> {
    String::from_utf8_lossy(&tree[path])
}

/// Takes the lines of both sides, in the order of `first`, then the rest.
fn union(stand: &Stand, path: &str) {
    let text = stand.read(path);
    let is_marker = |line: &&str| {
        ["<<<<<<<", "=======", ">>>>>>>"]
            .iter()
            .any(|it| line.starts_with(it))
    };
    let lines: Vec<&str> = text.lines().filter(|line| !is_marker(line)).collect();
    stand.write(path, &(lines.join("\n") + "\n"));
}

#[test]
fn changes_of_different_contexts_meet() {
    let stand = branches(
        |stand| stand.describe(NOTE, &format!("{NOTE}\nfields.colour = \"text?\"")),
        |stand| {
            stand.describe(
                "fields.receipt ",
                "fields.bank = \"text?\"\nfields.receipt ",
            )
        },
    );
    let tree = both(&stand, |_| ());
    assert!(text(&tree, "contracts/order/microdb.lock").contains("Basket.colour text?"));
    assert!(text(&tree, "contracts/payment/microdb.lock").contains("Payment.bank text?"));
}

#[test]
fn a_file_of_the_tools_that_both_wrote_is_written_again() {
    let stand = branches(
        |stand| stand.describe(NOTE, &format!("{NOTE}\nfields.colour = \"text?\"")),
        |stand| {
            stand.describe(NUMBER, &format!("{NUMBER}\nfields.voucher = \"text?\""));
            stand.append("services/order/src/domain/order.rs", "// mine\n");
        },
    );
    let managed = "contracts/order/src/aggregates.rs";
    let tree = both(&stand, |stand| {
        // What git made of it, at its worst.
        stand.write(managed, "<<<<<<< HEAD\n=======\n>>>>>>> theirs\n");
    });
    let lock = text(&tree, "contracts/order/microdb.lock");
    assert!(
        lock.contains("Basket.colour text?") && lock.contains("Order.voucher text?"),
        "{lock}"
    );
    let code = text(&tree, managed);
    assert!(code.contains("colour") && code.contains("voucher") && !code.contains("<<<"));
    assert!(text(&tree, "services/order/src/domain/order.rs").ends_with("// mine\n"));
    assert_eq!(lock.matches("step 0001_initial").count(), 1);
}

#[test]
fn two_services_that_were_given_one_port_get_two() {
    let stand = branches(
        |stand| stand.append("microdb.toml", ALPHA),
        |stand| stand.append("microdb.toml", BETA),
    );
    let tree = both(&stand, |stand| {
        // The user's word: the description, and the manifest that is both's.
        let text = stand.read("microdb.toml");
        let end = text.find("<<<<<<<").unwrap();
        stand.write(
            "microdb.toml",
            &format!("{}{ALPHA}{BETA}", &text[..end].trim_end()),
        );
        union(stand, "Cargo.toml");
        let manifest = stand.read("Cargo.toml");
        let mut lines: Vec<&str> = manifest.lines().collect();
        if let Some(at) = lines
            .iter()
            .position(|line| line.starts_with("beta_contract"))
            && lines[at + 1].starts_with("alpha_contract")
        {
            lines.swap(at, at + 1);
        }
        stand.write("Cargo.toml", &(lines.join("\n") + "\n"));
    });
    let lock = text(&tree, "microdb.lock");
    let ports: BTreeSet<&str> = lock
        .lines()
        .filter(|line| line.starts_with("port "))
        .collect();
    assert!(
        ports.contains("port alpha 8106") && ports.contains("port beta 8107"),
        "{ports:?}"
    );
    assert_eq!(ports.len(), 7);
}

#[test]
fn a_service_that_one_side_removed_stays_removed() {
    let stand = Stand::shop();
    stand.append("microdb.toml", ALPHA);
    stand.sync().succeeds();
    let folder = stand.path();
    init(&stand);
    git(&folder, &["checkout", "--quiet", "-b", "one"]).succeeds();
    stand.describe(ALPHA, "");
    stand.sync().succeeds();
    commit(&stand);
    git(&folder, &["checkout", "--quiet", "-b", "other", "base"]).succeeds();
    // Its lines in the locks stand beside those of the one that goes: their union has both.
    stand.append("microdb.toml", ALPINE);
    stand.sync().succeeds();
    commit(&stand);
    let tree = both(&stand, |stand| {
        let text = stand.read("microdb.toml");
        if let Some(end) = text.find("<<<<<<<") {
            stand.write(
                "microdb.toml",
                &format!("{}\n{ALPINE}", text[..end].trim_end()),
            );
        }
        let manifest = stand.read("Cargo.toml");
        let is_kept = |line: &&str| {
            let marks = ["<<<<<<<", "=======", ">>>>>>>", "alpha_contract"];
            !marks.iter().any(|mark| line.starts_with(mark))
        };
        let lines: Vec<&str> = manifest.lines().filter(is_kept).collect();
        stand.write("Cargo.toml", &(lines.join("\n") + "\n"));
    });
    assert!(!tree.keys().any(|path| path.contains("alpha")));
    for lock in [".microdb/files.lock", "microdb.lock"] {
        let lock = text(&tree, lock);
        assert!(!lock.contains("alpha") && lock.contains("alpine"), "{lock}");
    }
}

#[test]
fn a_policy_that_both_renamed_is_asked_about() {
    let rename = |stand: &Stand, name: &str| {
        let new = format!("policies.{name}]\nrenamed_from = \"PayForOrder\"\n");
        stand.describe("policies.PayForOrder]\n", &new);
    };
    let stand = branches(
        |stand| rename(stand, "Charge"),
        |stand| rename(stand, "Collect"),
    );
    git(&stand.path(), &["checkout", "--quiet", "one"]).succeeds();
    git(&stand.path(), &["merge", "--quiet", "other"]);
    // As long as the description has the marks of a conflict nothing happens.
    let before = stand.tree();
    assert_eq!(stand.sync().code(), Some(2));
    assert!(stand.tree() == before);
}

#[test]
fn a_file_that_both_sides_added_is_kept_as_it_is() {
    let policy = "\n[contexts.payment.policies.Refund]\non = \"order.OrderPlaced\"\nthen = \"RequestPayment\"\n";
    let path = "services/payment/src/policies/refund.rs";
    let stand = branches(
        |stand| {
            stand.append("microdb.toml", policy);
            stand.sync().succeeds();
            stand.append(path, "// one\n");
        },
        |stand| {
            stand.append("microdb.toml", policy);
            stand.sync().succeeds();
            stand.append(path, "// other\n");
        },
    );
    let conflict = "<<<<<<< HEAD\n// one\n=======\n// other\n>>>>>>> theirs\n";
    let tree = both(&stand, |stand| stand.write(path, conflict));
    assert_eq!(
        text(&tree, path),
        conflict,
        "what is the user's is his to merge"
    );
}
