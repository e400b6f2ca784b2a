//! Wake-ups across processes, by a file beside the broker's: who has committed something that others
//! wait for sends one, and the system wakes all processes that listen.
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
const CONTENT: &[u8] = b"!";

/// Wakes the processes that use a file.
#[derive(Debug)]
pub struct WakeUp(File);

/// Receives wake-ups until it is dropped.
#[derive(Debug)]
pub struct WakeUpReceiver(
    #[expect(dead_code, reason = "it is kept, not asked")] RecommendedWatcher,
);

impl WakeUp {
    /// Opens the file of wake-ups beside the file at `path`, and makes it when it is missing.
    ///
    /// # Errors
    /// When it can neither be made nor opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true);
        options.open(beside(path)).map(Self)
    }

    /// Wakes all who listen.
    pub fn send(&self) {
        if let Err(error) = self.0.write_at(CONTENT, 0) {
            tracing::debug!(%error, "the bell of the broker's file does not ring");
        }
    }
}

impl WakeUpReceiver {
    /// Calls `woken` at every wake-up of those who use the file at `path`, whose file of wake-ups has to be
    /// there.
    ///
    /// # Errors
    /// When the system has no watch left, or none at all.
    pub fn listen(path: &Path, woken: impl Fn() + Send + 'static) -> notify::Result<Self> {
        let mut watcher = notify::recommended_watcher(move |_| woken())?;
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
    use super::{WakeUp, WakeUpReceiver};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    /// How long a wake-up may take on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn who_listens_is_woken_by_each_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broker");
        let (one, other) = (WakeUp::open(&path).unwrap(), WakeUp::open(&path).unwrap());
        let (sender, woken) = channel();
        let tell = move || sender.send(()).expect("somebody listens");
        let _receiver = WakeUpReceiver::listen(&path, tell).unwrap();
        for wake_up in [&one, &other, &one] {
            wake_up.send();
            woken.recv_timeout(PATIENCE).unwrap();
            while woken.try_recv().is_ok() {}
        }
    }
}
