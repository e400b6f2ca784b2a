//! Places where a test can hold a process in order to kill it: between two writes that a crash
//! must not tear apart. Without the feature `testing` a hold is nothing at all.

/// The environment variable that names the hold at which the process stays for good.
pub const VARIABLE: &str = "MICRODB_HOLD";

/// Stays here for good when the environment names this hold; says so on standard output, so that
/// whoever waits can send SIGKILL.
#[cfg(feature = "testing")]
pub async fn at(point: &str) {
    if std::env::var(VARIABLE).is_ok_and(|wanted| wanted == point) {
        println!("held at {point}");
        std::future::pending::<()>().await;
    }
}

/// Nothing.
#[cfg(not(feature = "testing"))]
#[inline]
pub async fn at(_point: &str) {}
