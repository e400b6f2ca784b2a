//! What aggregates of other contexts have gone through: events that handlers of the service hear,
//! and one of a type that none does.

use std::ops::RangeFrom;

use serde_json::{Value, json};

use crate::model::{ContextName, Event, HandlerKind, Replica, TypeName};
use crate::plan::contracts::{event_type, topic};

use super::kind;
use super::named::Named;
use super::reactions::{On, Reaction};
use super::rows::Rows;
use super::source::Source;
use super::told::is_first;
use crate::plan::sample::Members;
use crate::plan::services::Service;
use crate::plan::services::tables::uniques;

/// How many aggregates a handler hears of.
const SOURCES: u32 = 2;
/// Over how many references what is copied is there.
const HOPS: usize = 3;

/// The history of one aggregate.
pub(super) struct History {
    /// The handler it is meant for.
    pub handler: String,
    /// The type of the events that set it off; `None` for replicas, which take any.
    pub heard: Option<String>,
    /// The context that owns the aggregate.
    pub context: ContextName,
    /// The aggregate.
    pub id: String,
    /// Its JSON form.
    pub value: Value,
}

/// Makes histories.
pub(super) struct Histories<'a, 'r> {
    pub(super) service: &'a Service<'a>,
    pub(super) reactions: &'r [Reaction<'a>],
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

    /// The histories for every policy and effect that hears another context.
    pub fn heard(&mut self) -> Vec<History> {
        let mut histories = Vec::new();
        for reaction in self.reactions {
            if reaction.trigger.context == self.service.context.name {
                continue;
            }
            for _ in 0..SOURCES {
                histories.extend(self.of_reaction(reaction));
            }
        }
        histories
    }

    /// The histories for every replica: of aggregates that only it hears of, and of those that `named`
    /// names, which have to be there when that is decided.
    pub fn copied(&mut self, mut named: Named) -> Vec<History> {
        let mut histories = Vec::new();
        for replica in self.service.context.replicas.values() {
            for place in 0..SOURCES {
                histories.extend(self.of_replica(replica, place + 1 == SOURCES));
            }
        }
        for _ in 0..HOPS {
            for (replica, id) in named.take_new(self.service) {
                let history = self.of_named(replica, id);
                if let Some(history) = &history {
                    named.note(&history.value["events"], Some(&replica.context));
                }
                histories.extend(history);
            }
        }
        histories
    }

    /// The history of an aggregate that a replica copies.
    fn of_replica(&mut self, replica: &Replica, deleted: bool) -> Option<History> {
        let mut source = self.source(replica)?;
        let (context, aggregate) = (source.context, source.aggregate);
        self.push_creation(&mut source);
        self.push_status(&mut source, None);
        let acted = self.acted(context);
        let free = |event: &&Event| {
            event.aggregate == aggregate.name && !acted.contains(event.name.as_str())
        };
        let copies = |name: &str| {
            let mut fields = replica.fields.iter();
            fields.any(|field| field.name.as_str() == name)
        };
        let mut fields = replica.fields.iter();
        let copies_status = fields.any(|field| aggregate.is_status(&field.name));
        let events = context.events.values().filter(free);
        let carriers: Vec<&Event> = events
            .filter(|event| !event.creates && !event.deletes)
            .filter(|event| {
                let mut names = event.fields.keys();
                copies_status || names.any(|name| copies(name.as_str()))
            })
            .collect();
        for place in 0..3 {
            match carriers.get(place % carriers.len().max(1)) {
                Some(event) => self.push_event(&mut source, event, false),
                None => self.push_snapshot(&mut source, None),
            }
        }
        let deleting = context.events.values().filter(free).find(|e| e.deletes);
        if let Some(event) = deleting.filter(|_| deleted) {
            self.push_event(&mut source, event, false);
        }
        Some(self.finish(
            source,
            self.service.handler_id(HandlerKind::Replica, &replica.name),
            None,
        ))
    }

    /// The history of an aggregate that is there, in the status that is wished for, with all that
    /// replicas copy.
    fn of_named(&mut self, replica: &Replica, id: String) -> Option<History> {
        let mut source = self.source(replica)?;
        let wished = self.rows.wishes.of(&id);
        let mut states = source
            .aggregate
            .states
            .iter()
            .map(|state| state.name.as_str());
        let wished = states.find(|state| Some(*state) == wished);
        source.id = id;
        self.push_creation(&mut source);
        self.push_snapshot(&mut source, wished);
        Some(self.finish(
            source,
            self.service.handler_id(HandlerKind::Replica, &replica.name),
            None,
        ))
    }

    /// What a replica copies, to which nothing has happened yet.
    fn source(&mut self, replica: &Replica) -> Option<Source<'a>> {
        let context = self.service.system.contexts.get(&replica.context)?;
        let aggregate = context.aggregates.get(&replica.aggregate)?;
        Some(Source::new(context, aggregate, self.numbers.next()?))
    }

    /// The history of an aggregate whose events set a reaction off.
    fn of_reaction(&mut self, reaction: &Reaction<'a>) -> Option<History> {
        let (context, event) = self.service.triggering(reaction.trigger);
        let aggregate = context.aggregates.get(&event.aggregate)?;
        let mut source = Source::new(context, aggregate, self.numbers.next()?);
        if !is_first(context, event) {
            self.push_creation(&mut source);
        }
        if event.deletes {
            self.push_status(&mut source, None);
            self.push_event(&mut source, event, true);
        } else {
            self.push_event(&mut source, event, true);
            self.push_status(&mut source, None);
            for _ in 0..if self.is_once(reaction, event) { 0 } else { 2 } {
                source.refers_to = self.numbers.next()?;
                self.push_event(&mut source, event, true);
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
            context: context.name.clone(),
            id: source.id,
            value,
        }
    }
}
