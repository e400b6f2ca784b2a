//! The statuses that aggregates are in: what leads to them, and which of them a rule may ask for.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Aggregate, Command, Context, Emission, NeedKind, Source, Step, TypeName};

use crate::plan::sample::Members;
use crate::plan::services::Service;

/// The statuses that aggregates have to be in which decisions look at, by their ids. Different examples
/// of a command find different ones, so that some are taken and some refused.
#[derive(Clone, Default)]
pub(super) struct Wishes {
    wished: BTreeMap<String, String>,
    turns: BTreeMap<TypeName, usize>,
}

impl Wishes {
    /// The status that an aggregate has to be in, if that matters.
    pub fn of(&self, id: &str) -> Option<&str> {
        self.wished.get(id).map(String::as_str)
    }

    /// Wishes for the aggregate that a command is to change.
    pub fn want(&mut self, id: &str, status: &str) {
        self.wished.insert(id.to_owned(), status.to_owned());
    }

    /// Wishes for what the next example of a command looks at, by its input and its target.
    pub fn look(&mut self, service: &Service<'_>, command: &Command, members: [&Members; 2]) {
        let turn = self.turns.entry(command.name.clone()).or_default();
        let mut rest = *turn;
        *turn += 1;
        let [input, target] = members;
        for (key, statuses) in service.looked_at(command) {
            let id = match key {
                Source::Input(name) => input.get(name.as_str()),
                Source::AggregateField(name) => target.get(name.as_str()),
                _ => None,
            };
            let status = statuses[rest % statuses.len()];
            rest /= statuses.len();
            if let Some(id) = id.and_then(Value::as_str) {
                let wished = self.wished.entry(id.to_owned());
                wished.or_insert_with(|| status.to_owned());
            }
        }
    }
}

impl Service<'_> {
    /// In how many combinations of statuses a command may find what it looks at.
    pub(super) fn combinations(&self, command: &Command) -> usize {
        let looked_at = self.looked_at(command);
        looked_at.iter().map(|(_, all)| all.len()).product()
    }

    /// Where the ids of what a command looks at come from, and the statuses that these may be in, the
    /// likeliest first.
    fn looked_at<'c>(&'c self, command: &'c Command) -> Vec<(&'c Source, Vec<&'c str>)> {
        let needs = command.needs.values().filter_map(|need| {
            let (context, aggregate, key) = match &need.kind {
                NeedKind::Replica { replica, key } => {
                    let replica = self.context.replicas.get(replica)?;
                    let context = self.system.contexts.get(&replica.context)?;
                    let source = context.aggregates.get(&replica.aggregate)?;
                    let mut copied = replica.fields.iter();
                    copied.find(|field| source.is_status(&field.name))?;
                    (context, &replica.aggregate, key)
                }
                NeedKind::Aggregate { aggregate, key } => (self.context, aggregate, key),
                _ => return None,
            };
            let statuses = likely(context, context.aggregates.get(aggregate)?);
            (!statuses.is_empty()).then_some((&key.source, statuses))
        });
        needs.collect()
    }
}

/// The statuses of an aggregate: first the last one from which a command leads on, in which most of its
/// life passes, then the others in order.
fn likely<'c>(context: &Context, aggregate: &'c Aggregate) -> Vec<&'c str> {
    let mut statuses: Vec<&str> = aggregate.states.iter().map(|s| s.name.as_str()).collect();
    let leads_on = |status: &&str| {
        let mut commands = context.commands.values();
        commands.any(|command| {
            let transition = command.transition.as_ref();
            command.aggregate == aggregate.name
                && transition.is_some_and(|transition| {
                    transition.to != Step::Stay
                        && transition.from.iter().any(|from| from.as_str() == *status)
                })
        })
    };
    if let Some(place) = statuses.iter().rposition(leads_on) {
        statuses[..=place].rotate_right(1);
    }
    statuses
}

/// Where an event stands in the life of its aggregate.
pub(super) struct Place<'c> {
    /// The statuses it may come in; empty: any.
    from: Vec<&'c str>,
    /// The status it leaves; `None`: the one it came in.
    to: Option<&'c str>,
}

impl<'c> Place<'c> {
    /// The place of an event, by the first command of its context that emits it.
    pub fn of(context: &'c Context, event: &TypeName) -> Self {
        let emits = |command: &&Command| {
            command.emits.iter().any(|emission| match emission {
                Emission::Always(name) | Emission::Optional(name) => name == event,
                Emission::OneOf(names) => names.contains(event),
            })
        };
        let emitting = context.commands.values().find(emits);
        let Some(transition) = emitting.and_then(|command| command.transition.as_ref()) else {
            return Self {
                from: Vec::new(),
                to: None,
            };
        };
        Self {
            from: transition.from.iter().map(|from| from.as_str()).collect(),
            to: match &transition.to {
                Step::Stay => None,
                Step::To(to) => Some(to.as_str()),
                Step::ByEvent(all) => all.get(event).map(|to| to.as_str()),
            },
        }
    }

    /// The status that an aggregate has to be brought into first, if it is in this one.
    pub fn wants(&self, status: Option<&str>) -> Option<&'c str> {
        let fits = self.from.iter().any(|from| Some(*from) == status);
        self.from.first().copied().filter(|_| !fits)
    }

    /// The status that it leaves of this one.
    pub fn leaves<'s>(&self, status: Option<&'s str>) -> Option<&'s str>
    where
        'c: 's,
    {
        self.to.or(status)
    }
}
