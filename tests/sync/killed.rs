//! Runs that end at any call that changes the disk, or find it full from there on: no byte of the user's is
//! lost, and the next run brings the workspace to where an undisturbed one does.
//!
//! A sample of the calls is tried, `KILLED=all cargo test --test sync killed` tries each.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::stand::{Done, Stand, Tree, changed, microdb};

/// How many calls a sample has.
const SAMPLE: usize = 12;

/// What stands between the program and the C library.
static SHIM: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    let library = folder.path().join("shim.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sync/shim.c");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .arg("-ldl");
    Done::of(&mut compiler).succeeds();
    (folder, library)
});

/// Where the user wrote something; one of the files is moved.
const MINE: [(&str, &str); 4] = [
    (
        "services/greeter/src/domain/greeting.rs",
        "services/greeter/src/domain/greeting.rs",
    ),
    (
        "services/guestbook/src/policies/enter_greeting.rs",
        "services/guestbook/src/policies/note_greeting.rs",
    ),
    ("README.md", "README.md"),
    ("notes.md", "notes.md"),
];

/// A workspace in which files have to be made, written, moved and removed.
fn stand() -> Stand {
    let stand = Stand::hello();
    stand.append(
        "microdb.toml",
        "\n[contexts.old.aggregates.Old]\nfields.name = \"string\"\n",
    );
    stand.sync().succeeds();
    stand.write("notes.md", "");
    for (path, _) in MINE {
        stand.append(path, "// mine  \r\n");
    }
    stand.describe(
        "\n[contexts.old.aggregates.Old]\nfields.name = \"string\"\n",
        "",
    );
    stand.describe(
        "policies.EnterGreeting]",
        "policies.NoteGreeting]\nrenamed_from = \"EnterGreeting\"\n#",
    );
    stand.describe(
        "fields.name     = \"string\"",
        "fields.name     = \"string\"\nfields.tone = \"text?\"",
    );
    stand.append(
        "microdb.toml",
        "\n[contexts.young.aggregates.Young]\nfields.name = \"string\"\n",
    );
    stand
}

/// `sync` behind the shim.
fn shimmed(stand: &Stand, (variable, value): (&str, &str)) -> Done {
    let mut command = microdb(&stand.path());
    command.arg("sync").env("LD_PRELOAD", &SHIM.1);
    // Formatting happens somewhere else.
    command
        .env("RUSTFMT", "true")
        .env("SHIM_ROOT", stand.path());
    Done::of(command.env(variable, value))
}

fn mine(tree: &Tree) -> Vec<Vec<u8>> {
    let found = MINE.iter().map(|(from, to)| {
        let (from, to) = (tree.get(*from), tree.get(*to));
        assert!(
            from == to || from.is_none() || to.is_none(),
            "it is in two places"
        );
        from.or(to).expect("a file of the user's is lost").clone()
    });
    found.collect()
}

/// The calls to be tried, and what an undisturbed run makes of the workspace.
fn undisturbed(start: &Stand) -> (Vec<usize>, Tree) {
    let stand = Stand::copy_of(&start.path());
    let count = stand.path().join("../count");
    shimmed(&stand, ("SHIM_COUNT", count.to_str().unwrap())).succeeds();
    let count: usize = fs::read_to_string(count).unwrap().parse().unwrap();
    assert!(count > 60, "the shim sees {count} calls only");
    let step = match std::env::var("KILLED").as_deref() {
        Ok("all") => 1,
        _ => count.div_ceil(SAMPLE),
    };
    // The last of them, too, in the middle of which nothing is left to be done.
    let calls = (1..=count).step_by(step).chain([count]);
    (calls.collect(), stand.tree())
}

/// Demands that the next run ends what was begun, and that nothing is left of it.
fn is_ended(stand: &Stand, expected: &Tree, call: usize) {
    let next = shimmed(stand, ("SHIM", ""));
    assert_eq!(next.code(), Some(0), "after call {call}: {}", next.said());
    let differ = changed(expected, &stand.tree());
    assert_eq!(differ, BTreeSet::new(), "after call {call}");
    assert!(
        !stand.has(".microdb/staged"),
        "after call {call} the staging tree is left"
    );
}

#[test]
fn a_killed_run_loses_nothing_and_the_next_one_ends_it() {
    let start = stand();
    let theirs = mine(&start.tree());
    let (calls, expected) = undisturbed(&start);
    assert_eq!(mine(&expected), theirs);
    let mut unfinished = 0;
    for call in calls {
        let stand = Stand::copy_of(&start.path());
        let killed = shimmed(&stand, ("SHIM_KILL_AT", &call.to_string()));
        assert_eq!(
            killed.code(),
            None,
            "call {call} was not reached: {}",
            killed.said()
        );
        assert_eq!(mine(&stand.tree()), theirs, "at call {call}");
        if stand.has(".microdb/journal") {
            unfinished += 1;
            // Who only looks is told so.
            stand
                .run(&["sync", "--check"])
                .refuses("an earlier run was interrupted");
        }
        is_ended(&stand, &expected, call);
    }
    assert!(unfinished > 1, "no run was ended in the middle");
}

#[test]
fn a_run_is_ended_by_the_next_but_one() {
    let start = stand();
    let theirs = mine(&start.tree());
    let (calls, expected) = undisturbed(&start);
    let (at, again) = (calls[calls.len() / 2], calls[calls.len() / 4]);
    let stand = Stand::copy_of(&start.path());
    for call in [at, again, again] {
        shimmed(&stand, ("SHIM_KILL_AT", &call.to_string()));
        assert_eq!(mine(&stand.tree()), theirs);
    }
    is_ended(&stand, &expected, at);
}

#[test]
fn a_file_that_was_changed_since_a_run_was_killed_is_not_overwritten() {
    let start = stand();
    let (calls, _) = undisturbed(&start);
    let stand = Stand::copy_of(&start.path());
    let at = calls.iter().find(|call| {
        let stand = Stand::copy_of(&start.path());
        shimmed(&stand, ("SHIM_KILL_AT", &call.to_string()));
        stand.has(".microdb/journal")
    });
    shimmed(&stand, ("SHIM_KILL_AT", &at.unwrap().to_string()));
    let path = "services/guestbook/src/generated/storage/entry.rs";
    stand.append(path, "// mine\n");
    stand.refuses(&[
        "an earlier run was interrupted, and since then these files were changed",
        path,
    ]);
    // A way out that was named: they stay as they are.
    stand.remove(".microdb/journal");
    stand.sync().refuses(&format!("`{path}` was edited"));
    stand.run(&["sync", "--discard-edits", path]).succeeds();
    stand.sync().did_nothing();
}

#[test]
fn a_disk_that_is_full_from_some_call_on_loses_nothing() {
    let start = stand();
    let theirs = mine(&start.tree());
    let (calls, expected) = undisturbed(&start);
    for call in calls {
        let stand = Stand::copy_of(&start.path());
        let before = stand.tree();
        let done = shimmed(&stand, ("SHIM_FULL_AT", &call.to_string()));
        assert_eq!(mine(&stand.tree()), theirs, "at call {call}");
        if done.code() != Some(0) {
            done.refuses("No space left on device");
            let changed = changed(&before, &stand.tree());
            match done.said().contains("nothing was changed") {
                true => assert_eq!(changed, BTreeSet::new(), "at call {call}"),
                false => done.refuses("the next `cargo microdb sync` goes on from there"),
            }
        }
        is_ended(&stand, &expected, call);
    }
}
