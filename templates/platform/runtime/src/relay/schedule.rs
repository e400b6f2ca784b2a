//! When a relay makes a pass, and who else may have its shard.
//!
//! While messages come, a relay has the shard's lease, and looks often: others of the service commit
//! too, and their wake-ups do not come here. When none has come for a while, it gives the lease back,
//! so that whoever commits next takes it at once, and sleeps until it is woken or a heartbeat is due. What
//! nobody woke it for, because who committed it died, it finds when it looks by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{PassError, Relay};
use crate::lease::Lease;
use platform_ports::engine::EngineError;

/// How long a relay has its shard without renewing, in milliseconds.
pub(super) const LEASE_MS: u64 = 2_000;

/// The pause after a pass that found something, when nobody wakes it.
pub(super) const SHORTEST: Duration = Duration::from_millis(2);

/// The longest pause between passes while messages come.
const LONGEST: Duration = Duration::from_millis(50);

/// How long after the last message they no longer come.
const QUIET: Duration = Duration::from_secs(1);

/// The pause between two looks for what nobody woke it for.
const LOOK: Duration = Duration::from_secs(2);

/// The longest pause after a failure.
const BACK_OFF: Duration = Duration::from_secs(2);

/// How long a relay goes on publishing when its service shuts down.
const DRAIN: Duration = Duration::from_secs(5);

/// What a relay goes on with after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A pass, under the lease.
    Pass,
    /// A look whether anything waits.
    Look,
    /// A pass that finds nothing, as it is to be hoped, and says so by heartbeats: what else it finds, it
    /// publishes without the lease, which does no harm.
    Heartbeat,
}

impl Relay {
    /// Works until the service shuts down, and then until the outbox is empty, or it takes too long.
    pub async fn run(mut self) {
        let mut lease = Lease::new(format!("relay/{}", self.shard.number), LEASE_MS);
        while !*self.shutdown.borrow() {
            self.run_once(&mut lease).await;
            self.wait(&mut lease).await;
        }
        self.drain(&mut lease).await;
    }

    /// One pass or look; afterwards the pause says when to come again.
    async fn run_once(&mut self, lease: &mut Lease) {
        let outcome = match self.next {
            Next::Pass => self.pass_under(lease).await,
            Next::Heartbeat => self.pass().await.map(Some),
            Next::Look => match self.waits().await {
                Ok(true) => self.pass_under(lease).await,
                Ok(false) => Ok(Some(0)),
                Err(error) => Err(error.into()),
            },
        };
        let another_has_it = matches!(outcome, Ok(None));
        self.pause = match outcome {
            Ok(None) => {
                // Whoever has the shard now reads it anew.
                self.ahead = None;
                self.heartbeats.leave();
                LONGEST
            }
            Ok(Some(_)) if self.ahead.is_some() => Duration::ZERO,
            Ok(Some(0)) => self.longer(LONGEST),
            Ok(Some(_)) => SHORTEST,
            Err(error) => {
                let shard = self.shard.number;
                self.runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, shard, "the relay is held up"),
                );
                self.longer(BACK_OFF)
            }
        };
        self.next = if self.shared { Next::Look } else { Next::Pass };
        if self.pause <= SHORTEST || self.back_off.is_any() || another_has_it {
            self.moved = Instant::now();
        }
    }

    /// A pass, if the shard is this relay's; `None`: it is another's.
    ///
    /// Where nobody else is known to want the shard, the pass does not wait for the lease: two relays at
    /// the same messages do double work once, and no harm.
    async fn pass_under(&mut self, lease: &mut Lease) -> Result<Option<usize>, PassError> {
        let runtime = Arc::clone(&self.runtime);
        if self.shared {
            self.shared = !lease.hold(&runtime).await?;
            return match self.shared {
                true => Ok(None),
                false => self.pass().await.map(Some),
            };
        }
        let (has, passed) = tokio::join!(lease.hold(&runtime), self.pass());
        self.shared = !has?;
        let passed = passed?;
        Ok((!self.shared).then_some(passed))
    }

    /// Whether anything is in the outbox.
    async fn waits(&mut self) -> Result<bool, EngineError> {
        if self.observes() {
            let now = self.runtime.engine.now().await?;
            return Ok(self.observe(now).await? > 0);
        }
        let first = self.runtime.engine.outbox(self.shard.number, 1).await?;
        Ok(!first.is_empty())
    }

    fn longer(&self, longest: Duration) -> Duration {
        (self.pause * 3 / 2).clamp(SHORTEST, longest)
    }

    /// Waits for a wake-up, the end of the pause or the end of the service.
    async fn wait(&mut self, lease: &mut Lease) {
        if self.pause.is_zero() {
            return;
        }
        let held_up = self.pause > LONGEST;
        if !held_up && self.moved.elapsed() >= QUIET {
            return self.wait_idle(lease).await;
        }
        tokio::select! {
            () = self.wake_up.received(), if !held_up => self.next = Next::Pass,
            () = tokio::time::sleep(self.pause) => {}
            _ = self.shutdown.changed() => {}
        }
    }

    /// Waits without the lease, for a wake-up, the next heartbeat, the next look or the end of the
    /// service.
    async fn wait_idle(&mut self, lease: &mut Lease) {
        if let Err(error) = lease.release(&self.runtime).await {
            tracing::debug!(%error, "the lease of the relay runs out by itself");
        }
        let heartbeat = self.heartbeats.due_in().filter(|due_in| *due_in < LOOK);
        tokio::select! {
            () = self.wake_up.received() => {
                (self.next, self.pause) = (Next::Pass, SHORTEST);
            }
            () = tokio::time::sleep(heartbeat.unwrap_or(LOOK)) => {
                self.next = if heartbeat.is_some() { Next::Heartbeat } else { Next::Look };
            }
            _ = self.shutdown.changed() => {}
        }
    }

    /// Publishes what is left, and gives the shard back.
    async fn drain(&mut self, lease: &mut Lease) {
        let started = Instant::now();
        while started.elapsed() < DRAIN {
            match self.pass_under(lease).await {
                Ok(None) => break,
                Ok(Some(0)) if self.ahead.is_none() => break,
                Ok(Some(_)) => {}
                Err(error) => {
                    self.runtime.outages.failed(&error, || {
                        tracing::warn!(%error, "the outbox is not drained; its messages wait in it");
                    });
                    break;
                }
            }
        }
        if let Err(error) = self.acknowledge().await {
            tracing::debug!(%error, "what is published already is published again");
        }
        if let Err(error) = lease.release(&self.runtime).await {
            tracing::debug!(%error, "the lease of the relay runs out by itself");
        }
    }
}
