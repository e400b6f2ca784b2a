//! What a service says of its aggregates and commands; the generated code implements it, and the
//! unit of work runs it.

use std::fmt::Debug;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::unit_of_work::CommandKind;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_contract::{AggregateType, Command, Emitted, Event};
use platform_ports::engine::{Check, Engine, EngineError};

/// What the runtime keeps of every aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta<I> {
    /// Its id.
    pub id: I,
    /// How many events it has emitted: the last event's sequence, and the ETag.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl<I: From<uuid::Uuid>> Default for Meta<I> {
    /// The meta data of an aggregate that was never saved.
    fn default() -> Self {
        let epoch = Timestamp::constant(0);
        Self {
            id: I::from(uuid::Uuid::nil()),
            version: 0,
            created_at: epoch,
            updated_at: epoch,
        }
    }
}

/// An aggregate root as its service holds it. Its serde form is its members without [`Meta`],
/// `status` among them where it has states.
pub trait Aggregate: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// Its published identity.
    type Type: AggregateType;
    /// How it is stored.
    const SCHEMA: &'static Schema;
    /// The initial status, where it has states.
    const INITIAL_STATUS: Option<&'static str>;
    /// The members its snapshots publish: all that some event carries.
    const PUBLISHED: &'static [&'static str];

    /// What callers are shown.
    type View: Serialize + Send + Sync + 'static;

    /// What the runtime keeps of it.
    fn meta(&self) -> &Meta<<Self::Type as AggregateType>::Id>;

    /// Its id.
    fn id(&self) -> <Self::Type as AggregateType>::Id {
        self.meta().id
    }

    /// Its version: how many events it has emitted.
    fn version(&self) -> u64 {
        self.meta().version
    }

    /// Gives it its meta data; for the runtime, after loading.
    fn set_meta(&mut self, meta: Meta<<Self::Type as AggregateType>::Id>);

    /// What callers are shown: everything but hidden members.
    fn view(&self) -> Self::View;
}

/// How the commands of a service use an aggregate, as constants.
#[derive(Debug)]
pub struct Access {
    /// The statuses the command is allowed in; empty: any.
    pub from: &'static [&'static str],
    /// What becomes of the status.
    pub to: StatusChange,
    /// The members it may change: its input and its `sets`; not asked of creations.
    pub writes: &'static [&'static str],
}

/// What a command makes of the status.
#[derive(Debug)]
pub enum StatusChange {
    /// It stays as it was.
    Unchanged,
    /// It becomes this one.
    To(&'static str),
    /// It becomes the one that belongs to the emitted event's type (without version).
    ByEvent(&'static [(&'static str, &'static str)]),
}

/// A command with all a unit of work has to know of it. `D` is the service's own type whose functions
/// decide: commands belong to the contract, decisions to the service.
pub trait Decision<D: 'static>: Command {
    /// The aggregate it changes.
    type Aggregate: Aggregate;
    /// What it looks at; `()` when it declares no needs.
    type Needs: Needed<D, Self>;
    /// What it emits.
    type Events: Emitted;
    /// What it does to the aggregate: [`Creates`], [`Updates`] or [`Deletes`] it.
    type Kind: CommandKind<D, Self>;
    /// The user's function that decides.
    const DECIDE: Self::Kind;
    /// How it uses the aggregate.
    const ACCESS: Access;

    /// Reads what the decision looks at; what is read becomes part of the unit of work's read set.
    ///
    /// # Errors
    /// When the engine cannot answer.
    fn needs(
        &self,
        aggregate: Option<&Self::Aggregate>,
        reads: &mut Reads<'_>,
    ) -> impl Future<Output = Result<Self::Needs, EngineError>> + Send {
        Self::Needs::read(self, aggregate, reads)
    }
}

/// What a decision looks at, and how it is read.
pub trait Needed<D: 'static, C: Decision<D>>: Sized + Send + Sync {
    /// Reads it for `command` on `aggregate` (absent when the command creates).
    ///
    /// # Errors
    /// When the engine cannot answer.
    fn read(
        command: &C,
        aggregate: Option<&C::Aggregate>,
        reads: &mut Reads<'_>,
    ) -> impl Future<Output = Result<Self, EngineError>> + Send;
}

impl<D: 'static, C: Decision<D>> Needed<D, C> for () {
    async fn read(_: &C, _: Option<&C::Aggregate>, _: &mut Reads<'_>) -> Result<Self, EngineError> {
        Ok(())
    }
}

/// The aggregate a command changes, for needs that are found by its members.
///
/// # Errors
/// When there is none, which only a command that creates can have.
pub fn existing<A>(aggregate: Option<&A>) -> Result<&A, EngineError> {
    aggregate.ok_or_else(|| EngineError::Corrupt("a need of an aggregate that is not there".into()))
}

/// What comes of the user's function that decides.
type Decided<C, T> = Result<T, <C as Command>::Refusal>;

/// The command creates: the user's function makes a new aggregate, its members without [`Meta`] and status.
#[allow(
    clippy::type_complexity,
    reason = "the signature of the user's function"
)]
pub enum Creates<D: 'static, C: Decision<D>, N> {
    /// Of what the command brings.
    Alone(fn(C, &Context) -> Decided<C, (N, C::Events)>),
    /// Of that, and of what it needs.
    WithNeeds(fn(C, &C::Needs, &Context) -> Decided<C, (N, C::Events)>),
}

/// The command changes: the user's function does that to the aggregate.
#[allow(
    clippy::type_complexity,
    reason = "the signature of the user's function"
)]
pub enum Updates<D: 'static, C: Decision<D>> {
    /// By what the command brings.
    Alone(fn(&mut C::Aggregate, C, &Context) -> Decided<C, C::Events>),
    /// By that, and by what it needs.
    WithNeeds(fn(&mut C::Aggregate, C, &C::Needs, &Context) -> Decided<C, C::Events>),
}

/// The command deletes, where the user's function does not refuse.
#[allow(
    clippy::type_complexity,
    reason = "the signature of the user's function"
)]
pub enum Deletes<D: 'static, C: Decision<D>> {
    /// By what the command brings.
    Alone(fn(&C::Aggregate, C, &Context) -> Decided<C, C::Events>),
    /// By that, and by what it needs.
    WithNeeds(fn(&C::Aggregate, C, &C::Needs, &Context) -> Decided<C, C::Events>),
}

/// An event made from what an aggregate is now, when it has no members of its own.
pub trait EventOf<Source>: Event {
    /// The event with its members taken from `source`.
    fn of(source: &Source) -> Self;
}

/// An event made from what an aggregate is now, and from what is certain now although the aggregate may lack
/// it, when it has no members of its own.
pub trait EventWith<Source>: Event {
    /// What is certain: a value, or a tuple of them in the order of the event's members.
    type Certain;

    /// The event with its other members taken from `source`.
    fn of(source: &Source, certain: Self::Certain) -> Self;
}

/// What a decision reads, collected as the read set of its unit of work.
pub struct Reads<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// What must still hold when the unit of work commits.
    pub checks: Vec<Check>,
}
