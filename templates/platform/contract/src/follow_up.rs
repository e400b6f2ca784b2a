//! Commands that follow from what was done outside: the outcome of an effect, with its type taken off.

use serde_json::Value;
use uuid::Uuid;

use crate::Command;

/// A command of the same service that an effect's outcome comes back as.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUp {
    /// Its name.
    pub command: &'static str,
    /// The aggregate it is on; `None` when it creates.
    pub target: Option<Uuid>,
    /// Its input.
    pub input: Value,
}

/// What an outcome may come back as: a command of the service, or nothing.
pub trait IntoFollowUp {
    /// The command with its name and input, on `target`.
    fn follow_up(&self, target: Option<Uuid>) -> Option<FollowUp>;
}

impl IntoFollowUp for () {
    fn follow_up(&self, _: Option<Uuid>) -> Option<FollowUp> {
        None
    }
}

impl<C: Command> IntoFollowUp for C {
    fn follow_up(&self, target: Option<Uuid>) -> Option<FollowUp> {
        // An input without a JSON form is refused as invalid when its turn comes, visibly.
        Some(FollowUp {
            command: C::NAME,
            target,
            input: serde_json::to_value(self).unwrap_or_default(),
        })
    }
}
