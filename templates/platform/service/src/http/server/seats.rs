//! Places for connections. When all are taken, whoever only waits has to leave: first the one that has
//! waited the longest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::clock::Clock;

/// How soon somebody else is asked to leave, when all were busy or did not.
const ASK_AGAIN: Duration = Duration::from_millis(50);

pub(super) struct Seats {
    free: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    last: u64,
    clocks: HashMap<u64, Arc<Clock>>,
}

/// The place of a connection; free again when it is dropped.
pub(super) struct Seat {
    pub clock: Arc<Clock>,
    number: u64,
    seats: Arc<Seats>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Seats {
    pub fn new(number: usize) -> Arc<Self> {
        Arc::new(Self {
            free: Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS))),
            taken: Mutex::default(),
        })
    }

    /// A place, as soon as there is one.
    pub async fn take(self: &Arc<Self>) -> Seat {
        let permit = loop {
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                break Some(permit);
            }
            self.make_room();
            let free = Arc::clone(&self.free).acquire_owned();
            if let Ok(permit) = timeout(ASK_AGAIN, free).await {
                // The semaphore is never closed.
                break permit.ok();
            }
        };
        let clock = Arc::new(Clock::new());
        let mut taken = self.taken();
        taken.last += 1;
        let number = taken.last;
        taken.clocks.insert(number, Arc::clone(&clock));
        Seat {
            clock,
            number,
            seats: Arc::clone(self),
            _permit: permit,
        }
    }

    /// Asks the one to leave that has waited the longest, if any waits.
    pub fn make_room(&self) {
        let taken = self.taken();
        let waiting = taken.clocks.values();
        let waiting = waiting.filter_map(|clock| Some((clock.waits_since()?, clock)));
        if let Some((_, longest)) = waiting.min_by_key(|(since, _)| *since) {
            longest.unseated.notify_one();
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().clocks.remove(&self.number);
    }
}
