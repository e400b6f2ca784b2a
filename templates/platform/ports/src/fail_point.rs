//! Fail points: where a test can hold a process in order to kill it, between two writes that a crash
//! must not tear apart. Without the feature `testing` a fail point is nothing at all.

#[cfg(feature = "testing")]
use std::collections::BTreeSet;
#[cfg(feature = "testing")]
use std::sync::{Mutex, PoisonError};

/// The environment variable that names the fail point at which the process stays for good.
pub const VARIABLE: &str = "MICRODB_FAIL_POINT";
/// What it names instead for a process that says which fail points it comes to, and stays at none.
pub const NONE: &str = "none";

#[cfg(feature = "testing")]
static PASSED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

/// Stays here for good when the environment names this fail point; says so on standard output, so that
/// whoever waits can send SIGKILL.
#[cfg(feature = "testing")]
pub async fn reach(point: &'static str) {
    match std::env::var(VARIABLE).as_deref() {
        Ok(wanted) if wanted == point => {
            println!("held at {point}");
            std::future::pending::<()>().await;
        }
        Ok(NONE) => pass(point),
        _ => {}
    }
}

/// Says, once, that the process comes by here.
#[cfg(feature = "testing")]
fn pass(point: &'static str) {
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    if passed.insert(point) {
        println!("passed {point}");
    }
}

/// Nothing.
#[cfg(not(feature = "testing"))]
#[inline]
pub async fn reach(_point: &'static str) {}
