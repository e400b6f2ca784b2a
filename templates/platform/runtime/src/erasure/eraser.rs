//! Works off what is to be erased.

use std::sync::Arc;
use std::time::Duration;

use super::aggregate;
use super::recorded::{Erasure, OpenErasure};
use crate::Runtime;
use crate::handler::{ErasedKey, Handlers, contention};
use crate::lease::Lease;
use crate::publisher::PublishedAggregate;
use platform_ports::engine::{Documents, EngineError, WriteSet};
use platform_ports::fail_point;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(10);

/// How long one process works on it without renewing, in milliseconds.
const LEASE_MS: u64 = 5_000;

/// Works off what is to be erased in a service.
pub struct Eraser {
    runtime: Arc<Runtime>,
    owned: Vec<PublishedAggregate>,
    handlers: Handlers,
    lease: Lease,
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
        })
    }

    /// Works until the service shuts down. It may be given up at any await: what is not done is done again.
    pub async fn run(mut self) {
        let mut shutdown = self.runtime.shutdown.clone();
        while !*shutdown.borrow() {
            let pause = async {
                if !self.work_off_due().await {
                    tokio::time::sleep(PAUSE).await;
                }
            };
            tokio::select! {
                () = pause => {}
                _ = shutdown.wait_for(|down| *down) => {}
            }
        }
    }

    /// Works off what is due; whether there may be more at once.
    async fn work_off_due(&mut self) -> bool {
        match self.work_off().await {
            Ok(done) => done,
            Err(error) => {
                self.runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, "personal data of what was deleted could not be erased"),
                );
                false
            }
        }
    }

    async fn work_off(&mut self) -> Result<bool, EngineError> {
        let engine = Arc::clone(&self.runtime.engine);
        let peek = engine.peek(&[Documents::Cursors]).await?;
        if !peek.holds(Documents::Cursors) || !self.lease.hold(&self.runtime).await? {
            return Ok(false);
        }
        let due = OpenErasure::due(&*engine, peek.now).await?;
        let any = !due.is_empty();
        for open in due {
            let is_done = match self.erase(&open.erasure).await {
                Ok(is_done) => is_done,
                // It stops no other.
                Err(error @ EngineError::Corrupt(_)) => {
                    let erasure = &open.erasure;
                    tracing::error!(?erasure, %error, "personal data of what was deleted cannot be erased");
                    false
                }
                Err(error) => return Err(error),
            };
            fail_point::reach("eraser.before-done").await;
            let write = match is_done {
                true => open.done(),
                false => open.postponed(peek.now),
            };
            // Who was faster was at it as well.
            contention::commit(&*engine, WriteSet::of_documents(vec![write])).await?;
        }
        Ok(any)
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
