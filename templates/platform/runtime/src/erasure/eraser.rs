//! Works off what is to be erased.

use std::sync::Arc;
use std::time::Duration;

use super::aggregate;
use super::recorded::{Erasure, MAX_PAUSE_MS, OpenErasure};
use crate::Runtime;
use crate::handler::{ErasedKey, Handlers, contention};
use crate::lease::Lease;
use crate::publisher::PublishedAggregate;
use platform_contract::value::Timestamp;
use platform_ports::engine::{Documents, Engine, EngineError, WriteSet};
use platform_ports::fail_point;

/// How long nothing is looked for without a wake-up: what a process has left that ended for good.
const AT_REST: Duration = Duration::from_secs(300);
/// The pause after a failure, or while another process is at it.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long one process works on it without renewing, in milliseconds.
const LEASE_MS: u64 = 5_000;

/// Works off what is to be erased in a service.
pub struct Eraser {
    runtime: Arc<Runtime>,
    owned: Vec<PublishedAggregate>,
    handlers: Handlers,
    lease: Lease,
    /// Whether what was set aside has been tried by this program, which may know it.
    has_tried_all: bool,
}

impl Eraser {
    /// For these aggregates and handlers of a service; `None` where nothing of theirs is personal.
    pub fn new(
        runtime: Arc<Runtime>,
        owned: Vec<PublishedAggregate>,
        handlers: Handlers,
    ) -> Option<Self> {
        let is_personal =
            owned.iter().any(|owned| (owned.is_personal)()) || handlers.are_personal();
        is_personal.then(|| Self {
            runtime,
            owned,
            handlers,
            lease: Lease::new("erasures", LEASE_MS),
            has_tried_all: false,
        })
    }

    /// Works until the service shuts down. It may be given up at any await: what is not done is done again.
    pub async fn run(mut self) {
        let mut shutdown = self.runtime.shutdown.clone();
        while !*shutdown.borrow() {
            let pause = async {
                let pause = self.work_off_due().await;
                tokio::select! {
                    () = self.runtime.erasures_wake_up.notified() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            };
            tokio::select! {
                () = pause => {}
                _ = shutdown.wait_for(|down| *down) => {}
            }
        }
    }

    /// Works off what is due; how long until there may be more.
    async fn work_off_due(&mut self) -> Duration {
        self.work_off().await.unwrap_or_else(|error| {
            self.runtime.outages.failed(
                &error,
                || tracing::warn!(%error, "personal data of what was deleted could not be erased"),
            );
            INTERVAL
        })
    }

    async fn work_off(&mut self) -> Result<Duration, EngineError> {
        let engine = Arc::clone(&self.runtime.engine);
        let peek = engine.peek(&[Documents::Cursors]).await?;
        let due_by = self.has_tried_all.then_some(peek.now);
        let due = match peek.holds(Documents::Cursors) {
            true => OpenErasure::list(&*engine, due_by).await?,
            false => Vec::new(),
        };
        if due.is_empty() {
            self.has_tried_all = true;
            self.lease.release(&self.runtime).await?;
            return next(&*engine, peek.now).await;
        }
        // Last, so that nothing is written as long as there is nothing to do.
        if !self.lease.hold(&self.runtime).await? {
            return Ok(INTERVAL);
        }
        for open in due {
            self.settle(open, peek.now).await?;
        }
        self.has_tried_all = true;
        Ok(Duration::ZERO)
    }

    /// Erases, and notes what came of it. What cannot be erased is set aside, so that it stops no other.
    async fn settle(&self, open: OpenErasure, now: Timestamp) -> Result<(), EngineError> {
        let erased = match open.read() {
            Ok(erasure) => self.erase(&erasure).await,
            Err(error) => Err(error),
        };
        fail_point::reach("eraser.before-done").await;
        let write = match erased {
            Ok(true) => open.done(),
            Ok(false) => open.postponed(now),
            Err(error @ EngineError::Corrupt(_)) => {
                tracing::error!(
                    key = open.key(),
                    %error,
                    "personal data of what was deleted cannot be erased; it is tried again at the next start"
                );
                open.set_aside()
            }
            Err(error) => return Err(error),
        };
        // Who was faster was at it as well.
        contention::commit(&*self.runtime.engine, WriteSet::of_documents(vec![write])).await?;
        Ok(())
    }

    /// Erases; whether nothing of it was under way.
    async fn erase(&self, erasure: &Erasure) -> Result<bool, EngineError> {
        let runtime = &self.runtime;
        match erasure {
            Erasure::Aggregate { name, id, version } => {
                match self.owned.iter().find(|owned| owned.name == name) {
                    Some(owned) => aggregate::erase(runtime, owned, *id, *version).await,
                    // The program owns no such aggregate any more.
                    None => Ok(true),
                }
            }
            Erasure::Handler {
                handler,
                generation,
                aggregate,
                sequence,
            } => {
                let key = ErasedKey {
                    handler,
                    generation: *generation,
                    aggregate: *aggregate,
                    before: *sequence,
                };
                key.erase(runtime, &self.handlers).await
            }
        }
    }
}

/// How long until something that was put off is due.
async fn next(engine: &dyn Engine, now: Timestamp) -> Result<Duration, EngineError> {
    let by = now.plus_millis(MAX_PAUSE_MS);
    let open = OpenErasure::list(engine, Some(by)).await?;
    let due_in = open.iter().filter_map(|open| open.due_in(now)).min();
    // The rest of a millisecond is waited for as well.
    Ok(due_in.map_or(AT_REST, |millis| Duration::from_millis(millis + 1)))
}
