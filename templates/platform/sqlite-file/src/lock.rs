//! Lets the processes that share a SQLite file write in turn.
//!
//! SQLite's own lock goes to whoever asks first after its release, which is nearly always the
//! process that has just released it: one busy writer starves all others. Two lock files make it
//! fair: who wants to write locks `queue`, then `write`, and releases `queue`. The next one in line
//! thus waits alone for `write`, and whoever releases it queues for `queue` behind all the others.
//!
//! The system takes the locks back from a process that dies, but not from one that is stopped; so
//! nobody waits for longer than [`PATIENCE`]. The system's own waiting has no end, therefore it is
//! done on a thread that keeps its place in the line until it is served or the process ends.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one waits for the others; each has the right to write for some milliseconds at a time.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The two lock files of a database.
#[derive(Debug)]
pub struct FairLock {
    files: Arc<Files>,
    path: PathBuf,
    /// The thread that waits, once somebody had to.
    line: Mutex<Option<Receiver<io::Result<()>>>>,
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub struct FairLockGuard<'a>(&'a Files);

#[derive(Debug)]
struct Files {
    queue: File,
    write: File,
}

impl FairLock {
    /// Opens the files beside the database `path`, and makes them when they are missing.
    ///
    /// # Errors
    /// When a file cannot be made or opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let files = Files {
            queue: open(&beside(path, "-turn"))?,
            write: open(&beside(path, "-gate"))?,
        };
        Ok(Self {
            files: Arc::new(files),
            path: path.to_owned(),
            line: Mutex::default(),
        })
    }

    /// Waits for the right to write; blocks the thread.
    ///
    /// # Errors
    /// When the system cannot lock the files, or others have held them for [`PATIENCE`].
    pub fn take(&self) -> io::Result<FairLockGuard<'_>> {
        self.take_within(PATIENCE)
    }

    fn take_within(&self, patience: Duration) -> io::Result<FairLockGuard<'_>> {
        let until = Instant::now() + patience;
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let waiting = match line.take() {
                Some(waiting) => waiting,
                None if self.files.try_lock()? => return Ok(FairLockGuard(&self.files)),
                None => enqueue(&self.files)?,
            };
            match waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(locked) => return locked.map(|()| FairLockGuard(&self.files)),
                Err(RecvTimeoutError::Timeout) => {
                    *line = Some(waiting);
                    return Err(self.held(patience));
                }
                // It was served when nobody listened, and has let the others go first.
                Err(RecvTimeoutError::Disconnected) => {}
            }
        }
    }

    fn held(&self, patience: Duration) -> io::Error {
        let what = format!(
            "another process has held the write lock of `{}` for {patience:?}; is it stopped?",
            self.path.display()
        );
        io::Error::new(io::ErrorKind::TimedOut, what)
    }
}

impl Files {
    fn lock(&self) -> io::Result<()> {
        self.queue.lock()?;
        let locked = self.write.lock();
        self.queue.unlock()?;
        locked
    }

    /// Locks when nobody else has, or waits for, the right to write; whether it did.
    fn try_lock(&self) -> io::Result<bool> {
        if !is_locked(self.queue.try_lock())? {
            return Ok(false);
        }
        let locked = self.write.try_lock();
        self.queue.unlock()?;
        is_locked(locked)
    }
}

impl Drop for FairLockGuard<'_> {
    fn drop(&mut self) {
        // Unlocking fails only for a descriptor that is none, which holds no lock either.
        let _ = self.0.write.unlock();
    }
}

/// Queues up for the locks, on a thread. What it gets is for who listens at that very instant; when
/// nobody does, it goes back at once.
fn enqueue(files: &Arc<Files>) -> io::Result<Receiver<io::Result<()>>> {
    let (served, waiting): (SyncSender<io::Result<()>>, _) = sync_channel(0);
    let files = Arc::clone(files);
    std::thread::Builder::new()
        .name("sqlite-turn".to_owned())
        .spawn(move || {
            let locked = files.lock();
            let has = locked.is_ok();
            if served.try_send(locked).is_err() && has {
                let _ = files.write.unlock();
            }
        })?;
    Ok(waiting)
}

fn is_locked(tried: Result<(), TryLockError>) -> io::Result<bool> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
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

#[cfg(test)]
mod tests {
    use super::FairLock;
    use std::io::ErrorKind;
    use std::time::Duration;

    #[test]
    fn nobody_waits_for_ever_and_the_line_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (one, other) = (
            FairLock::open(&path).unwrap(),
            FairLock::open(&path).unwrap(),
        );
        let guard = one.take().unwrap();
        let short = Duration::from_millis(30);
        for _ in 0..3 {
            let error = other.take_within(short).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(error.to_string().contains("held the write lock"), "{error}");
        }
        drop(guard);
        // Who waits in vain may be served when nobody listens: that must not block anybody.
        for _ in 0..20 {
            drop(one.take().unwrap());
            drop(other.take().unwrap());
        }
    }

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let counter = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let lock = FairLock::open(&path).unwrap();
                    for _ in 0..200 {
                        let _guard = lock.take().unwrap();
                        let others = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        assert_eq!(others, 0);
                        counter.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
    }
}
