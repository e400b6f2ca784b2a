//! What the consumer asks of a handler, whichever sort it is.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::deferred::Wanted;
use crate::Runtime;
use crate::context::Context;
use platform_contract::envelope::{DecodeError, Envelope};
use platform_contract::schema::Schema;
use platform_ports::engine::{
    CommitError, DocumentWrite, Engine, EngineError, Found, Generation, Peek, SaveTo,
};

/// What a handler is, and what it reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    /// Its id.
    pub handler: &'static str,
    /// The topic it reads.
    pub topic: &'static str,
    /// The context that owns the topic.
    pub owner: &'static str,
    /// The kind of aggregate in it, in snake case.
    pub aggregate_type: &'static str,
    /// A projection's table.
    pub projection: Option<&'static Schema>,
    /// The hold before its effects are committed.
    pub before_commit: &'static str,
}

/// A handler at work on one generation.
#[derive(Clone)]
pub(super) struct Scope {
    pub runtime: Arc<Runtime>,
    pub reactor: Arc<dyn Reactor>,
    pub about: About,
    pub generation: Generation,
}

/// What a message makes happen, committed with the applied sequence that moves over it.
#[derive(Debug, Default)]
pub(super) struct Reaction {
    /// What becomes of the projection's row.
    pub row: Option<SaveTo>,
    /// Commands, jobs, cursors.
    pub documents: Vec<DocumentWrite>,
    /// Whether the message has to come again for the rest of what it makes happen.
    pub unfinished: bool,
}

/// Why a message had no effect.
#[derive(Debug)]
pub(super) enum Failure {
    /// It is of a newer version than is known here: it waits for an upgrade.
    Newer(String),
    /// The message, or what is made of it, is at fault.
    Poison(String),
    /// Something passing, which says nothing of the message.
    Passing(EngineError),
}

/// A replica, a policy or an effect.
#[async_trait]
pub(super) trait Reactor: Send + Sync {
    /// What it is.
    fn about(&self) -> About;

    /// What a message makes happen that is due. `row` is there for projections; `peek` is of the begin of
    /// the run, and tells of cursors too.
    async fn react(
        &self,
        scope: &Scope,
        envelope: &Envelope,
        row: &Found,
        peek: &Peek,
    ) -> Result<Reaction, Failure>;

    /// What a policy wants of a target that was not there when the event came.
    async fn wants(
        &self,
        _: &dyn Engine,
        _: &Envelope,
        _: usize,
        _: Uuid,
        _: &Context,
    ) -> Result<Wanted, Failure> {
        Ok(Wanted::Nothing)
    }
}

/// The handlers of a service, by their ids.
pub(super) type Reactors = BTreeMap<&'static str, Arc<dyn Reactor>>;

impl Scope {
    /// The handler at work on this generation.
    pub fn new(runtime: Arc<Runtime>, reactor: Arc<dyn Reactor>, generation: Generation) -> Self {
        let about = reactor.about();
        Self {
            runtime,
            reactor,
            about,
            generation,
        }
    }

    /// The same handler at work on another generation.
    pub fn at(&self, generation: Generation) -> Self {
        Self {
            generation,
            ..self.clone()
        }
    }

    /// What the keys of all its documents start with.
    pub fn prefix(&self) -> String {
        format!("{}/{}/", self.about.handler, self.generation)
    }

    /// The key of the cursor over what an event makes happen.
    pub fn cursor(&self, event: &Envelope) -> String {
        format!("{}/{}", self.group(event.subject), event.id)
    }

    /// The group of its documents about an aggregate.
    pub fn group(&self, aggregate: Uuid) -> String {
        format!("{}/{}/{aggregate}", self.about.handler, self.generation)
    }
}

impl From<EngineError> for Failure {
    /// What the engine cannot store or read for good is the message's fault.
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unavailable(_) | EngineError::HeldUp(_) | EngineError::OutboxFull => {
                Self::Passing(error)
            }
            EngineError::Corrupt(_) | EngineError::BadCursor => Self::Poison(error.to_string()),
        }
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::NewerVersion { .. } => Self::Newer(error.to_string()),
            _ => Self::Poison(error.to_string()),
        }
    }
}

/// Why a write set was not applied, as far as a handler has to tell.
#[derive(Debug)]
pub(super) enum NotCommitted {
    /// Read again, and try again.
    Conflict,
    /// See [`Failure`].
    Failed(Failure),
}

impl From<CommitError> for NotCommitted {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::OutboxFull => Self::Failed(Failure::Passing(EngineError::OutboxFull)),
            CommitError::Engine(error) => Self::Failed(error.into()),
            CommitError::Taken(_)
            | CommitError::MissingReference(..)
            | CommitError::StillReferenced(_) => Self::Failed(Failure::Poison(error.to_string())),
        }
    }
}

/// Runs the user's function; a panic in it is the message's fault, and nobody else's.
pub(super) fn guarded<T>(function: impl FnOnce() -> T) -> Result<T, Failure> {
    // What the closure borrows is not looked at again after a panic.
    catch_unwind(AssertUnwindSafe(function))
        .map_err(|panic| Failure::Poison(format!("the handler panicked: {}", said(&*panic))))
}

/// The message of a panic.
pub(super) fn said(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
