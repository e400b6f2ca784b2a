//! What changes on the wire.

use serde::Serialize;

use super::without;
use crate::lock::members_of_event;
use crate::model::{Context, System};

/// An event that changes.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct EventChange {
    /// Its context.
    pub context: String,
    /// Its name.
    pub event: String,
    /// What happens to it: `added`, `removed`, `changed`.
    pub change: &'static str,
    /// The members that it has now, with their kinds.
    pub added: Vec<String>,
    /// The members that it no longer has so.
    pub removed: Vec<String>,
}

pub(super) fn between(old: &System, new: &System) -> Vec<EventChange> {
    let mut changes = Vec::new();
    for (name, context) in &new.contexts {
        let before = old.contexts.get(name);
        for event in context.events.keys() {
            let had = before.and_then(|before| members(old, before, event.as_str()));
            let has = members(new, context, event.as_str()).unwrap_or_default();
            let change = match &had {
                None => "added",
                Some(had) if *had == has => continue,
                Some(_) => "changed",
            };
            let had = had.unwrap_or_default();
            changes.push(EventChange {
                context: name.to_string(),
                event: event.to_string(),
                change,
                added: without(&has, &had).cloned().collect(),
                removed: without(&had, &has).cloned().collect(),
            });
        }
    }
    for (name, context) in &old.contexts {
        let is_there = |event: &str| {
            new.contexts
                .get(name)
                .is_some_and(|it| it.events.contains_key(event))
        };
        let gone = context.events.keys().filter(|event| !is_there(event));
        changes.extend(gone.map(|event| EventChange {
            context: name.to_string(),
            event: event.to_string(),
            change: "removed",
            added: Vec::new(),
            removed: members(old, context, event.as_str()).unwrap_or_default(),
        }));
    }
    changes
}

fn members(system: &System, context: &Context, event: &str) -> Option<Vec<String>> {
    let event = context.events.get(event)?;
    let mut members = members_of_event(system, context, event);
    members.sort();
    Some(members)
}
