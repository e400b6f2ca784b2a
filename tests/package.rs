//! The package as it is published: it builds by itself, and all that it needs is inside.

mod built;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Where the package is made and built.
fn target() -> PathBuf {
    built::target().join("packaged")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed\n{said}");
}

/// The sources as they are in the package, in a folder of their own.
fn unpacked() -> TempDir {
    run(Command::new(env!("CARGO"))
        .args([
            "package",
            "--quiet",
            "--no-verify",
            "--allow-dirty",
            "--target-dir",
        ])
        .arg(target())
        .current_dir(repository("")));
    let name = format!("package/cargo-microdb-{}.crate", env!("CARGO_PKG_VERSION"));
    let folder = TempDir::new().unwrap();
    // As new files: the times in a package are always the same, and would tell cargo of no change.
    run(Command::new("tar")
        .arg("-xmzf")
        .arg(target().join(name))
        .args(["--strip-components", "1", "-C"])
        .arg(folder.path()));
    folder
}

#[test]
fn the_package_generates_what_the_repository_does() {
    let sources = unpacked();
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md"] {
        assert!(sources.path().join(file).is_file(), "{file} is missing");
    }
    let packaged = built::program(sources.path(), &target());
    // Templates and examples are in the program: it needs no sources.
    drop(sources);
    let folder = TempDir::new().unwrap();
    let repository = PathBuf::from(built::PROGRAM);
    for (program, path) in [(&packaged, "packaged"), (&repository, "repository")] {
        run(Command::new(program)
            .args(["microdb", "new", path, "--example", "shop", "--no-git"])
            .current_dir(folder.path()));
    }
    let [one, other] = ["packaged", "repository"].map(|name| files(&folder.path().join(name)));
    assert!(one.len() > 100, "only {} files", one.len());
    assert!(one == other, "the package generates something else");
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(now) = open.pop() {
        for entry in fs::read_dir(now).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => drop(files.insert(
                    path.strip_prefix(folder).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                )),
            }
        }
    }
    files
}
