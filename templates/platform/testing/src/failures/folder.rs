//! A temporary folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// Files by their names.
pub(super) type Files = BTreeMap<OsString, Vec<u8>>;

/// A temporary folder; it goes when this is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new one.
    pub fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("failures-{}", Uuid::now_v7()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// A new one with these files.
    pub fn with(files: &Files) -> std::io::Result<Self> {
        let folder = Self::new()?;
        for (name, bytes) in files {
            std::fs::write(folder.0.join(name), bytes)?;
        }
        Ok(folder)
    }

    /// Its files, while nobody writes into them. What SQLite makes up again is left out.
    pub fn files(&self) -> std::io::Result<Files> {
        let mut files = Files::new();
        for entry in std::fs::read_dir(&self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            if !name.to_string_lossy().ends_with("-shm") {
                files.insert(name, std::fs::read(entry.path())?);
            }
        }
        Ok(files)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be deleted is the system's to tidy up.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
