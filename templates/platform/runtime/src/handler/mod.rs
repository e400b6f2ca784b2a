//! What reacts to events: replicas, policies and effects, as the generated code describes them.

pub mod applied_sequence;
mod batch;
mod blocked_queue;
mod causality;
mod command;
mod consumer;
pub(crate) mod contention;
pub mod dead_letters;
mod deferred;
mod dispatcher;
mod due;
mod effect;
mod effect_outcome;
mod effect_worker;
mod erasure;
mod event_handler;
mod execution;
mod failing;
mod first_start;
mod gaps;
mod generation_state;
mod handler_error;
mod handler_state;
mod heads;
mod key_state;
mod maintenance;
mod message;
mod metrics;
mod operators;
mod outbox;
mod parked;
mod partition;
mod policy;
mod poller;
mod positions;
mod processor;
mod recovery;
mod registry;
mod release;
mod replica;
mod status;
mod stuck;
mod supervisor;
mod upcaster;
mod wake_ups;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::context::Context;
use crate::decision::Aggregate;
use crate::query::Query;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_contract::{AggregateType, Command, Event, FollowUp, Recorded};
use platform_ports::engine::Find;

pub(crate) use erasure::{ErasedKey, erase_commands_on};
pub use status::HandlerStatus;

pub use effect_outcome::EffectOutcome;
pub use registry::{Handlers, NotReady, ReplayError};
pub use replica::{CLOCK_TOLERANCE_MS, read};
pub use upcaster::Upcaster;

/// How many targets of a policy are read at a time.
const TARGETS_PAGE: u32 = 500;

/// A local read-only copy of what another context owns. Its serde form is the copied members.
pub trait Replicated:
    Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync + 'static
{
    /// The handler's id, given once and kept for good.
    const HANDLER: &'static str;
    /// The aggregate it copies.
    type Of: AggregateType;
    /// How the copies are stored, by generation.
    const SCHEMA: &'static Schema;
    /// How old a copy may be before it counts as stale, in milliseconds.
    const STALE_AFTER_MS: u64;

    /// One for each event that carries something of what is copied: a version of it that is newer than
    /// the latest known here waits for an upgrade.
    const UPCASTERS: &'static [Upcaster];
}

/// A copy as a decision sees it.
#[derive(Debug, Clone, PartialEq)]
pub enum Replica<T> {
    /// A copy, with its age.
    Known(Aged<T>),
    /// The owner deleted it.
    Deleted,
    /// Not seen yet: it may exist.
    Unknown,
}

/// A copy with its age.
#[derive(Debug, Clone, PartialEq)]
pub struct Aged<T> {
    /// The copy.
    pub value: T,
    /// How old it may be, in milliseconds: everything up to that long ago is in it.
    pub age_ms: u64,
    /// The age from which it counts as stale, in milliseconds.
    pub stale_after_ms: u64,
}

impl<T> Aged<T> {
    /// How old it may be.
    pub fn age(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.age_ms)
    }

    /// Whether it is older than the description allows.
    pub fn is_stale(&self) -> bool {
        self.age_ms > self.stale_after_ms
    }
}

impl<T> std::ops::Deref for Aged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Whenever an event, then a command of this service.
pub trait Policy: Send + Sync + 'static {
    /// The handler's id, given once and kept for good.
    const HANDLER: &'static str;
    /// The event.
    type On: Event;
    /// The command.
    type Then: Command;
    /// The aggregate the command is on.
    type Target: Aggregate;
    /// Whether a refusal goes to the dead letters instead of being counted only.
    const DEAD_LETTER_REFUSALS: bool;

    /// The aggregates the command is sent to.
    fn targets(event: &Recorded<Self::On>, element: usize) -> Targets;

    /// How many elements of the event set it off; 1 without `each`.
    fn elements(event: &Recorded<Self::On>) -> usize {
        let _ = event;
        1
    }

    /// The user's function: the command for a target, or none. `target` is absent when the command
    /// creates.
    fn react(
        event: &Recorded<Self::On>,
        element: usize,
        target: Option<&Self::Target>,
        context: &Context,
    ) -> Option<Self::Then>;
}

/// The aggregates a policy's command is sent to.
#[derive(Debug)]
pub enum Targets {
    /// None: it creates one.
    New,
    /// This one.
    One(Uuid),
    /// No one: the event's optional reference is absent.
    Nobody,
    /// All that this search finds.
    Found(Box<Find>),
    /// Nobody can tell: the question has no JSON form, and why.
    Unasked(String),
}

impl Targets {
    /// All that a query finds.
    pub fn found(query: &impl Query) -> Self {
        match query.find(TARGETS_PAGE) {
            Ok(find) => Self::Found(Box::new(find)),
            Err(error) => Self::Unasked(error.to_string()),
        }
    }
}

/// Something done in the outside world because of an event.
pub trait Effect: Send + Sync + 'static {
    /// The handler's id, given once and kept for good.
    const HANDLER: &'static str;
    /// The event.
    type On: Event;
    /// How often it is tried, how long and with which pauses.
    const ATTEMPTS: Attempts;

    /// One attempt: the user's function.
    fn attempt(
        &self,
        event: &Recorded<Self::On>,
        attempt: &Attempt,
    ) -> impl Future<Output = ErasedOutcome> + Send;

    /// What to say when attempts have run out: the user's function.
    fn gave_up(&self, event: &Recorded<Self::On>, why: &str) -> Option<FollowUp>;
}

/// How an effect is tried.
#[derive(Debug, Clone, Copy)]
pub struct Attempts {
    /// How often, at least 1.
    pub limit: u32,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// The first pause, in milliseconds; later ones double.
    pub first_pause_ms: u64,
    /// The longest pause, in milliseconds.
    pub max_pause_ms: u64,
    /// How long in all, in milliseconds; below the horizon of providers' idempotency keys.
    pub give_up_after_ms: u64,
}

/// What one attempt knows of itself.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The same for every attempt at the same event: hand it to the provider.
    pub idempotency_key: Uuid,
    /// The number of this attempt, from 1.
    pub number: u32,
    /// When it started.
    pub now: Timestamp,
}

/// What became of an attempt, whatever comes back: an [`EffectOutcome`] without its types.
#[derive(Debug)]
pub enum ErasedOutcome {
    /// Done; the outcome comes back as this command, if any.
    Done(Option<FollowUp>),
    /// Not yet, and why: it is tried again after a pause.
    Retry(String),
    /// Never; the outcome comes back as this command, if any.
    GiveUp(Option<FollowUp>),
}
