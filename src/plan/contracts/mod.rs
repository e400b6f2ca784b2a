//! The contract crate of a context: its published language. And what all contracts share.

mod aggregates;
mod commands;
mod events;
mod files;
mod fixtures;
mod values;

use crate::model::{Aggregate, Content, Context, EnumType, Presence, System, TypeName};

use super::prose::article;
use crate::plan::rust::{Place, Spelling, Types, Values, names};
use crate::plan::view::{Column, constant};

pub(super) use self::files::files;

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
            imports: None,
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
        self.types().id(of)
    }

    /// A type of the contract's own.
    fn own(&self, name: &str) -> String {
        self.types().own(name)
    }

    /// How the runtime knows what commands and events carry, also what no answer shows.
    fn column(&self, content: Content<'_>, presence: impl Into<Presence>) -> Column {
        match content {
            Content::Field(field) => Column {
                hidden: false,
                ..Column::of(field, presence, self.place)
            },
            Content::Entities(entity) => {
                let kind = constant("crate", entity.name.as_str());
                Column {
                    list: true,
                    ..Column::new(entity.collection.as_str(), kind, presence)
                }
            }
        }
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
