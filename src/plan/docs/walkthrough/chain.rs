//! What follows from a command: the policies and effects that its events set off, and those that theirs do,
//! over contexts.

use std::collections::{BTreeMap, VecDeque};

use super::{Key, key, surely};
use crate::model::{Change, Command, Context, Policy, StateName, Step, System, Target, Trigger};
use crate::plan::services::Service;

/// What a handler did because of an event.
#[derive(Clone)]
pub(super) struct Followed<'a> {
    /// The context whose event it was.
    pub from: &'a Context,
    /// The one that did something.
    pub context: &'a Context,
    /// The policy's name, or the effect's.
    pub handler: &'a str,
    /// The policy; `None` for an effect.
    pub policy: Option<&'a Policy>,
    /// The event that set it off.
    pub trigger: &'a Trigger,
    /// What it did.
    pub command: &'a Command,
    /// How often events crossed from one context to another until then.
    pub crossings: usize,
}

/// What was done in a system where every function is as it was seeded.
#[derive(Clone)]
pub(super) struct Chain<'a> {
    system: &'a System,
    /// The aggregates that are there, with their statuses.
    there: BTreeMap<Key, Option<&'a StateName>>,
    /// What followed, in order.
    pub followed: Vec<Followed<'a>>,
}

impl<'a> Chain<'a> {
    pub(super) fn new(system: &'a System) -> Self {
        Self {
            system,
            there: BTreeMap::new(),
            followed: Vec::new(),
        }
    }

    /// How often events cross at most along a path, and how much there is to see besides.
    pub(super) fn worth(&self) -> usize {
        let crossings = self.followed.iter().map(|it| it.crossings);
        crossings.max().unwrap_or_default() * 100 + self.followed.len()
    }

    /// Carries out a command, and all that follows from it.
    pub(super) fn run(&mut self, context: &'a Context, command: &'a Command) {
        let mut told = VecDeque::new();
        if self.done(context, command) {
            told.push_back((context, command, 0));
        }
        while let Some((from, command, crossings)) = told.pop_front() {
            for event in surely(command) {
                for mut next in self.listeners(from, event) {
                    // Nothing is followed in circles.
                    let known = |it: &Followed<'_>| {
                        it.handler == next.handler && it.context.name == next.context.name
                    };
                    if self.followed.iter().any(known) || !self.done(next.context, next.command) {
                        continue;
                    }
                    next.crossings = crossings + usize::from(from.name != next.context.name);
                    told.push_back((next.context, next.command, next.crossings));
                    self.followed.push(next);
                }
            }
        }
    }

    /// Whether a command can be carried out, which is done.
    fn done(&mut self, context: &'a Context, command: &'a Command) -> bool {
        let key = key(context, command.aggregate.as_str());
        let now = match command.change {
            Change::Creates => context
                .aggregates
                .get(&command.aggregate)
                .map(|aggregate| aggregate.states.first().map(|state| &state.name)),
            Change::Updates | Change::Deletes => self.there.get(&key).copied(),
        };
        let Some(now) = now else {
            return false;
        };
        let mut after = now;
        if let Some(transition) = &command.transition {
            if !now.is_some_and(|now| transition.from.contains(now)) {
                return false;
            }
            after = match &transition.to {
                Step::Stay => now,
                Step::To(state) => Some(state),
                Step::ByEvent(steps) => {
                    let mut events = surely(command).into_iter().rev();
                    events.find_map(|event| steps.get(event)).or(now)
                }
            };
        }
        match command.change {
            Change::Deletes => self.there.remove(&key),
            Change::Creates | Change::Updates => self.there.insert(key, after),
        };
        true
    }

    /// The handlers of an event whose commands are told by it.
    fn listeners(&self, from: &'a Context, event: &str) -> Vec<Followed<'a>> {
        let mut found = Vec::new();
        for context in self.system.services() {
            let service = Service {
                system: self.system,
                context,
            };
            let mut add = |handler: &'a str, trigger: &'a Trigger, then, policy| {
                let is_heard = trigger.context == from.name && trigger.event.as_str() == event;
                if let (true, Some(command)) = (is_heard, context.commands.get(then)) {
                    found.push(Followed {
                        from,
                        context,
                        handler,
                        policy,
                        trigger,
                        command,
                        crossings: 0,
                    });
                }
            };
            for policy in context.policies.values() {
                // What may be absent is not in the reader's requests.
                let is_certain = !service.target_may_be_absent(policy);
                if is_certain && service.open_inputs(policy).is_empty() {
                    add(&policy.name, &policy.trigger, &policy.then, Some(policy));
                }
            }
            for effect in context.effects.values() {
                if let Some(then) = &effect.succeeded {
                    add(&effect.name, &effect.trigger, then, None);
                }
            }
        }
        found
    }
}

impl Followed<'_> {
    /// Whether it made a new aggregate.
    pub(super) fn creates(&self) -> bool {
        self.policy.is_some_and(|it| it.target == Target::New)
    }
}
