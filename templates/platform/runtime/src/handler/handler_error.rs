//! Why a handler could not do its part: what is the message's fault, and what passes by itself.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use platform_contract::envelope::DecodeError;
use platform_ports::engine::{CommitError, EngineError};

/// Why a message had no effect.
#[derive(Debug)]
pub(super) enum HandlerError {
    /// It is of a newer version than is known here: it waits for an upgrade.
    NewerVersion(String),
    /// The message, or what is made of it, is at fault.
    Poison(String),
    /// Something that passes by itself, and says nothing of the message.
    Transient(EngineError),
}

impl From<EngineError> for HandlerError {
    /// What the engine cannot store or read for good is the message's fault.
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unavailable(_) | EngineError::HeldUp(_) | EngineError::OutboxFull => {
                Self::Transient(error)
            }
            EngineError::Corrupt(_) | EngineError::BadCursor => Self::Poison(error.to_string()),
        }
    }
}

impl From<DecodeError> for HandlerError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::NewerVersion { .. } => Self::NewerVersion(error.to_string()),
            _ => Self::Poison(error.to_string()),
        }
    }
}

/// Why a write set was not applied, as far as a handler has to tell.
#[derive(Debug)]
pub(super) enum NotCommitted {
    /// Read again, and try again.
    Conflict,
    /// See [`HandlerError`].
    Failed(HandlerError),
}

impl From<CommitError> for NotCommitted {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::OutboxFull => {
                Self::Failed(HandlerError::Transient(EngineError::OutboxFull))
            }
            CommitError::Engine(error) => Self::Failed(error.into()),
            CommitError::Taken(_)
            | CommitError::MissingReference(..)
            | CommitError::StillReferenced(_) => {
                Self::Failed(HandlerError::Poison(error.to_string()))
            }
        }
    }
}

/// Runs the user's function; a panic in it is the message's fault, and nobody else's.
pub(super) fn guarded<T>(function: impl FnOnce() -> T) -> Result<T, HandlerError> {
    // What the closure borrows is not looked at again after a panic.
    catch_unwind(AssertUnwindSafe(function)).map_err(|panic| {
        HandlerError::Poison(format!("the handler panicked: {}", panic_message(&*panic)))
    })
}

/// The message of a panic.
pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
