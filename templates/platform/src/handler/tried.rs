//! What the user's function says of an attempt, with the commands that outcomes come back as.

use uuid::Uuid;

use super::{Follow, Outcome};
use crate::contract::Command;

/// What became of an attempt: `S` comes back when it succeeded, `F` when it failed for good; `()`
/// where nothing comes back.
#[derive(Debug, Clone, PartialEq)]
pub enum Tried<S, F> {
    /// Done.
    Done(S),
    /// Not yet, and why: it is tried again after a pause.
    Retry(String),
    /// Never.
    GiveUp(F),
}

impl<S: Follows, F: Follows> Tried<S, F> {
    /// The outcome, with commands on `target` (absent when they create).
    pub fn outcome(self, target: Option<Uuid>) -> Outcome {
        match self {
            Self::Done(done) => Outcome::Done(done.follow(target)),
            Self::Retry(why) => Outcome::Retry(why),
            Self::GiveUp(failed) => Outcome::GiveUp(failed.follow(target)),
        }
    }
}

/// What an outcome may come back as: a command of the service, or nothing.
pub trait Follows {
    /// The command with its name and input, on `target`.
    fn follow(&self, target: Option<Uuid>) -> Option<Follow>;
}

impl Follows for () {
    fn follow(&self, _: Option<Uuid>) -> Option<Follow> {
        None
    }
}

impl<C: Command> Follows for C {
    fn follow(&self, target: Option<Uuid>) -> Option<Follow> {
        // An input without a JSON form is refused as invalid when its turn comes, visibly.
        Some(Follow {
            command: C::NAME,
            target,
            input: serde_json::to_value(self).unwrap_or_default(),
        })
    }
}
