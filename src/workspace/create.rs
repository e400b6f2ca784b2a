//! Making a workspace where there was none: whole, or not at all.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::CreateError;
use super::stage::{Stage, beside, fill, left_behind};
use super::target::Target;
use crate::render::Rendered;

/// How the stage inside of an empty folder begins.
const INSIDE: &str = ".microdb-new-";
/// A stage inside of a folder that is whole, and only waits for being moved up.
const READY: &str = ".microdb-ready";

/// Writes the files into a new or empty folder at `path`; gives up when `stop` says so.
///
/// A folder that is not there is filled under a hidden name and renamed. One that is there stays
/// what it is (somebody may stand in it, or have given it to somebody): it is filled in a hidden
/// folder inside, whose entries are moved up; the next run ends that for one that was killed.
///
/// # Errors
/// When something is there already, the path leads through a link, or the disk refuses; then
/// nothing of the workspace stays behind.
pub fn create(path: &Path, files: &[Rendered], stop: &AtomicBool) -> Result<(), CreateError> {
    match Target::find(path)? {
        Target::New { parent, name, rest } => {
            let stage = Stage::make(&parent, &beside(&name), path)?;
            fill(&stage.path().join(rest), path, files, stop)?;
            go_on(stop)?;
            stage
                .take(&parent.join(name))
                .map_err(|error| not_taken(path, error))
        }
        Target::Folder(folder) => {
            check_empty(&folder, path)?;
            let stage = Stage::make(&folder, OsStr::new(INSIDE), path)?;
            fill(stage.path(), path, files, stop)?;
            go_on(stop)?;
            let ready = folder.join(READY);
            stage.take(&ready).map_err(|error| not_taken(path, error))?;
            let mut moved = Vec::new();
            move_up(&ready, &folder, &mut moved).map_err(|error| {
                undo(&ready, moved);
                CreateError::io("create", path, error)
            })
        }
    }
}

fn go_on(stop: &AtomicBool) -> Result<(), CreateError> {
    match stop.load(Ordering::Relaxed) {
        true => Err(CreateError::Interrupted),
        false => Ok(()),
    }
}

/// Somebody else may have made something at the same place meanwhile.
fn not_taken(path: &Path, error: io::Error) -> CreateError {
    match error.kind() {
        io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => {
            CreateError::NotEmpty(path.to_owned())
        }
        io::ErrorKind::NotADirectory => CreateError::NotAFolder(path.to_owned()),
        _ => CreateError::io("create", path, error),
    }
}

/// Refuses a folder with something in it, but for what a killed run left; ends what one began.
fn check_empty(folder: &Path, path: &Path) -> Result<(), CreateError> {
    let refused = |error| CreateError::io("look into", path, error);
    let names = names(folder).map_err(refused)?;
    let ready = folder.join(READY);
    if names.iter().any(|name| name == READY) {
        move_up(&ready, folder, &mut Vec::new()).map_err(refused)?;
        return Err(CreateError::NotEmpty(path.to_owned()));
    }
    let left = left_behind(folder, OsStr::new(INSIDE));
    let left = |name: &OsString| left.iter().any(|path| path.file_name() == Some(name));
    match names.iter().all(left) {
        true => Ok(()),
        false => Err(CreateError::NotEmpty(path.to_owned())),
    }
}

/// Moves what is in `ready` up into `folder`, overwriting nothing, and adds it to `moved`.
fn move_up(ready: &Path, folder: &Path, moved: &mut Vec<PathBuf>) -> io::Result<()> {
    for name in names(ready)? {
        let to = folder.join(&name);
        if fs::symlink_metadata(&to).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(ready.join(&name), &to)?;
        moved.push(to);
    }
    fs::remove_dir(ready)
}

/// Removes what was moved up, and what was not. The failure that led here is what is told.
fn undo(ready: &Path, moved: Vec<PathBuf>) {
    for path in moved {
        let _ = match path.is_dir() {
            true => fs::remove_dir_all(path),
            false => fs::remove_file(path),
        };
    }
    let _ = fs::remove_dir_all(ready);
}

fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names: Vec<OsString> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}
