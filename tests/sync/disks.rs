//! Disks that refuse, links, and others at work.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use crate::stand::{Done, PROGRAM, Stand, microdb};

const FILE: &str = "contracts/order/src/aggregates.rs";
const NOTE: &str = "fields.note     = \"text?\"";

fn with_a_field() -> Stand {
    let stand = Stand::shop();
    stand.describe(NOTE, &format!("{NOTE}\nfields.colour = \"text?\""));
    stand
}

#[test]
fn a_read_only_file_is_not_written() {
    let stand = with_a_field();
    let path = stand.path().join(FILE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    stand.refuses(&[&format!("`{FILE}` is read-only"), "make it writable"]);
    assert!(!stand.has(".microdb/staged") && !stand.has(".microdb/journal"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    stand.sync().succeeds();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(
        mode & 0o777,
        0o600,
        "who could read it still can, and nobody else"
    );
}

#[test]
fn links_are_not_followed() {
    let outside = tempfile::TempDir::new().unwrap();
    for path in [
        FILE,
        "contracts/order/src",
        "services/order/migrations",
        ".microdb",
        "microdb.lock",
    ] {
        let stand = with_a_field();
        let there = outside.path().join(path.replace('/', "-"));
        fs::rename(stand.path().join(path), &there).unwrap();
        symlink(&there, stand.path().join(path)).unwrap();
        let before = there.is_file().then(|| fs::read(&there).unwrap());
        stand.refuses(&["is a link", "links are not followed"]);
        assert_eq!(there.is_file().then(|| fs::read(&there).unwrap()), before);
    }
}

#[test]
fn a_folder_in_the_place_of_a_file_is_refused() {
    let stand = with_a_field();
    stand.remove(FILE);
    fs::create_dir(stand.path().join(FILE)).unwrap();
    stand.refuses(&[&format!("`{FILE}` is no file"), "move what is there"]);
}

#[test]
fn a_file_in_the_place_of_a_folder_is_refused() {
    let stand = with_a_field();
    fs::remove_dir_all(stand.path().join("docs")).unwrap();
    stand.write("docs", "mine");
    stand.refuses(&["`docs` is no folder", "move what is there"]);
}

#[test]
fn a_disk_that_takes_no_more_leaves_everything_as_it_was() {
    let stand = with_a_field();
    let before = stand.tree();
    let mut command = Command::new("sh");
    // A limit on the size of files is met in the middle of writing, as a full disk is.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" microdb sync";
    command
        .args(["-c", script, PROGRAM])
        .current_dir(stand.path());
    let done = Done::of(&mut command);
    done.refuses("cannot write");
    done.refuses("nothing was changed; mend the cause and run the command again");
    assert!(stand.tree() == before);
    stand.sync().succeeds();
}

/// Locks the workspace as a run does.
#[test]
fn two_runs_at_once_do_not_mix() {
    let stand = with_a_field();
    let held = fs::File::open(stand.path().join(".microdb")).unwrap();
    held.lock().unwrap();
    stand.refuses(&[
        "another `cargo microdb` is at work in this workspace",
        "wait until it has ended",
    ]);
    drop(held);
    for _ in 0..5 {
        let stand = Stand::copy_of(&stand.path());
        let start = || {
            microdb(&stand.path())
                .arg("sync")
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let [one, other] = [start(), start()].map(|child| child.wait_with_output().unwrap());
        let done = [one, other].map(|output| Done { output });
        assert!(
            done.iter().any(|done| done.code() == Some(0)),
            "{}",
            done[0].said()
        );
        for done in &done {
            if done.code() != Some(0) {
                done.refuses("another `cargo microdb` is at work");
            }
        }
        stand.sync().did_nothing();
        stand.is_fresh_but_for(&["services/order/src/domain/basket.rs", ".microdb/files.lock"]);
    }
}
