//! Positions in the order of commits, and the database's time without asking for it each time.
//!
//! A position is a Lamport clock that runs along with the time (Kulkarni et al., "Logical Physical
//! Clocks", OPODIS 2014): microseconds, but always more than any position that was given or seen
//! before. Every document carries the position of its last write, and a write set sees those of all
//! documents it touches before it takes its own; so whatever was written because of something else
//! comes after it, whoever wrote it and however their clocks differ.

use std::sync::atomic::{AtomicI64, Ordering};

use platform_contract::value::Timestamp;

/// The clock of an engine.
#[derive(Debug, Default)]
pub(super) struct Clock {
    position: AtomicI64,
    /// By how many microseconds the database's clock is ahead of this machine's.
    ahead: AtomicI64,
    /// The latest time that was told, which later ones are not before.
    told: AtomicI64,
}

impl Clock {
    /// Notes what the database has just said of its time.
    pub(super) fn learn(&self, database: Timestamp) {
        let ahead = database.as_microseconds() - Timestamp::now().as_microseconds();
        self.ahead.store(ahead, Ordering::Relaxed);
        self.told
            .fetch_max(database.as_microseconds(), Ordering::Relaxed);
    }

    /// About the database's time, in microseconds.
    pub(super) fn time(&self) -> i64 {
        let about = Timestamp::now().as_microseconds() + self.ahead.load(Ordering::Relaxed);
        about.max(self.told.load(Ordering::Relaxed))
    }

    /// Notes a position that something has.
    pub(super) fn see(&self, position: i64) {
        self.position.fetch_max(position, Ordering::Relaxed);
    }

    /// The first of so many positions, later than all seen so far.
    pub(super) fn take(&self, count: i64) -> i64 {
        let time = self.time();
        let next = |last: i64| last.max(time) + count.max(1);
        let last = self
            .position
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(next(last))
            });
        last.unwrap_or_else(|last| last).max(time) + 1
    }
}
