//! Whether the database takes writes. It may answer questions while its disk is full, or while it is a
//! standby of another one.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use uuid::Uuid;

use super::readiness::reason;
use platform_ports::engine::Engine;

/// How long an answer holds: whoever asks often does not make the database write as often.
const HOLDS: Duration = Duration::from_secs(5);
/// What is written: a lease that nobody waits for, by nobody in particular.
const LEASE: &str = "readiness";
/// How long it is taken, in milliseconds.
const TAKEN_MS: u64 = 1;

/// What the database last said to a write.
#[derive(Default)]
pub(super) struct Writes(Mutex<Option<(Instant, Option<String>)>>);

impl Writes {
    /// Why it takes none, if it does not.
    pub async fn reason(&self, engine: &dyn Engine) -> Option<String> {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < HOLDS
        {
            return answer.clone();
        }
        let answer = reason(engine.lease(LEASE, Uuid::nil(), TAKEN_MS)).await;
        let answer = answer.map(|why| format!("it takes no writes: {why}"));
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}
