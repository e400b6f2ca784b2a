//! Generated workspaces: in temporary folders, or one after the other in one place.

// Each test program uses a part of it.
#![allow(dead_code)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use tempfile::TempDir;

/// A generated workspace; it goes when this is dropped.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    /// The workspace of an example, on SQLite and the embedded broker.
    pub fn of_example(name: &str) -> Self {
        Self::generate(&["--example", name, "--embedded"])
    }

    /// The workspace of an example, on the engines it is described with.
    pub fn on_servers(name: &str) -> Self {
        Self::generate(&["--example", name])
    }

    fn generate(of: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let status = Command::cargo_bin("cargo-microdb")
            .unwrap()
            .args(["microdb", "--quiet", "new"])
            .arg(folder.path().join("workspace"))
            .args(of)
            .arg("--no-git")
            .status()
            .unwrap();
        assert!(status.success(), "`new {of:?}` failed");
        Self { folder }
    }

    /// Its root.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// Runs cargo in it; its output is shown when it fails.
    pub fn cargo(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(self.path())
            .env("CARGO_TARGET_DIR", target())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "`cargo {}` failed\n{}\n{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// Runs the tests of decisions that have something left to do: until then they do what is written first.
pub const LEFT: &[&str] = &[
    "test",
    "--workspace",
    "--exclude",
    "platform-*",
    "--lib",
    "--",
    "--ignored",
    "domain::",
];

/// The target directory that all generated workspaces share.
pub fn target() -> PathBuf {
    let own = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let own = own.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    own.join("workspaces")
}

/// A workspace in one place, where each system takes the place of the one before: files that are the
/// same stay as they are, so that cargo compiles the runtime once for all of them. The versions of what
/// it depends on are those that the runtime is tested with.
pub struct InTurn {
    root: PathBuf,
    /// Locked against other tests, in this process and others.
    _turn: File,
}

impl InTurn {
    /// The workspace of an example, on SQLite and the embedded broker.
    pub fn of_example(name: &str) -> Self {
        Self::mirrored(&Workspace::of_example(name).path())
    }

    /// The workspace of an example, on the engines it is described with.
    pub fn on_servers(name: &str) -> Self {
        Self::mirrored(&Workspace::on_servers(name).path())
    }

    /// The system that `text` describes.
    pub fn described(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let (from, fresh) = (
            folder.path().join("microdb.toml"),
            folder.path().join("new"),
        );
        std::fs::write(&from, text).unwrap();
        let output = Command::cargo_bin("cargo-microdb")
            .unwrap()
            .args(["microdb", "--quiet", "new", "--no-git", "--from"])
            .args([&from, &fresh])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`new` failed\n{said}\n{text}");
        Self::mirrored(&fresh)
    }

    fn mirrored(fresh: &Path) -> Self {
        std::fs::create_dir_all(target()).unwrap();
        let turn = File::create(target().join("system.lock")).unwrap();
        turn.lock().unwrap();
        let root = target().join("system");
        // It lies within the tool's own folder, whose rules for lints are not its.
        std::fs::write(fresh.join("clippy.toml"), "").unwrap();
        let tested = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platform/Cargo.lock");
        std::fs::copy(tested, fresh.join("Cargo.lock")).unwrap();
        mirror(fresh, &root);
        Self { root, _turn: turn }
    }

    /// Adds the files of a folder, if there is one, until the next system takes its place.
    pub fn add(&self, from: &Path) {
        if from.is_dir() {
            copy(from, &self.root);
        }
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Runs cargo in it.
    ///
    /// # Errors
    /// With all that was printed, when it fails.
    pub fn try_cargo(&self, arguments: &[&str]) -> Result<(), String> {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", target())
            // The next system is another one: what it was like before is of no use.
            .env("CARGO_INCREMENTAL", "0")
            .output()
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&printed).into_owned()),
        }
    }

    /// Runs cargo in it; its output is shown when it fails.
    pub fn cargo(&self, arguments: &[&str]) {
        if let Err(output) = self.try_cargo(arguments) {
            panic!("`cargo {}` failed\n{output}", arguments.join(" "));
        }
    }
}

/// Makes `to` what `from` is; what is the same already is not written.
fn mirror(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(to).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        let gone = !from.join(name).exists();
        match path.is_dir() {
            true if gone => std::fs::remove_dir_all(&path).unwrap(),
            false if gone => std::fs::remove_file(&path).unwrap(),
            _ => {}
        }
    }
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            mirror(&path, &copy);
        } else if std::fs::read(&copy).ok() != Some(std::fs::read(&path).unwrap()) {
            std::fs::copy(&path, &copy).unwrap();
        }
    }
}

/// Copies the files in `from` to `to`, where others stay.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(std::fs::copy(&path, &to).unwrap()),
        }
    }
}
