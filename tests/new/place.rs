//! A folder to try `new` in, and what is in it before and after.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use anstream::adapter::strip_str;
use tempfile::TempDir;

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-microdb");

/// What is at a path: the bytes of a file, where a link leads, or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    File(Vec<u8>),
    Link(PathBuf),
    Folder,
}

/// All that is below a folder, by path.
pub type Tree = BTreeMap<PathBuf, Thing>;

/// The workspace of the example `hello`, as it is when nothing disturbs.
pub static HELLO: LazyLock<Tree> = LazyLock::new(|| {
    let place = Place::new();
    place.new_at("hello").succeeds();
    tree(&place.path().join("hello"))
});

/// A temporary folder.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Its path without links.
    pub fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    /// `cargo microdb` with these arguments, in it.
    pub fn microdb<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Done {
        Done::of(self.command().args(arguments))
    }

    /// `cargo microdb new <path>` of the example `hello`, in it.
    pub fn new_at(&self, path: impl AsRef<OsStr>) -> Done {
        Done::of(self.command().arg("new").arg(path).arg("--no-git"))
    }

    /// The program, in it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("microdb").current_dir(self.path());
        command
    }

    /// What is in it.
    pub fn tree(&self) -> Tree {
        tree(&self.path())
    }
}

/// A run that ended.
pub struct Done {
    pub output: Output,
}

impl Done {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self { output }
    }

    /// What was said, without colours.
    pub fn said(&self) -> String {
        strip_str(&String::from_utf8_lossy(&self.output.stderr)).to_string()
    }

    /// Demands that it did what was asked.
    pub fn succeeds(&self) {
        assert!(self.output.status.success(), "{}", self.said());
    }

    /// Demands that it refused, with an error that has this in it.
    pub fn refuses(&self, why: &str) {
        let said = self.said();
        assert_eq!(self.output.status.code(), Some(2), "{said}");
        assert!(said.starts_with("error: "), "{said}");
        assert!(said.contains(why), "`{why}` is not in\n{said}");
    }
}

/// All that is below a folder.
pub fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder_now) = open.pop() {
        for entry in fs::read_dir(&folder_now).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let thing = if metadata.is_symlink() {
                Thing::Link(fs::read_link(&path).unwrap())
            } else if metadata.is_dir() {
                open.push(path.clone());
                Thing::Folder
            } else {
                Thing::File(fs::read(&path).unwrap())
            };
            tree.insert(path.strip_prefix(folder).unwrap().to_owned(), thing);
        }
    }
    tree
}

/// Demands that a folder is the workspace of `hello`, whole.
pub fn is_hello(folder: &Path) {
    let found = tree(folder);
    let paths = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&found), paths(&HELLO), "in {}", folder.display());
    assert!(found == *HELLO, "the bytes in {} differ", folder.display());
}
