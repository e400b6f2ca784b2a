//! Events made from what an aggregate is, and choices between events.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, Emission, Event, Field, Ident, derived};
use crate::plan::rust::expr::{Expr, text};
use crate::plan::rust::names;
use crate::plan::services::{Service, certain, copies, own_fields, stored};
use crate::plan::view::{Moved, Name, TypeRef};

/// An event that is made from an aggregate.
#[derive(Debug, Serialize)]
pub(super) struct MadeEvent {
    /// Its type.
    event: TypeRef,
    /// The type of the aggregate, or of one that is about to be created.
    source: TypeRef,
    /// The members that it takes from there.
    members: Vec<Moved>,
    /// Those that are certain although the aggregate may lack them; `None` without any.
    certain: Option<Certain>,
}

/// The members of an event that are certain although the aggregate may lack them.
#[derive(Debug, Serialize)]
struct Certain {
    /// Their type, or a tuple of their types.
    #[serde(rename = "type")]
    ty: TypeRef,
    /// The variable that one is in, or a tuple of variables.
    pattern: Expr,
    /// Each with its variable.
    members: Vec<(Name, Name)>,
}

/// The events of a command that emits exactly one of them.
#[derive(Debug, Serialize)]
pub(super) struct Choice<'a> {
    /// The type of the choice.
    #[serde(rename = "type")]
    ty: Name,
    /// The name of the command in the description.
    command: &'a str,
    variants: Vec<Variant>,
}

/// An event that may be chosen.
#[derive(Debug, Serialize)]
struct Variant {
    /// Its variant.
    name: Name,
    /// The type of the event.
    event: TypeRef,
}

impl<'a> Service<'a> {
    /// The events of an aggregate without members of their own.
    pub(super) fn made_events(&self, aggregate: &Aggregate) -> Vec<MadeEvent> {
        let events = self.events_of(aggregate);
        let events = events.filter(|event| own_fields(event).next().is_none());
        let made = events.flat_map(|event| {
            let is_emitted = |creates: bool| {
                self.commands_of(aggregate).any(|command| {
                    (command.change == Change::Creates) == creates
                        && command.events().contains(&&event.name)
                })
            };
            let sources = [
                is_emitted(true).then(|| derived::new(&aggregate.name)),
                is_emitted(false).then(|| aggregate.name.to_string()),
            ];
            let sources = sources.into_iter().flatten();
            sources.map(|source| self.made_event(aggregate, event, &source))
        });
        made.collect()
    }

    fn made_event(&self, aggregate: &Aggregate, event: &Event, source: &str) -> MadeEvent {
        let is_certain = |name: &Ident| certain(event).any(|field| field.name == *name);
        let members = stored(event, aggregate).filter(|(name, _)| !is_certain(name));
        MadeEvent {
            event: self.own(&event.name),
            source: TypeRef::generated(source),
            members: members
                .map(|(name, it)| Moved::new(name, !copies(it)))
                .collect(),
            certain: self.certain(aggregate, event),
        }
    }

    /// What is certain of an event that is made from an aggregate.
    fn certain(&self, aggregate: &Aggregate, event: &Event) -> Option<Certain> {
        let fields: Vec<&Field> = certain(event).collect();
        let subject = names::variable_ident(&aggregate.name);
        let members = fields.iter().map(|field| {
            let name = Name::of_field(&field.name);
            (name.clone(), name.other_than(&[&subject]))
        });
        let members: Vec<(Name, Name)> = members.collect();
        let types = fields.iter().map(|field| text(self.types().field(field)));
        let variables = members.iter();
        let variables = variables.map(|(_, variable)| text(variable.to_string()));
        let (types, pattern) = (Expr::tuple(types), Expr::tuple(variables));
        (!fields.is_empty()).then(|| Certain {
            ty: types.to_string().into(),
            pattern,
            members,
        })
    }

    /// The events that a command emits exactly one of; `None` where it does not choose.
    pub(super) fn choice(&self, command: &'a Command) -> Option<Choice<'a>> {
        let is_choice = |emission: &&Emission| matches!(emission, Emission::OneOf(_));
        let events = command.emits.iter().find(is_choice)?.events();
        let variants = events.into_iter().map(|event| Variant {
            name: Name::of_type(event),
            event: self.own(event),
        });
        Some(Choice {
            ty: Name::of_type(&derived::one_of(&command.name)),
            command: &command.name,
            variants: variants.collect(),
        })
    }
}
