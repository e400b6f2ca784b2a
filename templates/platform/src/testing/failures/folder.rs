//! A temporary folder.

use std::path::{Path, PathBuf};

use uuid::Uuid;

/// A temporary folder; it goes when this is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new one.
    pub fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("failures-{}", Uuid::now_v7()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
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
