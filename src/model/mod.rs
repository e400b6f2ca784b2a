//! The valid system: what a description means once every rule of the language holds.
//!
//! Values of this module are built by `validation` only; whoever holds a [`System`] may
//! rely on every name resolving and every reference being typed. Maps keep the order of the
//! description, so that what is generated reads in the order in which it was written.

mod aggregate;
mod command;
pub mod derived;
mod event;
mod given;
mod handler;
mod member;
mod names;
pub mod routes;
mod system;
mod types;

pub use aggregate::{Aggregate, Entity, State};
pub use command::{
    Change, Command, Emission, InputField, InputSource, Need, NeedKind, Presence, Refusal, Step,
    Transition,
};
pub use event::{Event, EventField, Query, QueryParameter};
pub use given::{FIRST_PORT, Given, Handler, HandlerKind, PARTITIONS};
pub use handler::{
    Backoff, Effect, Fill, OnRefusal, Policy, Replica, ReplicaField, Source, Target, Trigger,
};
pub use member::{Content, Input};
pub use names::{
    ContextName, Ident, MAX_LENGTH as MAX_NAME_LENGTH, StateName, SystemName, TypeName,
};
pub use system::{Broker, Context, Database, Scale, System};
pub use types::{
    Constraints, DecimalFormat, Default, EnumType, Field, Reference, Scalar, Type, TypePath,
    ValueType,
};
