//! Policies and effects.

use super::{RawAbout, RawDuration, RawPath, Spanned, Text};
use crate::description::declare::{choice, table};

table! {
    /// A policy: whenever an event, then a command of this context. It has exactly one of `on` and
    /// `every`.
    pub struct RawPolicy with about: RawAbout {
        /// The event that sets it off, of this context or of another.
        on: Option<Spanned<RawPath>>,
        /// How long after the event: a durable timer for each.
        after: Option<Spanned<RawDuration>> = "at once",
        /// The pause between two runs of a schedule, instead of an event.
        every: Option<Spanned<RawDuration>>,
        /// The command, of this context.
        then: Text,
        /// Which aggregates it is sent to: all that this query of the context finds.
        finds: Option<Text>,
        /// Which aggregate it is sent to: the one this field of the event refers to. Where that is absent, the
        /// policy does not fire.
        target: Option<Text> = "the event's only reference to such an aggregate, or its own; else the only one that may be absent",
        /// The list of the event whose elements each set it off once.
        each: Option<Text>,
        /// What a refusal of the command means.
        on_refusal: Option<Spanned<RawOnRefusal>> = "`\"ignore\"`",
    }
}

choice! {
    /// What a policy does when its command is refused.
    pub enum RawOnRefusal {
        /// It is counted and logged.
        Ignore = "ignore",
        /// The event goes to the dead letters.
        DeadLetter = "dead-letter",
    }
}

table! {
    /// An effect: something done in the outside world because of an event.
    pub struct RawEffect with about: RawAbout {
        /// The event that sets it off, of this context or of another.
        on: Spanned<RawPath>,
        /// How long one attempt may take.
        timeout: Option<Spanned<RawDuration>>,
        /// How often it is tried.
        attempts: Option<Spanned<u32>>,
        /// The pauses between attempts.
        backoff: Option<Spanned<RawBackoff>>,
        /// How long it is tried in all; stay below the horizon of the provider's idempotency keys.
        give_up_after: Option<Spanned<RawDuration>>,
        /// The command its success comes back as.
        succeeded: Option<Text>,
        /// The command its failure comes back as.
        failed: Option<Text>,
    }
}

table! {
    /// Pauses that double from the first to the longest.
    pub struct RawBackoff {
        /// The first pause.
        first: Option<Spanned<RawDuration>>,
        /// The longest pause.
        max: Option<Spanned<RawDuration>>,
    }
}
