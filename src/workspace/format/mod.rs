//! The machine's `rustfmt` over what is to be written.
//!
//! It runs in a staging tree that holds only files of the tool's, and stubs where these declare
//! modules that are somebody else's: no file of the user's is ever seen, and none is changed.

mod configuration;
mod modules;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use tempfile::TempDir;

use super::error::CreateError;
use super::stage::fill;
use crate::render::Rendered;

/// The runtime, which is kept in rustfmt's own style: it is formatted only where another one is
/// configured.
const RUNTIME: &str = "platform/";

/// The configuration of the staging tree, empty: rustfmt's own style.
const DEFAULTS: &str = "rustfmt.toml";

/// Why code was left as it is.
#[derive(Debug)]
pub enum FormatError {
    /// There is no staging tree.
    Stage(CreateError),
    /// `rustfmt` does not start.
    Missing(io::Error),
    /// It failed, and said this.
    Failed(String),
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(error) => error.fmt(f),
            Self::Missing(error) => write!(f, "`rustfmt` does not start: {error}"),
            Self::Failed(said) => write!(f, "`rustfmt` failed: {said}"),
        }
    }
}

impl std::error::Error for FormatError {}

/// Formats the files of Rust as `cargo fmt` would at `destination`, where nothing has to be yet.
///
/// # Errors
/// When there is no `rustfmt`, or it fails; what it did not format stays as it is.
pub fn format(
    destination: &Path,
    files: &mut [Rendered],
    stop: &AtomicBool,
) -> Result<(), FormatError> {
    let destination = std::path::absolute(destination).unwrap_or_else(|_| destination.to_owned());
    let configuration = configuration::of(&destination);
    let runtime_too = configuration.is_some();
    let is_meant = |file: &&mut Rendered| {
        let is_rust = file.path.ends_with(".rs");
        is_rust && (runtime_too || !file.path.starts_with(RUNTIME))
    };
    let mut meant: Vec<&mut Rendered> = files.iter_mut().filter(is_meant).collect();
    let (staged, roots) = staged(&meant);
    let stage = stage(&staged, stop).map_err(FormatError::Stage)?;
    let configuration = configuration.unwrap_or_else(|| stage.path().join(DEFAULTS));
    let roots = roots.iter().map(|root| stage.path().join(root));
    let ran = run(&destination, &configuration, roots);
    for file in &mut meant {
        // One that cannot be read stays as it is, too.
        if let Ok(content) = fs::read(stage.path().join(&file.path)) {
            file.content = content;
        }
    }
    ran
}

/// What the staging tree holds: the files, stubs of modules that are not among them, and a
/// configuration. And those of the files that no other leads to.
fn staged(files: &[&mut Rendered]) -> (Vec<Rendered>, Vec<String>) {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let mut reached = BTreeSet::new();
    let mut stubs = BTreeSet::from([DEFAULTS.to_owned()]);
    for file in files {
        let text = String::from_utf8_lossy(&file.content);
        for places in modules::declared(&file.path, &text) {
            match places.iter().find(|place| paths.contains(place.as_str())) {
                Some(place) => drop(reached.insert(place.clone())),
                None => stubs.extend(places.into_iter().next()),
            }
        }
    }
    let stub = |path| Rendered {
        path,
        class: crate::plan::Class::Managed,
        content: Vec::new(),
    };
    let staged = files.iter().map(|file| (**file).clone());
    let staged = staged.chain(stubs.into_iter().map(stub)).collect();
    let roots = paths.into_iter().filter(|path| !reached.contains(*path));
    (staged, roots.map(str::to_owned).collect())
}

fn stage(files: &[Rendered], stop: &AtomicBool) -> Result<TempDir, CreateError> {
    let temporary = std::env::temp_dir();
    let stage = TempDir::with_prefix("microdb-")
        .map_err(|error| CreateError::io("create a folder in", &temporary, error))?;
    fill(stage.path(), stage.path(), files, stop)?;
    Ok(stage)
}

/// Runs the `rustfmt` that is in force at the destination.
fn run(
    destination: &Path,
    configuration: &Path,
    roots: impl Iterator<Item = PathBuf>,
) -> Result<(), FormatError> {
    let program = std::env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into());
    let mut command = Command::new(program);
    if let Some(folder) = destination.ancestors().find(|folder| folder.is_dir()) {
        // Who asks rustup for it asks for the toolchain of that folder.
        command.current_dir(folder);
    }
    let output = command
        .args(["--edition", "2024", "--config-path"])
        .arg(configuration)
        .args(roots)
        .output()
        .map_err(FormatError::Missing)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| !line.trim().is_empty());
    Err(FormatError::Failed(
        first.map_or_else(|| output.status.to_string(), str::to_owned),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_that_are_not_there_and_broken_code_stop_nothing() {
        let files = [
            ("a/src/lib.rs", "mod theirs;mod own { mod one; mod two; }"),
            ("a/src/own/one.rs", "fn  one ( ) {}"),
            ("a/tests/whole.rs", "mod  helpers ;"),
            ("b/src/lib.rs", "mod broken {"),
            ("notes.md", "fn  note ( ) {}"),
        ];
        let mut files = files.map(|(path, text)| Rendered {
            path: path.to_owned(),
            class: crate::plan::Class::Managed,
            content: text.into(),
        });
        let folder = TempDir::new().unwrap();
        let done = format(
            &folder.path().join("new"),
            &mut files,
            &AtomicBool::new(false),
        );
        assert!(matches!(done, Err(FormatError::Failed(_))), "{done:?}");
        let texts = files.map(|file| String::from_utf8(file.content).unwrap());
        let expected = [
            "mod theirs;\nmod own {\n    mod one;\n    mod two;\n}\n",
            "fn one() {}\n",
            "mod helpers;\n",
            "mod broken {",
            "fn  note ( ) {}",
        ];
        assert_eq!(texts, expected);
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
