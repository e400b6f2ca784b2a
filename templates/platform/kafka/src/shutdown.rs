//! Closes clients on threads of their own: it takes a while, which nobody should wait for but the program
//! at its end. There libraries undo what these threads still work with.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the program waits at its end.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(2);

static UNDER_WAY: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Those that have not come to their end.
fn under_way() -> MutexGuard<'static, Vec<JoinHandle<()>>> {
    let mut all = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|one| !one.is_finished());
    all
}

/// Closes a client on a thread of this name.
pub(super) fn close_in_background(name: &str, close: impl FnOnce() + Send + 'static) {
    // Before it begins, so that none is under way that is not among them.
    let mut under_way = under_way();
    match thread::Builder::new().name(name.to_owned()).spawn(close) {
        Ok(thread) => under_way.push(thread),
        Err(error) => tracing::warn!(%error, name, "a client was ended without a thread for it"),
    }
}

/// Waits until all clients that were dropped have ended, for some seconds at most: the last thing a
/// program does.
pub fn wait_for_ends() {
    let started = Instant::now();
    while !under_way().is_empty() {
        if started.elapsed() > PATIENCE {
            tracing::warn!("a client of Kafka does not come to its end");
            return;
        }
        thread::sleep(PAUSE);
    }
}
