//! Locks within this process, so that those who change the same thing queue up instead of
//! disturbing each other. Correctness does not depend on them: other processes do not see them.

use std::hash::{DefaultHasher, Hash, Hasher};

use tokio::sync::{Mutex, MutexGuard};

/// How many locks there are. Two keys that share one merely wait for each other now and then.
const COUNT: usize = 1024;

/// Fair locks by key.
pub struct StripedLock([Mutex<()>; COUNT]);

impl StripedLock {
    /// All of them free.
    pub const fn new() -> Self {
        Self([const { Mutex::const_new(()) }; COUNT])
    }

    /// Waits for the lock of a key, in the order of arrival.
    pub async fn lock(&self, key: impl Hash) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        // The remainder is below `COUNT`.
        #[allow(clippy::cast_possible_truncation)]
        let stripe = (hasher.finish() % COUNT as u64) as usize;
        self.0[stripe].lock().await
    }
}
