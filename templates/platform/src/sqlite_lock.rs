//! Lets the processes that share a SQLite file write in turn.
//!
//! SQLite's own lock goes to whoever asks first after its release, which is nearly always the
//! process that has just released it: one busy writer starves all others. Two lock files make it
//! fair: who wants to write locks `turn`, then `gate`, and releases `turn`. The next one in line
//! thus waits alone for `gate`, and whoever releases it queues for `turn` behind all the others.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The two lock files of a database.
#[derive(Debug)]
pub struct FairLock {
    turn: File,
    gate: File,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct WriteTurn<'a>(&'a File);

impl FairLock {
    /// Opens the files beside the database `path`, and makes them when they are missing.
    ///
    /// # Errors
    /// When a file cannot be made or opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            turn: open(&beside(path, "-turn"))?,
            gate: open(&beside(path, "-gate"))?,
        })
    }

    /// Waits for the right to write; blocks the thread. The system takes the locks back from a
    /// process that dies.
    ///
    /// # Errors
    /// When the system cannot lock the files.
    pub fn take(&self) -> io::Result<WriteTurn<'_>> {
        self.turn.lock()?;
        let locked = self.gate.lock();
        self.turn.unlock()?;
        locked?;
        Ok(WriteTurn(&self.gate))
    }
}

impl Drop for WriteTurn<'_> {
    fn drop(&mut self) {
        // Unlocking fails only for a descriptor that is none, which holds no lock either.
        let _ = self.0.unlock();
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
