//! A lease that is renewed now and then.

use std::time::{Duration, Instant};

use crate::Runtime;
use platform_ports::engine::EngineError;

/// The right of one process among several to do something, for a time that it can renew. Correctness
/// never depends on it: who was held up for long may believe to have it still.
#[derive(Debug)]
pub struct Lease {
    name: String,
    length_ms: u64,
    taken: Option<Instant>,
}

impl Lease {
    /// One of this name, which lasts for so long, in milliseconds.
    pub fn new(name: impl Into<String>, length_ms: u64) -> Self {
        Self {
            name: name.into(),
            length_ms,
            taken: None,
        }
    }

    /// Takes it, or renews it when a third of its time is over; whether it is this process's.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn hold(&mut self, runtime: &Runtime) -> Result<bool, EngineError> {
        let fresh = Duration::from_millis(self.length_ms / 3);
        if self.taken.is_some_and(|at| at.elapsed() < fresh) {
            return Ok(true);
        }
        let asked = Instant::now();
        let has = self.ask(runtime, self.length_ms).await?;
        self.taken = has.then_some(asked);
        Ok(has)
    }

    /// Whether it was this process's when it last asked.
    pub const fn is_held(&self) -> bool {
        self.taken.is_some()
    }

    /// Gives it back.
    ///
    /// # Errors
    /// When the engine fails; it runs out by itself then.
    pub async fn release(&mut self, runtime: &Runtime) -> Result<(), EngineError> {
        if self.taken.take().is_some() {
            self.ask(runtime, 0).await?;
        }
        Ok(())
    }

    async fn ask(&self, runtime: &Runtime, millis: u64) -> Result<bool, EngineError> {
        let (engine, instance) = (&runtime.engine, runtime.instance);
        engine.lease(&self.name, instance, millis).await
    }
}
