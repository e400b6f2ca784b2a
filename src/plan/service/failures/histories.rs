//! What aggregates of other contexts have gone through: events that handlers of the service hear,
//! and one of a type that none does.

use std::collections::BTreeSet;
use std::ops::RangeFrom;

use serde_json::{Map, Value, json};

use crate::model::{Context, Event, Replica, Trigger, TypeName};
use crate::plan::contract::{event_type, topic};
use crate::plan::sample;

use super::super::examples::Members;
use super::super::{Service, handler, uniques};
use super::reactions::{On, Reaction};
use super::rows::Rows;
use super::source::Source;
use super::{kind, unheard};

/// How many aggregates a handler hears of.
const SOURCES: u32 = 2;

/// The history of one aggregate.
pub(super) struct History {
    /// The handler it is meant for.
    pub handler: String,
    /// The type of the events that set it off; `None` for replicas, which take any.
    pub heard: Option<String>,
    /// Its JSON form.
    pub value: Value,
}

/// Makes histories.
pub(super) struct Histories<'a, 'r> {
    service: &'a Service<'a>,
    reactions: &'r [Reaction<'a>],
    rows: &'r mut Rows<'a>,
    numbers: &'r mut RangeFrom<u32>,
}

impl<'a, 'r> Histories<'a, 'r> {
    pub fn new(
        service: &'a Service<'a>,
        reactions: &'r [Reaction<'a>],
        rows: &'r mut Rows<'a>,
        numbers: &'r mut RangeFrom<u32>,
    ) -> Self {
        Self {
            service,
            reactions,
            rows,
            numbers,
        }
    }

    /// The histories for every handler that hears another context.
    pub fn all(mut self) -> Vec<History> {
        let mut histories = Vec::new();
        for replica in self.service.context.replicas.values() {
            for place in 0..SOURCES {
                histories.extend(self.copied(replica, place + 1 == SOURCES));
            }
        }
        for reaction in self.reactions {
            if reaction.trigger.context == self.service.context.name {
                continue;
            }
            for _ in 0..SOURCES {
                histories.extend(self.heard(reaction));
            }
        }
        histories
    }

    /// The history of an aggregate that a replica copies.
    fn copied(&mut self, replica: &Replica, deleted: bool) -> Option<History> {
        let context = self.service.system.contexts.get(&replica.context)?;
        let aggregate = context.aggregates.get(&replica.aggregate)?;
        let mut source = Source::new(context, aggregate, self.numbers.next()?);
        self.open(&mut source);
        self.pass(&mut source);
        let acted = self.acted(context);
        let free = |event: &&Event| {
            event.aggregate == aggregate.name && !acted.contains(event.name.as_str())
        };
        let copies = |name: &str| {
            replica
                .fields
                .iter()
                .any(|field| field.name.as_str() == name)
        };
        let carriers: Vec<&Event> = context
            .events
            .values()
            .filter(free)
            .filter(|event| !event.creates && !event.deletes)
            .filter(|event| {
                let mut names = event.fields.keys();
                copies("status") || names.any(|name| copies(name.as_str()))
            })
            .collect();
        for place in 0..3 {
            match carriers.get(place % carriers.len().max(1)) {
                Some(event) => self.add(&mut source, event),
                None => self.tell(&mut source),
            }
        }
        let deleting = context.events.values().filter(free).find(|e| e.deletes);
        if let Some(event) = deleting.filter(|_| deleted) {
            self.add(&mut source, event);
        }
        let id = handler("replica", replica.name.as_str());
        Some(self.finish(source, id, None))
    }

    /// The history of an aggregate whose events set a reaction off.
    fn heard(&mut self, reaction: &Reaction<'a>) -> Option<History> {
        let (context, event) = self.service.triggering(reaction.trigger)?;
        let aggregate = context.aggregates.get(&event.aggregate)?;
        let mut source = Source::new(context, aggregate, self.numbers.next()?);
        if !event.creates {
            self.open(&mut source);
        }
        if event.deletes {
            self.pass(&mut source);
            self.add(&mut source, event);
        } else {
            self.add(&mut source, event);
            self.pass(&mut source);
            for _ in 0..if self.is_once(reaction, event) { 0 } else { 2 } {
                source.refers_to = self.numbers.next()?;
                self.add(&mut source, event);
            }
        }
        let kind = event_type(self.service.system, context, event.name.as_str());
        let heard = source.events.iter().filter(|heard| heard["type"] == kind);
        let heard: Vec<Members> = heard
            .filter_map(|heard| heard["data"].as_object().cloned())
            .collect();
        let id = source.id.clone();
        let mut rows = self.rows.clone();
        for data in &heard {
            let number = self.numbers.next()?;
            rows = self.service.prepared(rows, reaction, (&id, data), number)?;
        }
        *self.rows = rows;
        Some(self.finish(source, reaction.handler.clone(), Some(kind)))
    }

    /// Whether an aggregate sets a reaction off once only: what it does then hangs on what it has
    /// done before, or others may be at the same time.
    fn is_once(&self, reaction: &Reaction<'_>, event: &Event) -> bool {
        let acted_on = self.service.acted_on(reaction);
        let acted_on = acted_on.and_then(|name| self.service.context.aggregates.get(name));
        let unique = acted_on.is_some_and(|aggregate| !uniques(aggregate).is_empty());
        event.creates
            || (matches!(reaction.target, On::New) && unique)
            || reaction.is_on_source()
            || self.service.has_followers(reaction, self.reactions)
    }

    /// The first event of an aggregate: the one of its creation, unless that sets something off.
    fn open(&self, source: &mut Source<'a>) {
        let acted = self.acted(source.context);
        let mut events = source.context.events.values();
        let creating = events.find(|event| {
            event.creates
                && event.aggregate == source.aggregate.name
                && !acted.contains(event.name.as_str())
        });
        match creating {
            Some(event) => self.add(source, event),
            None => self.tell(source),
        }
    }

    /// The events of a context that set something off.
    fn acted(&self, context: &Context) -> BTreeSet<&'r str> {
        let triggers = self.reactions.iter().map(|reaction| reaction.trigger);
        let own = triggers.filter(|trigger| trigger.context == context.name);
        own.map(|trigger| trigger.event.as_str()).collect()
    }

    /// An event of a type that is not heard, with all that replicas copy.
    fn tell(&self, source: &mut Source<'a>) {
        let replicas = self.service.context.replicas.values().filter(|replica| {
            replica.context == source.context.name && replica.aggregate == source.aggregate.name
        });
        let mut data = Map::new();
        for copied in replicas.flat_map(|replica| &replica.fields) {
            let (name, number) = (copied.name.as_str(), source.value());
            let system = self.service.system;
            let value = match source.aggregate.fields.get(name) {
                Some(field) => sample::field(system, field, number),
                None => match source.aggregate.collection(name) {
                    Some(entity) => json!([sample::entity(system, entity, number)]),
                    None => continue,
                },
            };
            data.insert(name.to_owned(), value);
        }
        let kind = self.unheard(source);
        source.push(kind, 1, "saved", data);
    }

    /// An event of a type that is not heard, which says nothing.
    fn pass(&self, source: &mut Source<'a>) {
        let kind = self.unheard(source);
        source.push(kind, 1, "saved", Map::new());
    }

    fn unheard(&self, source: &Source<'_>) -> String {
        unheard(
            self.service.system.name.as_str(),
            source.context.name.as_str(),
        )
    }

    fn add(&self, source: &mut Source<'a>, event: &Event) {
        let trigger = Trigger {
            context: source.context.name.clone(),
            event: event.name.clone(),
        };
        let data = self.service.event_example(&trigger, source.value());
        let kind = event_type(self.service.system, source.context, event.name.as_str());
        let change = if event.deletes { "deleted" } else { "saved" };
        source.push(kind, event.version, change, data);
    }

    fn finish(&self, source: Source<'_>, handler: String, heard: Option<String>) -> History {
        let (system, context) = (self.service.system, source.context);
        let aggregate: &TypeName = &source.aggregate.name;
        let value = json!({
            "handler": handler,
            "heard": heard,
            "context": context.name.as_str(),
            "aggregate": kind(aggregate.as_str()),
            "topic": topic(system, context, aggregate.as_str()),
            "id": source.id,
            "events": source.events,
        });
        History {
            handler,
            heard,
            value,
        }
    }
}
