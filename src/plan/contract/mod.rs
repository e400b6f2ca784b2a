//! The contract crate of a context: its published language. And what all contracts share.

mod aggregates;
mod commands;
mod events;
mod files;
mod fixtures;
mod values;

use crate::model::{Aggregate, Context, Entity, EnumType, Field, Presence, System, TypeName};

use super::members::{self, Member};
use super::names;
use super::spoken::article;
use super::types::{Place, Types};
use super::uses::Uses;
use super::value::{Spelling, Values};

pub(super) use files::files;

/// The declarations of one context's contract, or of the shared kernel.
struct Contract<'a> {
    system: &'a System,
    /// The context; empty for the shared kernel.
    context: &'a str,
    place: Place,
}

impl<'a> Contract<'a> {
    fn types(&self) -> Types<'a> {
        Types {
            context: self.context,
            place: self.place,
        }
    }

    fn values(&self) -> Values<'a> {
        Values {
            system: self.system,
            types: self.types(),
            spelling: Spelling::Exact,
        }
    }

    /// The id type of an aggregate or entity.
    fn id(&self, of: &str) -> String {
        self.types().id(&mut Uses::paths(), of)
    }

    /// A type of the contract's own.
    fn own(&self, name: &str) -> String {
        self.types().own(&mut Uses::paths(), name)
    }

    /// A field as a member that may lack as `presence` says.
    fn member(&self, field: &Field, presence: impl Into<Presence>) -> Member {
        let presence = presence.into();
        let ty = self.types().input(&mut Uses::paths(), field, presence);
        let doc = members::field_doc(field);
        Member::new(field.name.as_str(), ty, doc.as_deref()).shaped(presence, field.list)
    }

    /// A list of entities as a member.
    fn collection(&self, entity: &Entity) -> Member {
        let ty = format!("Vec<{}>", self.own(entity.name.as_str()));
        let doc = entity.doc.as_deref();
        Member::new(entity.collection.as_str(), ty, doc).shaped(false, true)
    }
}

/// The topic of an aggregate's events.
pub fn topic(system: &System, context: &Context, aggregate: &str) -> String {
    format!(
        "{}.{}.{}",
        system.name,
        context.name,
        names::snake(aggregate)
    )
}

/// An event's type without its version.
pub fn event_type(system: &System, context: &Context, event: &str) -> String {
    format!("{}.{}.{event}", system.name, context.name)
}

/// The states of an aggregate, as an enum; `None` when it has none.
pub fn status(aggregate: &Aggregate) -> Option<EnumType> {
    let values: Vec<String> = aggregate
        .states
        .iter()
        .map(|s| s.name.to_string())
        .collect();
    (!values.is_empty()).then(|| EnumType {
        name: TypeName::derived(&format!("{}Status", aggregate.name)),
        doc: Some(format!(
            "How far {} `{}` has come.",
            article(aggregate.name.as_str()),
            aggregate.name
        )),
        values,
        value_docs: std::collections::BTreeMap::new(),
    })
}
