//! A workspace on its way: a hidden folder that is filled first, and moved into place when it is
//! whole.
//!
//! Its handle is locked while it is being filled. One that nobody locks was left behind by a run
//! that was killed; the next run to the same place removes it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::CreateError;
use crate::render::Rendered;

/// A hidden folder that is being filled; it goes when this is dropped before it was taken.
#[derive(Debug)]
pub(super) struct Stage {
    path: PathBuf,
    /// Held for as long as the folder is filled; `None` where folders cannot be locked.
    _lock: Option<File>,
    taken: bool,
}

impl Stage {
    /// Makes the folder `<prefix><number of this process>` in `parent`, which is called `given` in
    /// errors, and removes those that killed runs left there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn make(parent: &Path, prefix: &OsStr, given: &Path) -> Result<Self, CreateError> {
        for left in left_behind(parent, prefix) {
            // What cannot be removed does no harm where it is.
            let _ = fs::remove_dir_all(left);
        }
        let mut name = prefix.to_owned();
        name.push(std::process::id().to_string());
        let path = parent.join(name);
        fs::create_dir(&path).map_err(|error| CreateError::io("create", given, error))?;
        let lock = File::open(&path)
            .ok()
            .filter(|file| file.try_lock().is_ok());
        Ok(Self {
            path,
            _lock: lock,
            taken: false,
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it another name, under which it stays.
    ///
    /// # Errors
    /// When the disk refuses; then it goes.
    pub(super) fn take(mut self, to: &Path) -> std::io::Result<()> {
        fs::rename(&self.path, to)?;
        self.taken = true;
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.taken {
            // The failure that led here is what is told.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Writes the files into a folder; `given` is what that is going to be called.
///
/// The files are not forced to the disk one by one: that would take many times as long as
/// writing them, and what a power failure loses here can be made again.
///
/// # Errors
/// When the disk refuses, or `stop` says so.
pub(super) fn fill(
    folder: &Path,
    given: &Path,
    files: &[Rendered],
    stop: &AtomicBool,
) -> Result<(), CreateError> {
    let mut last = PathBuf::new();
    for file in files {
        if stop.load(Ordering::Relaxed) {
            return Err(CreateError::Interrupted);
        }
        let refused = |what| {
            let given = given.join(&file.path);
            move |error| CreateError::io(what, &given, error)
        };
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent()
            && parent != last
        {
            fs::create_dir_all(parent).map_err(refused("create the folder of"))?;
            parent.clone_into(&mut last);
        }
        fs::write(&path, &file.content).map_err(refused("write"))?;
    }
    Ok(())
}

/// The stages in a folder that no running process fills.
pub(super) fn left_behind(parent: &Path, prefix: &OsStr) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(|entry| is_stage(&entry.file_name(), prefix))
        .map(|entry| entry.path())
        .filter(|path| is_free(path))
        .collect()
}

fn is_stage(name: &OsStr, prefix: &OsStr) -> bool {
    let number = name
        .as_encoded_bytes()
        .strip_prefix(prefix.as_encoded_bytes());
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

fn is_free(path: &Path) -> bool {
    let folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    folder && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// `.shop.microdb-`: how the stage beside a workspace begins.
pub(super) fn beside(name: &OsStr) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(name);
    prefix.push(".microdb-");
    prefix
}
