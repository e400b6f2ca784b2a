//! The description as written: a type for every table of the language, with the place of each value.
//!
//! Names are not resolved here and values are not checked against each other: that is validation's.
//! The doc comments are the reference of the language: `docs/reference.md` and the JSON Schema are
//! made from them.

mod aggregate;
mod command;
mod common;
mod context;
mod event;
mod field;
mod gateway;
mod handler;
mod literal;
mod read_model;
mod saga;
mod system;
mod type_expr;

pub use aggregate::{RawAggregate, RawEntity, RawEnum, RawValueType};
pub use command::{
    RawCommand, RawEmission, RawOneOf, RawRefusal, RawRefusalTable, RawTo, RawTransition,
};
pub use common::{
    RawAbout, RawCarried, RawDeprecation, RawDuration, RawMember, RawPath, RawWord, RawWordTable,
};
pub use context::{RawCache, RawContext, RawFlag, RawFlagTable, RawScale};
pub use event::{RawEvent, RawOrder, RawQuery, RawReplica};
pub use field::{RawField, RawFieldKeys, RawFieldTable, RawTypeKeys};
pub use gateway::{RawComposition, RawGateway, RawPart};
pub use handler::{RawBackoff, RawEffect, RawOnRefusal, RawPolicy};
pub use literal::{RawBound, RawLiteral};
pub use read_model::{
    MemberPath, RawCall, RawColumn, RawColumnTable, RawFallback, RawMeasure, RawReadModel,
};
pub use saga::{RawSaga, RawStep};
pub use system::{
    RawAuth, RawBroker, RawDatabase, RawDocument, RawLevel, RawRule, RawRuleTable, RawSystem,
    RawWaiver,
};
pub use type_expr::{RawType, RawTypeExpr};

pub use super::parse::{Keyed, Map, OneOrMany, Spanned};

/// A text and where it stands.
pub type Text = Spanned<String>;

/// Stands for any table where only that it is one matters.
pub(super) fn no_table() -> super::shape::TableShape {
    super::shape::TableShape {
        name: "",
        doc: String::new(),
        keys: Vec::new(),
    }
}
