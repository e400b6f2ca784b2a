//! What reacts to events: replicas, policies and effects.

use indexmap::IndexMap;

use super::{ContextName, Ident, TypeName};

/// A local read-only copy of what another context owns.
#[derive(Debug, Clone, PartialEq)]
pub struct Replica {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// The context that owns the source.
    pub context: ContextName,
    /// The aggregate it copies.
    pub aggregate: TypeName,
    /// The copied fields, in order.
    pub fields: Vec<ReplicaField>,
    /// How old it may be before it counts as stale, in milliseconds.
    pub stale_after_ms: u64,
}

/// A copied field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaField {
    /// The source's field, or `status`.
    pub name: Ident,
    /// Whether the copy may lack it although the source has it: not every creating event carries it.
    pub may_be_unknown: bool,
}

/// Whenever an event, then a command of this context.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// What sets it off.
    pub trigger: Trigger,
    /// The command, of this context.
    pub then: TypeName,
    /// The list field of the event whose elements each set it off once.
    pub each: Option<Ident>,
    /// Which aggregates the command is sent to.
    pub target: Target,
    /// Where each input of the command comes from; `None`: left to the user's function.
    pub inputs: IndexMap<Ident, Option<Fill>>,
    /// What a refusal of the command means.
    pub on_refusal: OnRefusal,
}

/// An event of some context.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trigger {
    /// The context that emits it.
    pub context: ContextName,
    /// The event.
    pub event: TypeName,
}

/// Which aggregates a policy's command is sent to.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// None: the command creates one.
    New,
    /// The one whose id this gives.
    Id(Fill),
    /// Every one a query of this context finds.
    Query {
        /// The query.
        query: TypeName,
        /// Where each of its parameters comes from.
        with: IndexMap<Ident, Fill>,
    },
}

/// What a policy does when its command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnRefusal {
    /// Counts and logs it.
    #[default]
    Ignore,
    /// Puts it among the dead letters.
    DeadLetter,
}

/// A value taken from somewhere, and whether it has to be converted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    /// Where it is taken from.
    pub source: Source,
    /// Whether the types are structurally equal value objects (or enums of the same values)
    /// declared in different places, so that the value is rebuilt member by member.
    pub structural: bool,
}

/// Where a value is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The id of the event's aggregate.
    EventAggregateId,
    /// A field of the event.
    EventField(Ident),
    /// The element of the event's list that `each` names, where it is a scalar or a value object.
    Element,
    /// A field of that element.
    ElementField(Ident),
    /// The id of the aggregate the command is on.
    AggregateId,
    /// A field of the aggregate the command is on (for needs).
    AggregateField(Ident),
    /// An input of the command (for needs).
    Input(Ident),
}

/// Something done in the outside world because of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// Its name.
    pub name: TypeName,
    /// What the description says of it.
    pub doc: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// The event, of this context or another.
    pub trigger: Trigger,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// How often it is tried, at least 1.
    pub attempts: u32,
    /// The pauses between attempts.
    pub backoff: Backoff,
    /// How long it is tried in all, in milliseconds.
    pub give_up_after_ms: u64,
    /// The command its success comes back as.
    pub succeeded: Option<TypeName>,
    /// The command its failure comes back as.
    pub failed: Option<TypeName>,
    /// Where the id of the aggregate that the outcome's command is on comes from; `None` when
    /// there is no such command or it creates.
    pub target: Option<Fill>,
}

/// Pauses that double from `first` to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause, in milliseconds.
    pub first_ms: u64,
    /// The longest pause, in milliseconds.
    pub max_ms: u64,
}
