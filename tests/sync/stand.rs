//! A workspace to try `sync` in, and what is in it before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use anstream::adapter::strip_str;
use tempfile::TempDir;

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-microdb");

/// The bytes of files, by path.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// What `new` makes of the example `shop`, embedded.
static SHOP: LazyLock<TempDir> = LazyLock::new(|| example("shop"));
/// What `new` makes of the example `hello`.
static HELLO: LazyLock<TempDir> = LazyLock::new(|| example("hello"));

fn example(name: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let arguments = ["new", ".", "--example", name, "--embedded", "--no-git"];
    Done::of(microdb(folder.path()).args(arguments)).succeeds();
    folder
}

/// The program, in a folder.
pub fn microdb(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("microdb").current_dir(folder);
    command
}

/// A workspace; it goes when this is dropped.
pub struct Stand(TempDir);

impl Stand {
    /// The example `shop`: five contexts, policies and an effect.
    pub fn shop() -> Self {
        Self::copy_of(SHOP.path())
    }

    /// The example `hello`: two contexts.
    pub fn hello() -> Self {
        Self::copy_of(HELLO.path())
    }

    /// What `new` makes of a description.
    pub fn described(text: &str) -> Self {
        Self::made(text, "rustfmt")
    }

    /// The same, not formatted.
    pub fn described_raw(text: &str) -> Self {
        Self::made(text, "true")
    }

    fn made(text: &str, rustfmt: &str) -> Self {
        let stand = Self(TempDir::new().unwrap());
        let from = stand.0.path().join("from.toml");
        fs::write(&from, text).unwrap();
        let mut command = microdb(stand.0.path());
        command.args(["new", "workspace", "--embedded", "--no-git", "--from"]);
        Done::of(command.arg(from).env("RUSTFMT", rustfmt)).succeeds();
        stand
    }

    /// A copy of a workspace.
    pub fn copy_of(folder: &Path) -> Self {
        let stand = Self(TempDir::new().unwrap());
        copy(folder, &stand.path());
        stand
    }

    /// Its root, without links.
    pub fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("workspace")
    }

    /// `cargo microdb` with these arguments, in it.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(microdb(&self.path()).args(arguments))
    }

    /// `cargo microdb sync`.
    pub fn sync(&self) -> Done {
        self.run(&["sync"])
    }

    /// Syncs, and tells the files that were written, moved or removed, but for the locks.
    pub fn synced(&self) -> BTreeSet<String> {
        let before = self.tree();
        self.sync().succeeds();
        let changed = changed(&before, &self.tree());
        changed
            .into_iter()
            .filter(|path| !path.ends_with(".lock"))
            .collect()
    }

    /// Demands that `sync` refuses with all of this said, and that nothing is changed.
    pub fn refuses(&self, why: &[&str]) {
        let before = self.tree();
        let done = self.sync();
        for why in why {
            done.refuses(why);
        }
        assert_eq!(changed(&before, &self.tree()), BTreeSet::new());
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> String {
        let text = fs::read_to_string(self.path().join(path));
        text.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file; its folder is made.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).unwrap();
    }

    /// Puts something else in a file, which has to have it.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "`{old}` is not in {path}");
        self.write(path, &text.replace(old, new));
    }

    /// Adds something to the end of a file.
    pub fn append(&self, path: &str, text: &str) {
        let text = self.read(path) + text;
        self.write(path, &text);
    }

    /// Puts something else in the description.
    pub fn describe(&self, old: &str, new: &str) {
        self.replace("microdb.toml", old, new);
    }

    /// Every file in it.
    pub fn tree(&self) -> Tree {
        tree(&self.path())
    }

    /// Demands that it is what `new` makes of its description, but for these files.
    pub fn is_fresh_but_for(&self, but: &[&str]) {
        let fresh = Self::described(&self.read("microdb.toml"));
        let changed = changed(&fresh.tree(), &self.tree());
        let but: BTreeSet<String> = but.iter().map(|path| (*path).to_owned()).collect();
        let differ: BTreeSet<_> = changed.difference(&but).collect();
        assert!(differ.is_empty(), "unlike a fresh one: {differ:?}");
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

    /// What was printed.
    pub fn printed(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Demands that it did what was asked.
    pub fn succeeds(&self) {
        assert!(self.output.status.success(), "{}", self.said());
    }

    /// Demands that it refused, with an error and this in what was said.
    pub fn refuses(&self, why: &str) {
        let said = self.said();
        assert_eq!(self.code(), Some(2), "{said}");
        assert!(said.contains("error: "), "{said}");
        assert!(said.contains(why), "`{why}` is not in\n{said}");
    }

    /// Demands that it succeeded, having nothing to do.
    pub fn did_nothing(&self) {
        self.succeeds();
        let nothing = "Synced nothing: the workspace is what its description says";
        assert!(self.said().contains(nothing), "{}", self.said());
    }
}

/// Every file in a folder.
pub fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut open = vec![folder.to_owned()];
    while let Some(now) = open.pop() {
        for entry in fs::read_dir(&now).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().to_string_lossy();
            let name = name.replace('\\', "/");
            match path.is_dir() && !path.is_symlink() {
                true if name == ".git" => {}
                true => open.push(path),
                false => drop(tree.insert(name, fs::read(&path).unwrap_or_default())),
            }
        }
    }
    tree
}

/// The files that are there once only, or differ.
pub fn changed(one: &Tree, other: &Tree) -> BTreeSet<String> {
    let paths = one.keys().chain(other.keys());
    let changed = paths.filter(|path| one.get(*path) != other.get(*path));
    changed.cloned().collect()
}

/// A set of paths.
pub fn paths<const N: usize>(paths: [&str; N]) -> BTreeSet<String> {
    paths.map(str::to_owned).into()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}
