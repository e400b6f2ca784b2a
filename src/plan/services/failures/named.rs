//! The aggregates of other contexts that examples name, and that replicas therefore have to know.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::{ContextName, Reference, Replica};
use crate::plan::sample;

use crate::plan::services::Service;

/// The length of the last part of a UUID, which has its number.
const NUMBER: usize = 12;

/// The ids that examples name.
#[derive(Default)]
pub(super) struct Named {
    /// Each with the context whose data it was in, when that is another one.
    new: BTreeSet<(Option<ContextName>, String)>,
    /// Those that something happens to.
    known: BTreeSet<String>,
}

impl Named {
    /// Notes all ids in an example; in the data of another context, where `context` says which.
    pub fn note(&mut self, value: &Value, context: Option<&ContextName>) {
        match value {
            Value::String(text) if text.len() == sample::uuid("", 0).len() => {
                self.new.insert((context.cloned(), text.clone()));
            }
            Value::Array(elements) => elements.iter().for_each(|one| self.note(one, context)),
            Value::Object(members) => members.values().for_each(|one| self.note(one, context)),
            _ => {}
        }
    }

    /// Notes that something happens to an aggregate.
    pub fn know(&mut self, id: &str) {
        self.known.insert(id.to_owned());
    }

    /// What is new among those that a replica copies.
    pub fn take_new<'s>(&mut self, service: &'s Service<'_>) -> Vec<(&'s Replica, String)> {
        let new = std::mem::take(&mut self.new);
        let mut taken = Vec::new();
        for (context, id) in new {
            let replica = service.context.replicas.values().find(|replica| {
                let foreign =
                    Reference::Foreign(replica.context.clone(), replica.aggregate.clone());
                let own = Reference::Local(replica.aggregate.clone());
                is_of(&id, &foreign)
                    || (context.as_ref() == Some(&replica.context) && is_of(&id, &own))
            });
            if let Some(replica) = replica.filter(|_| self.known.insert(id.clone())) {
                taken.push((replica, id));
            }
        }
        taken
    }
}

/// Whether an id is the example of such a reference.
fn is_of(id: &str, reference: &Reference) -> bool {
    let example = sample::uuid(&format!("{reference:?}"), 0);
    let kind = |id: &str| {
        id.len()
            .checked_sub(NUMBER)
            .and_then(|end| id.get(..end).map(str::to_owned))
    };
    kind(id) == kind(&example)
}
