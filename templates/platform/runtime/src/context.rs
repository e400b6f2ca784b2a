//! What a decision knows of the request besides the command.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::clock;
use platform_contract::value::{CorrelationId, Timestamp};

/// The caller, the time and the origin of a command; a decision reads nothing else from outside.
#[derive(Debug)]
pub struct Context {
    /// Who asks.
    pub caller: Caller,
    /// The time of the command, in UTC.
    pub now: Timestamp,
    /// The id of this command: the message's, or one made for the request.
    pub command_id: Uuid,
    /// The id that all messages share which one request set off.
    pub correlation: CorrelationId,
    /// The trace the command belongs to (W3C Trace Context).
    pub traceparent: Option<String>,
    made: AtomicU64,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Somebody from outside; the system declares no `auth`.
    Anonymous,
    /// A handler of this service, by its id.
    Handler(String),
}

impl Caller {
    /// A stable text for it, as in idempotency keys.
    pub fn key(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Handler(id) => id,
        }
    }
}

impl Clone for Context {
    /// A context for deciding the same command again: entities get the same ids.
    fn clone(&self) -> Self {
        Self {
            caller: self.caller.clone(),
            now: self.now,
            command_id: self.command_id,
            correlation: self.correlation.clone(),
            traceparent: self.traceparent.clone(),
            made: AtomicU64::new(0),
        }
    }
}

impl Context {
    /// A context for the command `command_id`.
    pub fn new(
        caller: Caller,
        now: Timestamp,
        command_id: Uuid,
        correlation: impl Into<CorrelationId>,
    ) -> Self {
        Self {
            caller,
            now: clock::told(now),
            command_id,
            correlation: correlation.into(),
            traceparent: None,
            made: AtomicU64::new(0),
        }
    }

    /// An id for a new entity: the same again when the same command is decided again.
    pub fn new_id<I: From<Uuid>>(&self) -> I {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        I::from(Uuid::new_v5(&self.command_id, &number.to_be_bytes()))
    }
}
