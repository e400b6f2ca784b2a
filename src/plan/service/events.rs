//! Events made from what an aggregate is, and choices between events.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, Emission, derived};
use crate::plan::spoken::sentence;
use crate::plan::view::{Doc, Moved, Name, TypeRef};

use super::{Service, one_of};

/// An event that is made from an aggregate.
#[derive(Debug, Serialize)]
pub(super) struct MadeEvent {
    /// Its type.
    event: TypeRef,
    /// The type of the aggregate, or of one that is about to be created.
    source: TypeRef,
    /// The members that it carries.
    members: Vec<Moved>,
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
    /// What is said of it.
    doc: Doc,
    /// Its variant.
    name: Name,
    /// The type of the event.
    event: TypeRef,
}

impl<'a> Service<'a> {
    /// The events of an aggregate without members of their own.
    pub(super) fn made_events(&self, aggregate: &Aggregate) -> Vec<MadeEvent> {
        let of = aggregate.name.as_str();
        let events = self.context.events.values();
        let events = events.filter(|event| {
            event.aggregate == aggregate.name && self.event_own(event.name.as_str()).is_empty()
        });
        let made = events.flat_map(|event| {
            let emitted = |creates: bool| {
                self.commands_of(aggregate).any(|command| {
                    (command.change == Change::Creates) == creates
                        && command.events().contains(&&event.name)
                })
            };
            let name = event.name.as_str();
            let sources = [
                (emitted(true), derived::new(of)),
                (emitted(false), of.to_owned()),
            ];
            let sources = sources.into_iter().filter(|(is_emitted, _)| *is_emitted);
            sources.map(move |(_, source)| self.made_event(name, &source))
        });
        made.collect()
    }

    fn made_event(&self, event: &str, source: &str) -> MadeEvent {
        let members = self.event_state(event).into_iter();
        MadeEvent {
            event: self.own(event),
            source: TypeRef::generated(source),
            members: members
                .map(|(name, copied)| Moved::new(&name, !copied))
                .collect(),
        }
    }

    /// The events that a command emits exactly one of; `None` where it does not choose.
    pub(super) fn choice(&self, command: &'a Command) -> Option<Choice<'a>> {
        let chosen = |emission: &&Emission| matches!(emission, Emission::OneOf(_));
        let events = command.emits.iter().find(chosen)?.events();
        let variants = events.iter().map(|event| Variant {
            doc: Doc::of(&sentence(event.as_str())),
            name: Name::of_type(event.as_str()),
            event: self.own(event.as_str()),
        });
        Some(Choice {
            ty: Name::of_type(&one_of(command)),
            command: command.name.as_str(),
            variants: variants.collect(),
        })
    }
}
