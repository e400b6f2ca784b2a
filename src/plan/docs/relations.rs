//! Who listens to whom.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::{Context, System, Trigger};

/// What one context takes from another.
pub(super) struct Relation<'a> {
    /// The context that emits.
    pub from: &'a Context,
    /// The context that listens.
    pub to: &'a Context,
    /// The events that policies and effects wait for.
    pub events: BTreeSet<&'a str>,
    /// The replicas that are kept.
    pub replicas: BTreeSet<&'a str>,
}

/// Every relation between two contexts, in the order of those who listen, then of those who emit.
pub(super) fn relations(system: &System) -> Vec<Relation<'_>> {
    let mut relations = Vec::new();
    for to in system.contexts.values() {
        for from in system.contexts.values() {
            let is_from = |trigger: &Trigger| trigger.context == from.name && from.name != to.name;
            let triggers = triggers(to).filter(|(_, trigger)| is_from(trigger));
            let replicas = to.replicas.values().filter(|r| r.context == from.name);
            let relation = Relation {
                from,
                to,
                events: triggers
                    .map(|(_, trigger)| trigger.event.as_str())
                    .collect(),
                replicas: replicas.map(|replica| replica.name.as_str()).collect(),
            };
            if !(relation.events.is_empty() && relation.replicas.is_empty()) {
                relations.push(relation);
            }
        }
    }
    relations
}

/// Who does something because of events.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Listener {
    /// A policy, and the command that it gives then.
    Policy { name: String, then: String },
    /// An effect.
    Effect { name: String },
    /// A replica, which copies.
    Replica { name: String },
}

/// What policies and effects of a context wait for.
pub(super) fn triggers(context: &Context) -> impl Iterator<Item = (Listener, &Trigger)> {
    let policies = context.policies.values().map(|policy| {
        let listener = Listener::Policy {
            name: policy.name.to_string(),
            then: policy.then.to_string(),
        };
        (listener, &policy.trigger)
    });
    let effects = context.effects.values().map(|effect| {
        let name = effect.name.to_string();
        (Listener::Effect { name }, &effect.trigger)
    });
    policies.chain(effects)
}
