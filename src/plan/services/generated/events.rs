//! Events made from what an aggregate is, and choices between events.

use serde::Serialize;

use crate::model::{Aggregate, Change, Command, Emission, Event, derived};
use crate::plan::prose::sentence;
use crate::plan::services::{Service, copies, own_fields, stored};
use crate::plan::view::{Doc, Moved, Name, TypeRef};

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
        let members = stored(event, aggregate);
        MadeEvent {
            event: self.own(&event.name),
            source: TypeRef::generated(source),
            members: members
                .map(|(name, it)| Moved::new(name, !copies(it)))
                .collect(),
        }
    }

    /// The events that a command emits exactly one of; `None` where it does not choose.
    pub(super) fn choice(&self, command: &'a Command) -> Option<Choice<'a>> {
        let is_choice = |emission: &&Emission| matches!(emission, Emission::OneOf(_));
        let events = command.emits.iter().find(is_choice)?.events();
        let variants = events.into_iter().map(|event| Variant {
            doc: Doc::of(&sentence(event)),
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
