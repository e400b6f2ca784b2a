//! Changing a workspace: all of what was decided, or nothing.
//!
//! What is to be written is staged first, then a journal says what is going to happen, then the files are
//! renamed into place. The next run takes a journal that was left behind to its end, unless somebody
//! changed one of its files since.

mod journal;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::compare::{Action, Step};
use super::disk::Disk;
use super::error::SyncError;
use crate::lock::hash;
use journal::{Deed, Journal};

const STAGED: &str = ".microdb/staged";
const JOURNAL: &str = ".microdb/journal";
/// A journal that is not whole yet.
const UNWRITTEN: &str = ".microdb/journal.new";

/// Applies the steps in their order.
///
/// # Errors
/// When a file is not what it was when the steps were decided, or the disk refuses; nothing was changed then.
pub fn apply(disk: &Disk, steps: &[Step], stop: &AtomicBool) -> Result<(), SyncError> {
    if steps.is_empty() {
        return Ok(());
    }
    disk.hold()?;
    let staged = stage(disk, steps, stop);
    let journal = staged.and_then(|deeds| {
        let journal = Journal { deeds };
        check(disk, &journal)?;
        write_journal(disk.root(), &journal)?;
        Ok(journal)
    });
    // The failure that led here is what is told.
    let journal = journal.inspect_err(|_| clean(disk))?;
    carry_out(disk, &journal)
}

/// Takes what an earlier run left unfinished to its end; whether there was something. From then on no other
/// run is let in.
///
/// # Errors
/// When another run is at work, somebody changed one of its files since, or the disk refuses.
pub fn recover(disk: &Disk) -> Result<bool, SyncError> {
    // A folder that is a link is refused before anything in it is looked for.
    disk.read(JOURNAL)?;
    disk.hold()?;
    let Some(text) = disk.text(JOURNAL)? else {
        clean(disk);
        return Ok(false);
    };
    let journal = Journal::read(&text).ok_or(SyncError::Journal)?;
    carry_out(disk, &journal)?;
    Ok(true)
}

/// Removes what a run that was killed before or after it changed something left.
fn clean(disk: &Disk) {
    // What cannot be removed does no harm where it is.
    let _ = fs::remove_dir_all(disk.root().join(STAGED));
    let _ = fs::remove_file(disk.root().join(UNWRITTEN));
}

/// Whether an earlier run left something unfinished.
///
/// # Errors
/// When the disk refuses.
pub fn is_unfinished(disk: &Disk) -> Result<bool, SyncError> {
    Ok(disk.read(JOURNAL)?.is_some())
}

/// Writes what is to stand in the workspace beside it.
fn stage(disk: &Disk, steps: &[Step], stop: &AtomicBool) -> Result<Vec<Deed>, SyncError> {
    let folder = disk.root().join(STAGED);
    let refused = |error| SyncError::io("write", STAGED, error);
    clean(disk);
    fs::create_dir_all(&folder).map_err(refused)?;
    let mut deeds = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            return Err(SyncError::Interrupted);
        }
        let path = step.path.clone();
        deeds.push(match (&step.action, &step.after) {
            (Action::Move { from }, Some(bytes)) => Deed::Move {
                from: from.clone(),
                to: path,
                hash: hash(bytes),
            },
            (_, Some(after)) => {
                let staged = folder.join(number.to_string());
                fs::write(&staged, after).map_err(refused)?;
                keep_mode(disk.root(), &path, &staged)?;
                Deed::Write {
                    path,
                    staged: number,
                    old: step.before.as_deref().map(hash),
                    new: hash(after),
                }
            }
            (_, None) => Deed::Delete {
                path,
                old: hash(step.before.as_deref().unwrap_or_default()),
            },
        });
    }
    Ok(deeds)
}

/// What is written in place of a file may be read and run by whom that could.
fn keep_mode(root: &Path, path: &str, staged: &Path) -> Result<(), SyncError> {
    let Ok(metadata) = fs::metadata(root.join(path)) else {
        return Ok(());
    };
    let permissions = metadata.permissions();
    if permissions.readonly() {
        return Err(SyncError::ReadOnly(path.to_owned()));
    }
    fs::set_permissions(staged, permissions).map_err(|error| SyncError::io("write", STAGED, error))
}

fn write_journal(root: &Path, journal: &Journal) -> Result<(), SyncError> {
    let refused = |error| SyncError::io("write", JOURNAL, error);
    let new = root.join(UNWRITTEN);
    fs::write(&new, journal.render()).map_err(refused)?;
    fs::rename(&new, root.join(JOURNAL)).map_err(refused)
}

/// Whether every file is what it was, or what it is going to be.
fn check(disk: &Disk, journal: &Journal) -> Result<(), SyncError> {
    let mut changed = Vec::new();
    for deed in &journal.deeds {
        if !deed.can_be_done(disk)? {
            changed.push(deed.path().to_owned());
        }
    }
    match changed.is_empty() {
        true => Ok(()),
        false => Err(SyncError::Changed(changed)),
    }
}

/// Does what the journal says and was not done yet.
fn carry_out(disk: &Disk, journal: &Journal) -> Result<(), SyncError> {
    check(disk, journal)?;
    let halfway = |error| SyncError::Halfway(Box::new(error));
    for deed in &journal.deeds {
        deed.carry_out(disk).map_err(halfway)?;
    }
    fs::remove_file(disk.root().join(JOURNAL))
        .map_err(|error| halfway(SyncError::io("remove", JOURNAL, error)))?;
    clean(disk);
    Ok(())
}

/// The place of a path in a workspace; its folder is made.
fn place(root: &Path, path: &str) -> Result<PathBuf, SyncError> {
    let full = root.join(path);
    if let Some(parent) = full.parent() {
        fs::create_dir_all(parent)
            .map_err(|error| SyncError::io("create the folder of", path, error))?;
    }
    Ok(full)
}

/// Removes the folders above a file that are empty now.
fn remove_empty(root: &Path, path: &str) {
    let above = Path::new(path).ancestors().skip(1);
    for folder in above.take_while(|folder| !folder.as_os_str().is_empty()) {
        if fs::remove_dir(root.join(folder)).is_err() {
            return;
        }
    }
}
