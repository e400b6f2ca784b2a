//! Paths as people give them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::place::{Done, Place, is_hello};

#[test]
fn a_path_may_be_spelt_in_many_ways() {
    for path in ["hello", "./hello", "hello/", "hello//.", "old/../hello"] {
        let place = Place::new();
        fs::create_dir(place.path().join("old")).unwrap();
        place.new_at(path).succeeds();
        is_hello(&place.path().join("hello"));
    }
}

#[test]
fn missing_folders_above_the_workspace_are_made() {
    let place = Place::new();
    place.new_at("a/b/hello").succeeds();
    is_hello(&place.path().join("a/b/hello"));
    assert_eq!(names(&place.path()), ["a"]);
    assert_eq!(names(&place.path().join("a/b")), ["hello"]);
}

#[test]
fn an_absolute_path_is_taken_as_it_is() {
    let (place, elsewhere) = (Place::new(), Place::new());
    elsewhere.new_at(place.path().join("hello")).succeeds();
    is_hello(&place.path().join("hello"));
    assert!(elsewhere.tree().is_empty());
}

#[test]
fn an_empty_folder_is_filled_and_stays_the_same_folder() {
    let place = Place::new();
    for (path, from) in [("one", "."), (".", "two"), ("../three", "two")] {
        for folder in ["one", "two", "three"] {
            fs::create_dir_all(place.path().join(folder)).unwrap();
        }
        let current = place.path().join(from);
        let handle = fs::File::open(current.join(path)).unwrap();
        let mut command = place.command();
        let done = Done::of(
            command
                .current_dir(&current)
                .args(["new", path, "--no-git"]),
        );
        done.succeeds();
        is_hello(&current.join(path));
        let (before, after) = (handle.metadata(), fs::metadata(current.join(path)));
        assert!(same(&before.unwrap(), &after.unwrap()), "{path}");
    }
}

#[cfg(unix)]
fn same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    let name = OsStr::from_bytes(b"hel\xfflo");
    place.new_at(name).succeeds();
    is_hello(&place.path().join(name));
    place.new_at(name).refuses("is not empty");
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_behind_a_link_is_not_written_to() {
        let place = Place::new();
        let behind = place.path().join("behind");
        fs::create_dir(&behind).unwrap();
        symlink("behind", place.path().join("link")).unwrap();
        let before = place.tree();
        place.new_at("link").refuses("`link` is a link");
        let done = place.new_at("link/a/hello");
        done.refuses("`link` is a link");
        // The way out is named.
        done.refuses(&format!("give `{}`", behind.join("a/hello").display()));
        assert_eq!(place.tree(), before);
    }

    #[test]
    fn links_to_nowhere_to_themselves_and_to_files_are_refused() {
        let place = Place::new();
        fs::write(place.path().join("file"), "mine").unwrap();
        symlink("nothing", place.path().join("dangling")).unwrap();
        symlink("loop", place.path().join("loop")).unwrap();
        symlink("file", place.path().join("to-file")).unwrap();
        let before = place.tree();
        place
            .new_at("dangling")
            .refuses("`dangling` is a link to nowhere");
        place
            .new_at("dangling/hello")
            .refuses("`dangling` is a link to nowhere");
        place.new_at("loop").refuses("`loop` is a link to nowhere");
        place.new_at("to-file").refuses("`to-file` is a link");
        assert_eq!(place.tree(), before);
    }

    #[test]
    fn a_link_to_where_one_is_is_followed() {
        let place = Place::new();
        let real = place.path().join("real");
        fs::create_dir_all(real.join("projects")).unwrap();
        symlink("real", place.path().join("home")).unwrap();
        // A shell that entered `home` calls it so in every absolute path.
        let path = place.path().join("home/projects/hello");
        let mut command = place.command();
        command.current_dir(real.join("projects"));
        Done::of(command.arg("new").arg(path).arg("--no-git")).succeeds();
        is_hello(&real.join("projects/hello"));
    }
}

#[test]
fn a_workspace_inside_of_another_stands_for_itself() {
    let place = Place::new();
    fs::write(
        place.path().join("Cargo.toml"),
        "[workspace]\nmembers = [\"crates/*\"]\n",
    )
    .unwrap();
    place.new_at("crates/hello").succeeds();
    let output = Command::new(env!("CARGO"))
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .current_dir(place.path().join("crates/hello/services/greeter"))
        .output()
        .unwrap();
    let root = String::from_utf8(output.stdout).unwrap();
    let expected = place.path().join("crates/hello/Cargo.toml");
    assert_eq!(Path::new(root.trim()), expected);
}

#[test]
fn a_git_repository_is_made_unless_there_is_one() {
    let place = Place::new();
    let new = |path: &str| {
        let mut command = place.command();
        // As it is set in the hooks of a repository: it must not lead astray.
        command.env("GIT_DIR", place.path().join("nowhere"));
        Done::of(command.args(["new", path])).succeeds();
    };
    new("outer");
    assert!(place.path().join("outer/.git").is_dir());
    new("outer/inner");
    assert!(!place.path().join("outer/inner/.git").exists());
    assert!(!place.path().join("nowhere").exists());
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
