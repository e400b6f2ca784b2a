//! What is told of an aggregate of another context, event by event.

use std::collections::BTreeSet;

use serde_json::Map;

use crate::model::{Change, Context, Event, Trigger};
use crate::plan::contracts::event_type;
use crate::plan::sample;

use super::histories::Histories;
use super::source::Source;
use super::statuses::Place;
use super::unheard;
use super::values::{MADE, there};

impl<'a, 'r> Histories<'a, 'r> {
    /// The first event of an aggregate: the first of its creation, unless that sets something off. A later
    /// one of its creation need not carry what copies are made of.
    pub(super) fn push_creation(&self, source: &mut Source<'a>) {
        let acted = self.acted(source.context);
        let mut events = source.context.events.values();
        let creating = events.find(|event| {
            is_first(source.context, event)
                && event.aggregate == source.aggregate.name
                && !acted.contains(event.name.as_str())
        });
        match creating {
            Some(event) => self.push_event(source, event, false),
            None => self.push_snapshot(source, None),
        }
    }

    /// The events of a context that set something off.
    pub(super) fn acted(&self, context: &Context) -> BTreeSet<&'r str> {
        let triggers = self.reactions.iter().map(|reaction| reaction.trigger);
        let own = triggers.filter(|trigger| trigger.context == context.name);
        own.map(|trigger| trigger.event.as_str()).collect()
    }

    /// An event of a type that is not heard, with all that replicas copy.
    pub(super) fn push_snapshot(&self, source: &mut Source<'a>, leaves: Option<&'a str>) {
        let (service, aggregate, number) = (self.service, source.aggregate, source.value());
        let replicas = service.context.replicas.values().filter(|replica| {
            replica.context == source.context.name && replica.aggregate == aggregate.name
        });
        let mut data = Map::new();
        for copied in replicas.flat_map(|replica| &replica.fields) {
            let name = copied.name.as_str();
            let Some(content) = aggregate.member(name) else {
                continue;
            };
            let value = sample::member(service.system, content, number);
            data.insert(name.to_owned(), value);
        }
        source.refer(&mut data);
        service.make_sense(aggregate, &mut data, number, |name| {
            there(service, aggregate, name, source.number)
        });
        source.push((self.unheard(source), 1), "saved", leaves, data);
    }

    /// An event of a type that is not heard, which says nothing but the status.
    pub(super) fn push_status(&self, source: &mut Source<'a>, leaves: Option<&'a str>) {
        source.push((self.unheard(source), 1), "saved", leaves, Map::new());
    }

    fn unheard(&self, source: &Source<'_>) -> String {
        unheard(
            self.service.system.name.as_str(),
            source.context.name.as_str(),
        )
    }

    /// An event, once the aggregate is in a status in which it comes. Its numbers are for what is asked
    /// because of it, or for what is copied.
    pub(super) fn push_event(&self, source: &mut Source<'a>, event: &Event, asks: bool) {
        let place = Place::of(source.context, &event.name);
        if let Some(status) = place
            .wants(source.status)
            .filter(|_| !source.events.is_empty())
        {
            self.push_status(source, Some(status));
        }
        let (service, aggregate, number) = (self.service, source.aggregate, source.value());
        let trigger = Trigger {
            context: source.context.name.clone(),
            event: event.name.clone(),
        };
        let mut data = service.event_example(&trigger, number);
        source.refer(&mut data);
        service.make_event_sense((aggregate, event), &mut data, number, |name| match asks {
            true => MADE,
            false => there(service, aggregate, name, source.number),
        });
        let kind = event_type(service.system, source.context, event.name.as_str());
        let change = if event.deletes { "deleted" } else { "saved" };
        let leaves = place.leaves(source.status);
        source.push((kind, event.version), change, leaves, data);
    }
}

/// Whether an event may be the first of an aggregate.
pub(super) fn is_first(context: &Context, event: &Event) -> bool {
    let mut commands = context.commands.values();
    commands.any(|command| {
        command.change == Change::Creates && command.first_events().any(|it| *it == event.name)
    })
}
