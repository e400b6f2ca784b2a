//! Lets the processes that share a database write in turn.
//!
//! SQLite's own lock is taken by whoever asks first after it was released, which is nearly always
//! the process that just released it: one busy writer starves all others. Two locked files make it
//! fair: who wants to write locks `turn`, then `gate`, then releases `turn`. The writer that just
//! released `gate` has to wait for `turn` behind those who wait already.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The two files.
pub(super) struct Turns {
    turn: File,
    gate: File,
}

/// The right to write, until it is dropped.
pub(super) struct Turn<'a>(&'a File);

impl Turns {
    /// Opens or makes the files beside the database.
    pub(super) fn open(database: &Path) -> io::Result<Self> {
        Ok(Self {
            turn: open(&beside(database, "-turn"))?,
            gate: open(&beside(database, "-gate"))?,
        })
    }

    /// Waits for the right to write. The system gives it back when the process dies.
    pub(super) fn take(&self) -> io::Result<Turn<'_>> {
        self.turn.lock()?;
        let gate = self.gate.lock();
        let released = self.turn.unlock();
        gate?;
        let turn = Turn(&self.gate);
        released?;
        Ok(turn)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // It fails only when the descriptor is no longer one, and then nothing is locked.
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

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(database.as_os_str());
    name.push(ending);
    PathBuf::from(name)
}
