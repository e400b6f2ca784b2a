//! Which handlers act because of the examples, as they were seeded.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Event, EventField, Fill, Source};

use super::histories::History;
use super::reactions::{On, Reaction};
use super::requests::Asked;
use crate::plan::services::Service;

/// A command that is carried out for certain.
struct Done<'a> {
    command: &'a str,
    /// What a caller says with it.
    body: Option<&'a Value>,
}

impl Service<'_> {
    /// The reactions that act because of the examples, and because of what comes of them.
    pub(super) fn acting<'r>(
        &self,
        reactions: &'r [Reaction<'_>],
        histories: &[History],
        requests: &[Asked],
    ) -> Vec<&'r Reaction<'r>> {
        let asked = requests.iter().map(|request| Done {
            command: &request.command,
            body: Some(&request.value["body"]),
        });
        let mut done: Vec<Done<'_>> = asked.collect();
        let mut acting: BTreeMap<&str, &Reaction<'_>> = BTreeMap::new();
        loop {
            let before = acting.len();
            for reaction in reactions.iter().filter(|reaction| reaction.acts) {
                let known = acting.contains_key(reaction.handler.as_str());
                let heard = histories.iter().any(|h| h.handler == reaction.handler);
                if !known && (heard || done.iter().any(|done| self.provokes(done, reaction))) {
                    acting.insert(&reaction.handler, reaction);
                    done.extend(reaction.first.map(|command| Done {
                        command: command.as_str(),
                        body: None,
                    }));
                }
            }
            if acting.len() == before {
                return acting.into_values().collect();
            }
        }
    }

    /// Whether a command surely lets a reaction act: its event comes, has an element where one is
    /// waited for, and gives a target that is there.
    fn provokes(&self, done: &Done<'_>, reaction: &Reaction<'_>) -> bool {
        let (own, trigger) = (&self.context.name, reaction.trigger);
        let event = self.context.events.get(&trigger.event);
        let Some(event) = event.filter(|_| trigger.context == *own) else {
            return false;
        };
        if !self.surely_emits(done.command, event.name.as_str()) {
            return false;
        }
        // An effect is tried whatever becomes of its command.
        let each = reaction
            .each
            .is_none_or(|each| self.carries(done, event, each));
        reaction.effect || (each && self.is_targeted(done, event, &reaction.target))
    }

    fn is_targeted(&self, done: &Done<'_>, event: &Event, target: &On<'_>) -> bool {
        match target {
            On::New => true,
            On::Id(Fill { source, .. }) => match source {
                Source::EventField(name) => self.carries(done, event, name.as_str()),
                _ => true,
            },
            // Whether a search finds one hangs on what there is besides.
            On::Members(_) => false,
        }
    }

    /// Whether an event surely has a value, or an element, under a name.
    fn carries(&self, done: &Done<'_>, event: &Event, name: &str) -> bool {
        let said = done.body.and_then(|body| body.get(name));
        let said = said.is_some_and(|value| match value {
            Value::Array(elements) => !elements.is_empty(),
            value => !value.is_null(),
        });
        let aggregate = self.context.aggregates.get(&event.aggregate);
        let field = match event.fields.get(name) {
            Some(EventField::Own(field) | EventField::Certain(field)) => Some(&**field),
            Some(EventField::Field) => aggregate.and_then(|of| of.fields.get(name)),
            _ => None,
        };
        said || field.is_some_and(|field| !field.list && !field.optional)
    }
}
