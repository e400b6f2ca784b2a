//! Changes that others may make at the same time: who comes second looks again at what is there now.

use platform_ports::engine::{CommitError, Engine, EngineError, WriteSet};

/// How often in a row others may be faster.
const TRIES: u32 = 50;

/// Counts how often others were faster.
pub(super) struct Contention {
    over: String,
    lost: u32,
}

impl Contention {
    /// For a change of what is described so: "the queue of a key".
    pub fn over(what: impl Into<String>) -> Self {
        Self {
            over: what.into(),
            lost: 0,
        }
    }

    /// Notes that others were faster, and lets them go on.
    ///
    /// # Errors
    /// When they were each time.
    pub async fn lost(&mut self) -> Result<(), EngineError> {
        self.lost += 1;
        if self.lost >= TRIES {
            let why = format!("others changed {} each time", self.over);
            return Err(EngineError::HeldUp(why));
        }
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Notes that something was changed, so that all tries are left for the next change.
    pub fn won(&mut self) {
        self.lost = 0;
    }
}

/// Commits a write set that has no conditions on tables, unless others were faster; whether it did.
pub(crate) async fn commit(engine: &dyn Engine, write: WriteSet) -> Result<bool, EngineError> {
    match engine.commit(write).await {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict) => Ok(false),
        Err(error) => Err(into_engine_error(error)),
    }
}

/// The failure of a write set that has no conditions on tables.
pub(super) fn into_engine_error(error: CommitError) -> EngineError {
    match error {
        CommitError::Engine(error) => error,
        CommitError::OutboxFull => EngineError::OutboxFull,
        CommitError::Conflict => EngineError::HeldUp(error.to_string()),
        // Nothing of it has such a constraint, so no waiting mends it.
        CommitError::Taken(_)
        | CommitError::MissingReference(..)
        | CommitError::StillReferenced(_) => EngineError::Corrupt(error.to_string()),
    }
}
