//! The contract crate of a context: its published language.

mod aggregates;
mod commands;
mod events;
mod kinds;
mod values;

use serde::Serialize;

use crate::model::{Aggregate, Context, Entity, EnumType, Field, Presence, System, TypeName};

use super::members::{self, Member};
use super::names;
use super::spoken::article;
use super::types::{Place, Types};
use super::uses::Uses;
use super::value::{Spelling, Values};

/// A file of declarations: what it imports, and its items.
#[derive(Debug, Serialize)]
pub struct Items<T> {
    /// Its `use` declarations.
    pub uses: String,
    /// Its items.
    pub items: Vec<T>,
}

/// Renders the declarations of one context's contract, or of the shared kernel.
pub struct Contract<'a> {
    /// The system.
    pub system: &'a System,
    /// The context; empty for the shared kernel.
    pub context: &'a str,
    /// Where it is written.
    pub place: Place,
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

    fn member(&self, uses: &mut Uses, field: &Field, presence: impl Into<Presence>) -> Member {
        let presence = presence.into();
        let ty = self.types().input(uses, field, presence);
        let doc = members::field_doc(field);
        Member::new(field.name.as_str(), ty, doc.as_deref()).shaped(presence, field.list)
    }

    fn collection(&self, uses: &mut Uses, entity: &Entity) -> Member {
        let ty = self.types().own(uses, entity.name.as_str());
        Member::new(
            entity.collection.as_str(),
            format!("Vec<{ty}>"),
            entity.doc.as_deref(),
        )
        .shaped(false, true)
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

fn derive_uses(uses: &mut Uses) {
    uses.take("serde", "Deserialize");
    uses.take("serde", "Serialize");
}
