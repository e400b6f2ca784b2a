//! Notices, on a thread of its own, what this and other processes have committed, and does what
//! comes round by the clock.
//!
//! It is woken by wake-ups; what none was sent for, or did not arrive, it finds when it looks by itself.
//! Where none can be received, it looks often.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use platform_sqlite_file::FileError;
use rusqlite::Connection;
use tokio::sync::watch;

use super::broker::Inner;
use super::error::Error;
use super::file;
use super::groups::LEASE_MS;
use super::wake_up::WakeUpReceiver;

/// The shortest pause between two looks: what is committed in quick succession is seen together.
const MIN_PAUSE: Duration = Duration::from_millis(1);
/// The pause between two looks without wake-ups.
const POLL_PAUSE: Duration = Duration::from_millis(10);
/// The pause between renewals of the process's session, and the longest between two looks: of the
/// lease, so that two renewals may fail.
const RENEWAL: Duration = Duration::from_millis(LEASE_MS.unsigned_abs() / 3);
/// The pause between trims.
const TRIM: Duration = Duration::from_secs(60);

/// What subscriptions have to know of the file without reading it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct BrokerState {
    /// The generation of every group.
    pub generations: HashMap<String, i64>,
    /// The next offset of every partition, by its id.
    pub ends: HashMap<i64, i64>,
}

/// Starts the thread, which ends with the broker; it is to be unparked after commits.
///
/// # Errors
/// When the file cannot be opened or the thread not started.
pub fn start(
    path: &Path,
    inner: Weak<Inner>,
    state: watch::Sender<Arc<BrokerState>>,
) -> Result<Thread, Error> {
    let watcher = Watcher {
        connection: file::connect(path)?,
        state,
        seen: None,
        wake_ups: None,
    };
    let path = path.to_owned();
    let handle = thread::Builder::new()
        .name("broker-watcher".to_owned())
        .spawn(move || watcher.listening(&path).run(&inner))
        .map_err(Error::unavailable)?;
    Ok(handle.thread().clone())
}

struct Watcher {
    connection: Connection,
    state: watch::Sender<Arc<BrokerState>>,
    seen: Option<i64>,
    /// What wakes this thread.
    wake_ups: Option<WakeUpReceiver>,
}

impl Watcher {
    /// The same, woken by wake-ups from now on, if these can be received.
    fn listening(mut self, path: &Path) -> Self {
        let thread = thread::current();
        match WakeUpReceiver::listen(path, move || thread.unpark()) {
            Ok(receiver) => self.wake_ups = Some(receiver),
            Err(error) => tracing::warn!(
                %error,
                "the system does not tell of changes of the broker's file: it is looked at often"
            ),
        }
        self
    }

    fn run(mut self, inner: &Weak<Inner>) {
        let mut renewal = Instant::now();
        let mut trim = Instant::now();
        while let Some(inner) = inner.upgrade() {
            let watched = self.state.receiver_count() > 0;
            let looked = Instant::now();
            if watched && let Err(error) = self.look() {
                inner.outage.failed(
                    &error,
                    || tracing::warn!(%error, "the broker's file cannot be read"),
                );
            }
            if watched && renewal.elapsed() >= RENEWAL {
                renewal = Instant::now();
                inner.renew();
            }
            if trim.elapsed() >= TRIM || inner.more_to_trim.swap(false, Ordering::Relaxed) {
                trim = Instant::now();
                inner.trim();
            }
            drop(inner);
            let pause = match (watched, &self.wake_ups) {
                (false, _) => TRIM,
                (true, None) => POLL_PAUSE,
                (true, Some(_)) => RENEWAL.saturating_sub(renewal.elapsed()),
            };
            thread::park_timeout(pause);
            thread::sleep(MIN_PAUSE.saturating_sub(looked.elapsed()));
        }
    }

    /// Reads the state when something was committed since the last time.
    fn look(&mut self) -> Result<(), Error> {
        let version: i64 = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if self.seen == Some(version) {
            return Ok(());
        }
        let state = self.read()?;
        self.seen = Some(version);
        // Signs of life and the like are nothing new to anybody.
        if **self.state.borrow() != state {
            self.state.send_replace(Arc::new(state));
        }
        Ok(())
    }

    fn read(&mut self) -> rusqlite::Result<BrokerState> {
        let transaction = self.connection.transaction()?;
        let generations = transaction
            .prepare_cached("SELECT name, generation FROM groups")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let ends = transaction
            .prepare_cached("SELECT id, next FROM partitions")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(BrokerState { generations, ends })
    }
}
