//! Generated workspaces: in temporary folders, or one after the other in one place.

// Each test program uses a part of it.
#![allow(dead_code)]

mod placed;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use placed::Placed;
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

/// Cargo in a workspace: what it compiles, clippy looks at in the same pass, so that nothing is compiled
/// once for lints and again for tests.
pub fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    of_workspaces(&mut cargo, root);
    cargo
}

/// Lets a command be one of cargo's in a workspace, or run some.
fn of_workspaces<'c>(command: &'c mut Command, root: &Path) -> &'c mut Command {
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        // Of this package, which crates that look at their environment are no part of.
        if told.starts_with("CARGO_PKG_") || told.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target())
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        // The next system is another one: what it was like before is of no use.
        .env("CARGO_INCREMENTAL", "0")
}

/// A workspace in one place, where each system takes the place of the one before: cargo compiles the
/// runtime once for all of them, and again of a system what has changed since it was there. The versions
/// of what it depends on are those that the runtime is tested with.
pub struct InTurn {
    root: PathBuf,
    /// Locked against other tests, in this process and others.
    _turn: File,
}

impl InTurn {
    /// The workspace of an example, on SQLite and the embedded broker.
    pub fn of_example(name: &str) -> Self {
        Self::of(&Workspace::of_example(name).path())
    }

    /// The workspace of an example, on the engines it is described with.
    pub fn on_servers(name: &str) -> Self {
        Self::of(&Workspace::on_servers(name).path())
    }

    /// The system that `text` describes.
    pub fn described(text: &str) -> Self {
        let (_folder, fresh) = new_from(text);
        Self::of(&fresh)
    }

    /// Makes it what `text` describes, as a change of the description does.
    pub fn describe(&self, text: &str) {
        let (_folder, fresh) = new_from(text);
        place(&fresh, &self.root);
    }

    /// A workspace that was generated.
    pub fn of(fresh: &Path) -> Self {
        std::fs::create_dir_all(target()).unwrap();
        let turn = File::create(target().join("system.lock")).unwrap();
        turn.lock().unwrap();
        let root = target().join("system");
        place(fresh, &root);
        Self { root, _turn: turn }
    }

    /// Adds the files of a folder, if there is one, until the next system takes its place.
    pub fn add(&self, from: &Path) {
        if from.is_dir() {
            copy(from, &self.root);
        }
    }

    /// Keeps the files that a folder of it had in the workspace before.
    pub fn keep(&self, before: &Path, folder: &str) {
        copy(&before.join(folder), &self.root.join(folder));
    }

    /// Its root.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Lets a command run in it, and the commands of cargo that it may run there.
    pub fn with_cargo<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        of_workspaces(command, &self.root)
    }

    /// Runs cargo in it.
    ///
    /// # Errors
    /// With all that was printed, when it fails.
    pub fn try_cargo(&self, arguments: &[&str]) -> Result<(), String> {
        let output = cargo(&self.root).args(arguments).output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&printed).into_owned()),
        }
    }

    /// Compiles what it names, of which neither the compiler nor clippy has anything to say.
    ///
    /// # Errors
    /// With all that was printed, when it fails or one of them has.
    pub fn try_compile(&self, arguments: &[&str]) -> Result<(), String> {
        let output = cargo(&self.root).args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Cargo says again what it said when it compiled something.
        let warned = said.lines().any(|line| line.starts_with("warning"));
        match output.status.success() && !warned {
            true => Ok(()),
            false => Err(said),
        }
    }

    /// Compiles what it names, of which neither the compiler nor clippy has anything to say.
    pub fn compile(&self, arguments: &[&str]) {
        if let Err(output) = self.try_compile(arguments) {
            panic!("`cargo {}` is not silent\n{output}", arguments.join(" "));
        }
    }

    /// Runs cargo in it; its output is shown when it fails.
    pub fn cargo(&self, arguments: &[&str]) {
        if let Err(output) = self.try_cargo(arguments) {
            panic!("`cargo {}` failed\n{output}", arguments.join(" "));
        }
    }
}

/// A new workspace of the system that `text` describes, in a folder that goes when it is dropped.
fn new_from(text: &str) -> (TempDir, PathBuf) {
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
    (folder, fresh)
}

/// Puts a new workspace in the place where systems take turns.
fn place(fresh: &Path, root: &Path) {
    // It lies within the tool's own folder, whose rules for lints are not its.
    std::fs::write(fresh.join("clippy.toml"), "").unwrap();
    let tested = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/platform/Cargo.lock");
    std::fs::copy(tested, fresh.join("Cargo.lock")).unwrap();
    Placed::in_folder(&target().join("placed")).replace(root, fresh);
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
