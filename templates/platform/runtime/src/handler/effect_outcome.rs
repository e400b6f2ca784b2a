//! What the user's function says of an attempt, with the commands that outcomes come back as.

use uuid::Uuid;

use platform_contract::IntoFollowUp;

use super::ErasedOutcome;

/// What became of an attempt: `S` comes back when it succeeded, `F` when it failed for good; `()`
/// where nothing comes back.
#[derive(Debug, Clone, PartialEq)]
pub enum EffectOutcome<S, F> {
    /// Done.
    Done(S),
    /// Not yet, and why: it is tried again after a pause.
    Retry(String),
    /// Never.
    GiveUp(F),
}

impl<S: IntoFollowUp, F: IntoFollowUp> EffectOutcome<S, F> {
    /// The same with its types erased, with commands on `target` (absent when they create).
    pub fn erase(self, target: Option<Uuid>) -> ErasedOutcome {
        match self {
            Self::Done(done) => ErasedOutcome::Done(done.follow_up(target)),
            Self::Retry(why) => ErasedOutcome::Retry(why),
            Self::GiveUp(failed) => ErasedOutcome::GiveUp(failed.follow_up(target)),
        }
    }
}
