//! Who listens to whom.

use std::collections::BTreeSet;

use crate::model::{Context, System, Trigger};

/// What one context takes from another.
pub(super) struct Relation<'a> {
    /// The context that tells.
    pub from: &'a Context,
    /// The context that listens.
    pub to: &'a Context,
    /// The events that policies and effects wait for.
    pub events: BTreeSet<&'a str>,
    /// The replicas that are kept.
    pub replicas: BTreeSet<&'a str>,
}

/// Every relation between two contexts, in the order of those who listen, then of those who tell.
pub(super) fn relations(system: &System) -> Vec<Relation<'_>> {
    let mut relations = Vec::new();
    for to in system.contexts.values() {
        for from in system.contexts.values() {
            let told = |trigger: &Trigger| trigger.context == from.name && from.name != to.name;
            let triggers = triggers(to).filter(|(_, trigger)| told(trigger));
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

/// What policies and effects of a context wait for, with what those are called.
pub(super) fn triggers(context: &Context) -> impl Iterator<Item = (String, &Trigger)> {
    let policies = context.policies.values().map(|policy| {
        let name = format!("policy `{}`, then `{}`", policy.name, policy.then);
        (name, &policy.trigger)
    });
    let effects = context
        .effects
        .values()
        .map(|effect| (format!("effect `{}`", effect.name), &effect.trigger));
    policies.chain(effects)
}
