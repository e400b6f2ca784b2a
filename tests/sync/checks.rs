//! `--check`, `--dry-run`, and from where a workspace is found.

use std::collections::BTreeSet;
use std::path::Path;

use crate::stand::{Done, Stand, changed, microdb};

const NOTE: &str = "fields.note     = \"text?\"";

fn with_a_field(stand: &Stand) {
    stand.describe(NOTE, &format!("{NOTE}\nfields.colour = \"text?\""));
}

#[test]
fn a_check_of_what_is_in_line_succeeds() {
    let stand = Stand::shop();
    let before = stand.tree();
    stand.run(&["sync", "--check"]).succeeds();
    assert!(stand.tree() == before);
}

#[test]
fn a_check_names_what_is_out_of_line_and_exits_with_1() {
    let stand = Stand::shop();
    with_a_field(&stand);
    stand.remove("compose.yaml");
    let before = stand.tree();
    let done = stand.run(&["sync", "--check"]);
    assert_eq!(done.code(), Some(1));
    let said = done.said();
    for line in [
        "Outdated contracts/order/src/aggregates.rs\n",
        "Missing compose.yaml\n",
        "the workspace is not what its description says",
    ] {
        assert!(said.contains(line), "{said}");
    }
    assert!(stand.tree() == before);
    stand.sync().succeeds();
    stand.run(&["sync", "--check"]).succeeds();
}

#[test]
fn a_check_refuses_as_sync_would() {
    let stand = Stand::shop();
    stand.append("compose.yaml", "# mine\n");
    with_a_field(&stand);
    stand
        .run(&["sync", "--check"])
        .refuses("`compose.yaml` was edited");
}

#[test]
fn a_dry_run_shows_what_would_change_and_writes_nothing() {
    let stand = Stand::shop();
    with_a_field(&stand);
    stand.remove("compose.yaml");
    let before = stand.tree();
    let done = stand.run(&["sync", "--dry-run"]);
    done.succeeds();
    let printed = done.printed();
    for line in [
        "--- a/contracts/order/src/aggregates.rs\n+++ b/contracts/order/src/aggregates.rs\n",
        "--- /dev/null\n+++ b/compose.yaml\n",
        "+    pub colour: Option<String>,\n",
    ] {
        assert!(printed.contains(line), "`{line}` is not in\n{printed}");
    }
    assert!(!printed.contains(".lock"), "locks are nobody's to read");
    assert!(stand.tree() == before);
    // What it shows is what happens, as far as others can apply it.
    let patch = stand.path().join("../the.patch");
    std::fs::write(&patch, printed).unwrap();
    let other = Stand::copy_of(&stand.path());
    let mut git = std::process::Command::new("git");
    git.args(["apply", "--unsafe-paths"]).arg(&patch);
    Done::of(git.current_dir(other.path())).succeeds();
    stand.sync().succeeds();
    let differ = changed(&stand.tree(), &other.tree());
    assert!(
        differ.iter().all(|path| path.ends_with(".lock")),
        "{differ:?}"
    );
}

#[test]
fn the_workspace_is_found_from_any_of_its_folders() {
    let stand = Stand::hello();
    let folder = stand.path().join("services/greeter/src");
    Done::of(microdb(&folder).arg("sync")).did_nothing();
}

#[test]
fn the_workspace_is_found_by_a_manifest() {
    let stand = Stand::hello();
    for manifest in ["Cargo.toml", "services/greeter/Cargo.toml"] {
        let manifest = stand.path().join(manifest);
        let mut command = microdb(Path::new("/"));
        command.args(["sync", "--manifest-path"]).arg(manifest);
        Done::of(&mut command).did_nothing();
    }
    let relative = microdb(&stand.path().join("services"))
        .args(["sync", "--manifest-path", "../Cargo.toml"])
        .output();
    Done {
        output: relative.unwrap(),
    }
    .did_nothing();
}

#[test]
fn where_there_is_no_workspace_it_is_said() {
    let folder = tempfile::TempDir::new().unwrap();
    let done = Done::of(microdb(folder.path()).arg("sync"));
    done.refuses("there is no `microdb.toml`");
    done.refuses("`cargo microdb new` starts a workspace");
    assert_eq!(
        crate::stand::tree(folder.path())
            .keys()
            .collect::<BTreeSet<_>>(),
        BTreeSet::new()
    );
}
