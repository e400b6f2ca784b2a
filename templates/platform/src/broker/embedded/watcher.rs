//! Notices, on a thread of its own, what this and other processes have committed, and does what
//! comes round by the clock.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;

use super::{Inner, file};
use crate::broker::BrokerError;

/// The pause between two looks while there is traffic, and the shortest at all: what is committed
/// in quick succession is seen together.
const SHORTEST: Duration = Duration::from_millis(1);
/// The pause after a while without.
const LONGEST: Duration = Duration::from_millis(10);
/// How long after the last change the pauses begin to grow.
const QUIET: Duration = Duration::from_millis(20);
/// The pause between renewals of the process's session.
const RENEWAL: Duration = Duration::from_secs(1);
/// The pause between trims.
const TRIM: Duration = Duration::from_secs(60);

/// What subscriptions have to know of the file without reading it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct State {
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
    state: watch::Sender<Arc<State>>,
) -> Result<Thread, BrokerError> {
    let watcher = Watcher {
        connection: file::connect(path)?,
        state,
        seen: None,
        changed_at: Instant::now(),
    };
    let handle = thread::Builder::new()
        .name("broker-watcher".to_owned())
        .spawn(move || watcher.run(&inner))
        .map_err(file::unavailable)?;
    Ok(handle.thread().clone())
}

struct Watcher {
    connection: Connection,
    state: watch::Sender<Arc<State>>,
    seen: Option<i64>,
    changed_at: Instant,
}

impl Watcher {
    fn run(mut self, inner: &Weak<Inner>) {
        let mut renewal = Instant::now();
        let mut trim = Instant::now();
        while let Some(inner) = inner.upgrade() {
            let watched = self.state.receiver_count() > 0;
            let looked = Instant::now();
            if watched && let Err(error) = self.look() {
                tracing::warn!(%error, "the broker's file cannot be read");
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
            thread::park_timeout(if watched { self.pause() } else { TRIM });
            thread::sleep(SHORTEST.saturating_sub(looked.elapsed()));
        }
    }

    /// Reads the state when something was committed since the last time.
    fn look(&mut self) -> Result<(), BrokerError> {
        let version: i64 = self
            .connection
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        if self.seen == Some(version) {
            return Ok(());
        }
        let state = self.read()?;
        self.seen = Some(version);
        // Signs of life and the like are no traffic.
        if **self.state.borrow() != state {
            self.changed_at = Instant::now();
            self.state.send_replace(Arc::new(state));
        }
        Ok(())
    }

    fn read(&mut self) -> rusqlite::Result<State> {
        let transaction = self.connection.transaction()?;
        let generations = transaction
            .prepare_cached("SELECT name, generation FROM groups")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let ends = transaction
            .prepare_cached("SELECT id, next FROM partitions")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(State { generations, ends })
    }

    /// Grows from the shortest pause to the longest as nothing happens.
    fn pause(&self) -> Duration {
        let quiet = self.changed_at.elapsed().saturating_sub(QUIET);
        (quiet / 10).clamp(SHORTEST, LONGEST)
    }
}
