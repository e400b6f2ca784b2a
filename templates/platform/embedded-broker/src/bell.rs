//! The bell beside the file: who has committed something that others wait for rings it, and the
//! system wakes all processes that listen.
//!
//! It is a file of one byte that is written anew. Nobody reads it; that it changes is all it says.
//! Not every change is sure to be told: the file may have been made anew under its name, or the
//! system be short of watches. So nobody may rely on it alone.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// What is written, over and over.
const RING: &[u8] = b"!";

/// The bell of a file, to be rung.
#[derive(Debug)]
pub struct Bell(File);

/// Hears the bell until it is dropped.
#[derive(Debug)]
pub struct Ear(#[expect(dead_code, reason = "it is kept, not asked")] RecommendedWatcher);

impl Bell {
    /// Opens the bell beside the file at `path`, and makes it when it is missing.
    ///
    /// # Errors
    /// When it can neither be made nor opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true);
        options.open(beside(path)).map(Self)
    }

    /// Wakes all who listen.
    pub fn ring(&self) {
        if let Err(error) = self.0.write_at(RING, 0) {
            tracing::debug!(%error, "the bell of the broker's file does not ring");
        }
    }
}

impl Ear {
    /// Calls `rung` whenever the bell beside the file at `path` rings, which has to be there.
    ///
    /// # Errors
    /// When the system has no watch left, or none at all.
    pub fn listen(path: &Path, rung: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let mut watcher = notify::recommended_watcher(move |_| rung())?;
        watcher.watch(&beside(path), RecursiveMode::NonRecursive)?;
        Ok(Self(watcher))
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-bell");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::{Bell, Ear};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    /// How long a ring may take on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn who_listens_hears_each_who_rings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broker");
        let (one, other) = (Bell::open(&path).unwrap(), Bell::open(&path).unwrap());
        let (rung, heard) = channel();
        let tell = move || rung.send(()).expect("somebody listens");
        let _ear = Ear::listen(&path, tell).unwrap();
        for bell in [&one, &other, &one] {
            bell.ring();
            heard.recv_timeout(PATIENCE).unwrap();
            while heard.try_recv().is_ok() {}
        }
    }
}
