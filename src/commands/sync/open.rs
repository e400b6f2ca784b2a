//! Opening a workspace: its root, its locks, its description.

use std::env;
use std::path::{Path, PathBuf};

use super::super::describe::system;
use super::super::{Failure, Shell};
use crate::cli;
use crate::diagnostics::Diagnostic;
use crate::lock::{self, ContextLock, FilesLock, LockError, Locks, Root, version};
use crate::model::{ContextName, System};
use crate::plan::services::migration_extension;
use crate::source::Sources;
use crate::workspace::{self, DESCRIPTION, Disk, SyncError};

/// A workspace that was opened.
pub(in super::super) struct Opened {
    /// Its files.
    pub(in super::super) disk: Disk,
    /// What the tool remembers of it.
    pub(in super::super) locks: Locks,
    /// Its description.
    pub(in super::super) sources: Sources,
    /// What that means, with what was given before.
    pub(in super::super) system: System,
}

/// Opens the workspace that a command is about; one that `writes` ends what an earlier run left unfinished.
///
/// # Errors
/// When there is none, its locks are broken or another tool's, or its description is not valid.
pub(in super::super) fn open(
    shell: Shell,
    place: &cli::Place,
    writes: bool,
) -> Result<Opened, Failure> {
    let (disk, locks) = place_of(shell, place, writes)?;
    let (sources, found) = Sources::open(&disk.root().join(DESCRIPTION));
    described(shell, (disk, locks), (sources, found))
}

/// A workspace's files and locks, whatever its description says.
///
/// # Errors
/// When there is none, or its locks are broken or another tool's.
pub(in super::super) fn place_of(
    shell: Shell,
    place: &cli::Place,
    writes: bool,
) -> Result<(Disk, Locks), Failure> {
    let disk = Disk::at(&root(shell, place)?);
    recover(shell, &disk, writes)?;
    let locks = locks(shell, &disk)?;
    Ok((disk, locks))
}

/// The workspace with this description.
///
/// # Errors
/// When that is not valid.
pub(in super::super) fn described(
    shell: Shell,
    (disk, locks): (Disk, Locks),
    (mut sources, found): (Sources, Vec<Diagnostic>),
) -> Result<Opened, Failure> {
    let mut system = system(shell, &mut sources, found, false)?;
    let known = known(&locks.files);
    for context in contexts(&system).filter(|context| known.contains(*context)) {
        if !locks.contexts.contains_key(context) {
            return Err(lost(shell, &ContextLock::path(context)));
        }
    }
    let mut given = locks.given();
    for context in system.services() {
        let migrations = own_migrations(shell, &disk, &locks, context)?;
        given.migrations.insert(context.name.clone(), migrations);
    }
    system.give(&given);
    Ok(Opened {
        disk,
        locks,
        sources,
        system,
    })
}

/// The root of the workspace that is meant.
pub(in super::super) fn root(shell: Shell, place: &cli::Place) -> Result<PathBuf, Failure> {
    let folder = match &place.manifest_path {
        Some(manifest) => manifest.parent().unwrap_or(Path::new("")).to_owned(),
        None => env::current_dir()
            .map_err(|error| shell.error(&format!("cannot find the folder: {error}"), None))?,
    };
    workspace::root(&folder).ok_or_else(|| {
        let message = format!(
            "there is no `{DESCRIPTION}` in `{}` or any folder above",
            folder.display()
        );
        shell.error(&message, Some("`cargo microdb new` starts a workspace"))
    })
}

/// Takes what an interrupted run left to its end, or refuses to look at a workspace that is half changed.
fn recover(shell: Shell, disk: &Disk, writes: bool) -> Result<(), Failure> {
    let failed = |error: SyncError| shell.error(&error.to_string(), error.help());
    if !writes {
        return match workspace::is_unfinished(disk).map_err(failed)? {
            false => Ok(()),
            true => Err(shell.error(
                "an earlier run was interrupted",
                Some("`cargo microdb sync` takes it to its end"),
            )),
        };
    }
    if workspace::recover(disk).map_err(failed)? {
        shell.status("Finished", "what an interrupted run had begun");
    }
    Ok(())
}

/// The locks of a workspace, all of which have to be there.
fn locks(shell: Shell, disk: &Disk) -> Result<Locks, Failure> {
    let broken = |error: LockError| shell.error(&error.to_string(), Some(error.help()));
    let text = |path: &str| {
        let text = disk.text(path);
        let text = text.map_err(|error| shell.error(&error.to_string(), error.help()))?;
        text.ok_or_else(|| lost(shell, path))
    };
    let root = Root::read(&text(lock::PATH)?).map_err(broken)?;
    let tool = env!("CARGO_PKG_VERSION");
    if version(&root.tool) > version(tool) {
        let newer = &root.tool;
        let message =
            format!("the workspace was written by `cargo-microdb` {newer}, this is {tool}");
        let help = format!("cargo install cargo-microdb --version {newer}");
        return Err(shell.error(&message, Some(&help)));
    }
    let files = FilesLock::read(&text(FilesLock::PATH)?).map_err(broken)?;
    let mut contexts = std::collections::BTreeMap::new();
    for name in known(&files) {
        let path = ContextLock::path(&name);
        let folder = disk.files_in(&format!("contracts/{name}"));
        let folder = folder.map_err(|error| shell.error(&error.to_string(), error.help()))?;
        if folder.is_empty() {
            // One side of a merge removed the context, the lines about it came back from the other.
            continue;
        }
        let lock = ContextLock::read(&path, &text(&path)?).map_err(broken)?;
        contexts.insert(name, lock);
    }
    Ok(Locks {
        root,
        contexts,
        files,
    })
}

/// Refuses to go on without a lock.
fn lost(shell: Shell, path: &str) -> Failure {
    let help = "it is not made anew, since what it promised would be lost: `git restore` it";
    shell.error(&format!("`{path}` is missing"), Some(help))
}

/// The contexts that something was written for.
fn known(files: &FilesLock) -> std::collections::BTreeSet<String> {
    let paths = files.files.keys();
    let contexts = paths.filter_map(|path| path.strip_prefix("contracts/")?.split('/').next());
    let contexts = contexts.filter(|context| *context != "shared");
    contexts.map(str::to_owned).collect()
}

/// The migrations of a context that its users wrote, in the order in which they are applied.
fn own_migrations(
    shell: Shell,
    disk: &Disk,
    locks: &Locks,
    context: &crate::model::Context,
) -> Result<Vec<String>, Failure> {
    let folder = format!("services/{}/migrations", context.name);
    let files = disk.files_in(&folder);
    let files = files.map_err(|error| shell.error(&error.to_string(), error.help()))?;
    let extension = migration_extension(context.database);
    let mut own = Vec::new();
    for path in files {
        let is_ours = locks.files.files.contains_key(&path);
        let name = path
            .strip_prefix(&folder)
            .unwrap_or(&path)
            .trim_start_matches('/');
        if is_ours || !name.ends_with(&format!(".{extension}")) {
            continue;
        }
        if !is_numbered(name.trim_end_matches(extension).trim_end_matches('.')) {
            let message = format!("`{path}` has no name of a migration");
            let help =
                format!("call it `0002_what_it_does.{extension}`: they are applied in order");
            return Err(shell.error(&message, Some(&help)));
        }
        own.push(name.to_owned());
    }
    Ok(own)
}

/// `0002_add_a_view`, behind the first.
fn is_numbered(name: &str) -> bool {
    let Some((number, words)) = name.split_once('_') else {
        return false;
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let number = number.len() == 4 && number.parse().is_ok_and(|number: u32| number > 1);
    number && !words.is_empty() && words.chars().all(plain)
}

/// Paths that were given, as paths in the workspace.
///
/// # Errors
/// When one is not in it.
pub(in super::super) fn inside(
    shell: Shell,
    disk: &Disk,
    paths: &[PathBuf],
) -> Result<Vec<String>, Failure> {
    let inside = |path: &PathBuf| {
        let absolute = std::path::absolute(path).ok()?;
        let relative = absolute.strip_prefix(disk.root()).ok()?;
        let parts: Option<Vec<&str>> = relative
            .components()
            .filter(|part| *part != std::path::Component::CurDir)
            .map(|part| part.as_os_str().to_str().filter(|part| *part != ".."))
            .collect();
        Some(parts?.join("/"))
    };
    let paths = paths.iter().map(|path| {
        inside(path).ok_or_else(|| {
            let message = format!("`{}` is not in the workspace", path.display());
            shell.error(&message, None)
        })
    });
    paths.collect()
}

/// The names of the contexts of a system.
pub(in super::super) fn contexts(system: &System) -> impl Iterator<Item = &str> {
    system.contexts.keys().map(ContextName::as_str)
}
