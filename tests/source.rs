//! Files that cannot stand in a repository as a case: links, pipes, huge ones.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_microdb::description;
use cargo_microdb::source::Sources;

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The messages about the description in `folder`.
fn messages(folder: &Path) -> Vec<String> {
    let (mut sources, mut diagnostics) = Sources::open(&folder.join("microdb.toml"));
    diagnostics.extend(description::read(&mut sources).1);
    diagnostics
        .into_iter()
        .map(|diagnostic| diagnostic.message)
        .collect()
}

fn including(folder: &Path, patterns: &str) {
    let text = format!("[system]\nname = \"shop\"\ninclude = [{patterns}]\n");
    fs::write(folder.join("microdb.toml"), text).unwrap();
}

#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let outside = folder("outside");
    fs::write(outside.join("secret.toml"), "[enums.A]\nvalues = []\n").unwrap();
    let folder = folder("link");
    symlink(outside.join("secret.toml"), folder.join("file.toml")).unwrap();
    symlink(&outside, folder.join("sub")).unwrap();
    symlink("nowhere", folder.join("dangling.toml")).unwrap();
    including(&folder, r#""file.toml", "sub/*.toml", "dangling.toml""#);
    let messages = messages(&folder);
    assert_eq!(
        messages[0],
        "cannot include `file.toml`: it is a link out of the folder"
    );
    assert_eq!(
        messages[1],
        "cannot include `sub/secret.toml`: it is a link out of the folder"
    );
    assert!(messages[2].contains("dangling.toml"), "{messages:?}");
    assert_eq!(messages.len(), 3);
}

#[test]
fn a_file_that_is_reached_twice_is_read_once() {
    let folder = folder("twice");
    fs::write(folder.join("a.toml"), "[enums.A]\nvalues = [\"x\"]\n").unwrap();
    symlink("a.toml", folder.join("b.toml")).unwrap();
    including(&folder, r#""*.toml", "a.toml", "./a.toml""#);
    assert_eq!(messages(&folder), Vec::<String>::new());
}

#[test]
fn pipes_and_huge_files_are_refused() {
    let folder = folder("odd");
    let made = Command::new("mkfifo")
        .arg(folder.join("pipe.toml"))
        .status()
        .unwrap();
    assert!(made.success());
    fs::write(folder.join("huge.toml"), vec![b'\n'; 5 * 1024 * 1024]).unwrap();
    including(&folder, r#""pipe.toml", "huge.toml""#);
    let expected = [
        "cannot read `pipe.toml`: it is no regular file",
        "cannot read `huge.toml`: it is larger than 4 MiB",
    ];
    assert_eq!(messages(&folder), expected);
}

#[test]
fn a_root_that_is_a_link_includes_from_where_it_lies() {
    let real = folder("real");
    fs::write(real.join("a.toml"), "[enums.A]\nvalues = [1]\n").unwrap();
    including(&real, r#""a.toml""#);
    let folder = folder("linked");
    symlink(real.join("microdb.toml"), folder.join("microdb.toml")).unwrap();
    assert_eq!(messages(&folder).len(), 1);
}
