//! Disks that refuse.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::place::{Done, PROGRAM, Place};

/// The program in a shell that did something before.
fn in_shell(place: &Place, before: &str, path: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{before}; exec \"$0\" \"$@\"")])
        .args([PROGRAM, "microdb", "new", path, "--no-git"])
        .current_dir(place.path());
    command
}

/// A limit on the size of files is met in the middle of writing, as a full disk is.
const SMALL_FILES: &str = "trap '' XFSZ; ulimit -f 8";

#[test]
fn a_disk_that_takes_no_more_leaves_nothing_behind() {
    let place = Place::new();
    Done::of(&mut in_shell(&place, SMALL_FILES, "a/b/hello")).refuses("cannot write `a/b/hello/");
    assert!(place.tree().is_empty());
    // A folder that was there before stays.
    fs::create_dir(place.path().join("empty")).unwrap();
    Done::of(&mut in_shell(&place, SMALL_FILES, "empty")).refuses("cannot write `empty/");
    assert_eq!(place.tree().len(), 1);
    place.new_at("empty").succeeds();
}

/// A file system of a size of its own, where the system lets everybody mount one.
#[test]
fn a_full_disk_is_said_and_left_as_it_was() {
    let place = Place::new();
    fs::create_dir(place.path().join("disk")).unwrap();
    let mount = |script: &str| {
        let script = format!("mount -t tmpfs -o size=200k small disk && cd disk && {script}");
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]);
        command.args([PROGRAM, "microdb", "new", "hello", "--no-git"]);
        command.current_dir(place.path());
        command
    };
    let mounts = mount("true").output();
    if !mounts.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: this system lets nobody mount a small file system");
        return;
    }
    let done = Done::of(&mut mount("\"$0\" \"$@\"; code=$?; ls -A; exit $code"));
    done.refuses("No space left on device");
    assert_eq!(String::from_utf8_lossy(&done.output.stdout), "");
}

#[test]
fn a_folder_that_may_not_be_written_to_is_left_as_it_was() {
    let place = Place::new();
    let locked = place.path().join("locked");
    fs::create_dir_all(locked.join("empty")).unwrap();
    let modes = [locked.join("empty"), locked.clone()];
    modes.iter().for_each(|path| mode(path, 0o555));
    for path in ["locked/hello", "locked/a/hello", "locked/empty"] {
        let done = Done::of(&mut unprivileged(&place, path));
        done.refuses(&format!("cannot create `{path}`: Permission denied"));
    }
    mode(&locked, 0o000);
    Done::of(&mut unprivileged(&place, "locked/hello")).refuses("Permission denied");
    mode(&locked, 0o755);
    assert_eq!(place.tree().len(), 2);
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The program as somebody whom permissions bind; they do not bind root.
fn unprivileged(place: &Place, path: &str) -> Command {
    let arguments = ["microdb", "new", path, "--no-git"];
    let probe = place.path().join("locked/probe");
    let mut command = match fs::write(&probe, "") {
        Err(_) => Command::new(PROGRAM),
        Ok(()) => {
            fs::remove_file(probe).unwrap();
            mode(&place.path(), 0o755);
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(PROGRAM);
            command
        }
    };
    command.args(arguments).current_dir(place.path());
    command
}

#[test]
fn nobody_listening_is_no_failure() {
    let place = Place::new();
    let full = |arguments: &[&str]| {
        let full = fs::File::options().write(true).open("/dev/full");
        let mut command = place.command();
        command.args(arguments).stderr(full.unwrap());
        command.status().unwrap().code()
    };
    if !Path::new("/dev/full").exists() {
        return;
    }
    assert_eq!(full(&["new", "hello", "--no-git"]), Some(0));
    assert_eq!(full(&["new", "hello", "--no-git"]), Some(2));
    assert_eq!(full(&["new"]), Some(2));
}
