//! The clock that decisions are told. Tests of failures hold it still, so that two runs of the same
//! commands decide alike; the runtime's own (leases, pauses, retention) goes on. Without the feature
//! `testing` there is one clock only.

#[cfg(feature = "testing")]
use std::sync::LazyLock;

use platform_contract::value::Timestamp;

/// The environment variable that names the time at which the clock is held.
pub const VARIABLE: &str = "MICRODB_CLOCK";

#[cfg(feature = "testing")]
static HELD: LazyLock<Option<Timestamp>> =
    LazyLock::new(|| std::env::var(VARIABLE).ok()?.parse().ok());

/// The time that a decision is told.
#[cfg(feature = "testing")]
pub fn told(now: Timestamp) -> Timestamp {
    HELD.unwrap_or(now)
}

/// The time that a decision is told: this one.
#[cfg(not(feature = "testing"))]
#[inline]
pub const fn told(now: Timestamp) -> Timestamp {
    now
}

/// The age of a replica that a decision is told, in milliseconds: none while the clock is held.
#[cfg(feature = "testing")]
pub fn told_age(age_ms: u64) -> u64 {
    HELD.map_or(age_ms, |_| 0)
}

/// The age of a replica that a decision is told: this one.
#[cfg(not(feature = "testing"))]
#[inline]
pub const fn told_age(age_ms: u64) -> u64 {
    age_ms
}
