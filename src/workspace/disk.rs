//! What stands in a workspace.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::error::SyncError;

/// The files of a workspace. Links in it are never followed.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    /// Folders that are there, and no links.
    folders: RefCell<BTreeSet<PathBuf>>,
    /// Keeps other runs out.
    held: OnceCell<Option<File>>,
}

impl Disk {
    /// The workspace at `root`.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            folders: RefCell::default(),
            held: OnceCell::new(),
        }
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps other runs out of the workspace for as long as this lives.
    ///
    /// # Errors
    /// When another run is at work.
    pub(super) fn hold(&self) -> Result<(), SyncError> {
        if self.held.get().is_some() {
            return Ok(());
        }
        // Where folders cannot be locked there is no telling.
        let folder = File::open(self.root.join(FOLDER)).ok();
        if let Some(Err(TryLockError::WouldBlock)) = folder.as_ref().map(File::try_lock) {
            return Err(SyncError::Busy);
        }
        let _ = self.held.set(folder);
        Ok(())
    }

    /// The content of a file; `None` where there is none.
    ///
    /// # Errors
    /// When a part of the path is a link, it is no file, or the disk refuses.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, SyncError> {
        if !self.is_there(path)? {
            return Ok(None);
        }
        let content = fs::read(self.root.join(path));
        content
            .map(Some)
            .map_err(|error| SyncError::io("read", path, error))
    }

    /// Whether there is a file.
    ///
    /// # Errors
    /// When a part of the path is a link, it is no file, or the disk refuses.
    pub fn is_there(&self, path: &str) -> Result<bool, SyncError> {
        if !self.has_folder_of(path)? {
            return Ok(false);
        }
        match fs::symlink_metadata(self.root.join(path)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(SyncError::io("read", path, error)),
            Ok(metadata) if metadata.is_symlink() => Err(SyncError::Link(path.to_owned())),
            Ok(metadata) if !metadata.is_file() => Err(SyncError::NotAFile(path.to_owned())),
            Ok(_) => Ok(true),
        }
    }

    /// The text of a file; `None` where there is none.
    ///
    /// # Errors
    /// As [`Self::read`], and when it is no text.
    pub fn text(&self, path: &str) -> Result<Option<String>, SyncError> {
        let Some(bytes) = self.read(path)? else {
            return Ok(None);
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(SyncError::NotText(path.to_owned())),
        }
    }

    /// Every file in a folder, however deep, as paths in the workspace; none where there is no folder.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn files_in(&self, folder: &str) -> Result<Vec<String>, SyncError> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let refused = |error| SyncError::io("look into", &folder, error);
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(refused(error)),
            };
            for entry in entries {
                let entry = entry.map_err(refused)?;
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                match entry.file_type().map_err(refused)?.is_dir() {
                    true => folders.push(path),
                    false => files.push(path),
                }
            }
        }
        files.sort();
        Ok(files)
    }

    /// Whether the folder of a file is there; links on the way are refused.
    fn has_folder_of(&self, path: &str) -> Result<bool, SyncError> {
        let Some(parent) = Path::new(path).parent() else {
            return Ok(true);
        };
        if self.folders.borrow().contains(parent) {
            return Ok(true);
        }
        let mut folder = PathBuf::new();
        for part in parent.components() {
            folder.push(part);
            if self.folders.borrow().contains(&folder) {
                continue;
            }
            let shown = folder.to_string_lossy().into_owned();
            match fs::symlink_metadata(self.root.join(&folder)) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(SyncError::io("look at", &shown, error)),
                Ok(metadata) if metadata.is_symlink() => return Err(SyncError::Link(shown)),
                Ok(metadata) if !metadata.is_dir() => return Err(SyncError::NotAFolder(shown)),
                Ok(_) => drop(self.folders.borrow_mut().insert(folder.clone())),
            }
        }
        Ok(true)
    }
}

/// The root of the workspace that a folder lies in: the nearest one above with a description.
pub fn root(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    let mut above = folder.ancestors();
    let root = above.find(|folder| folder.join(DESCRIPTION).is_file());
    root.map(Path::to_owned)
}

/// Where runs keep what they need on the way.
pub(super) const FOLDER: &str = ".microdb";

/// The description's root file.
pub const DESCRIPTION: &str = "microdb.toml";
