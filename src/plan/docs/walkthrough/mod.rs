//! A walkthrough for newcomers: requests that work when they are sent in order, and in which an event
//! crosses from one context to another.

mod chain;
mod creation;
mod steps;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::routes::{Endpoint, routes};
use crate::model::{Change, Command, Context, Emission, System};

use super::curl::{Made, Request};
use chain::Chain;

/// How many aggregates of other contexts may have to be made before: enough for any system that a
/// newcomer follows, and an end to circles.
const DEPTH: usize = 6;

/// A paragraph of the walkthrough, and the requests that it is about.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    #[serde(flatten)]
    about: About,
    requests: Vec<Request>,
}

/// What a paragraph is about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum About {
    /// A command of a context that makes something, and what has to be there before.
    Begins { command: String, context: String },
    /// What was made, read again.
    Reads,
    /// A command that changes what was made.
    Changes { command: String, aggregate: String },
    /// What others did because of events.
    Crosses {
        events: Vec<String>,
        reactions: Vec<Reaction>,
    },
}

/// What a policy or an effect did.
#[derive(Debug, Serialize)]
struct Reaction {
    handler: String,
    /// Whether another's command led to it, and not one of the reader's.
    later: bool,
    context: String,
    command: String,
}

/// The walkthrough of a system; empty when nobody from outside can create anything.
pub(super) fn steps(system: &System) -> Vec<Step> {
    let mut best: Option<(usize, Walkthrough<'_>)> = None;
    for context in system.services() {
        for command in context.commands.values() {
            let mut walkthrough = Walkthrough::new(system);
            if command.change != Change::Creates || !walkthrough.create(context, command, 0) {
                continue;
            }
            let (chain, _) = walkthrough.best_change();
            // A long way and much to see first, then little to do for it, then the description's order.
            let worth = (chain.worth() * 100).saturating_sub(walkthrough.making.len()) + 1;
            if best.as_ref().is_none_or(|(other, _)| worth > *other) {
                walkthrough.main = Some((context, command));
                best = Some((worth, walkthrough));
            }
        }
    }
    best.map_or_else(Vec::new, |(_, walkthrough)| walkthrough.steps())
}

type Key = (String, String);

struct Walkthrough<'a> {
    system: &'a System,
    main: Option<(&'a Context, &'a Command)>,
    /// Requests that create, in order, with what they create.
    making: Vec<(&'a Context, &'a Command, Request)>,
    made: BTreeMap<Key, Made>,
}

fn key(context: &Context, aggregate: &str) -> Key {
    (context.name.to_string(), aggregate.to_owned())
}

impl<'a> Walkthrough<'a> {
    fn new(system: &'a System) -> Self {
        Self {
            system,
            main: None,
            making: Vec::new(),
            made: BTreeMap::new(),
        }
    }

    /// What followed from all that was made, and from `main`, the last of it, alone.
    fn chain(&self) -> Chain<'a> {
        let mut chain = Chain::new(self.system);
        for (context, command, _) in &self.making {
            chain.followed.clear();
            chain.run(context, command);
        }
        chain
    }

    fn steps(self) -> Vec<Step> {
        let Some((context, command)) = self.main else {
            return Vec::new();
        };
        let mut steps = vec![self.beginning(context, command)];
        steps.push(self.reading(context, command));
        let (chain, change) = self.best_change();
        let mut told = surely(command);
        if let Some((changed, step)) = change {
            told.extend(surely(changed));
            steps.push(step);
        }
        steps.extend(self.crossing(&told, &chain));
        steps
    }
}

/// The events a command emits as it was seeded.
fn surely(command: &Command) -> Vec<&str> {
    let events = command.emits.iter().filter_map(|emission| match emission {
        Emission::Always(event) => Some(event),
        Emission::OneOf(events) => events.first(),
        Emission::Optional(_) => None,
    });
    events.map(|event| event.as_str()).collect()
}

fn path(context: &Context, command: &Command) -> Option<String> {
    let endpoint = Endpoint::Command(command.name.clone());
    let found = routes(context)
        .into_iter()
        .find(|route| route.endpoint == endpoint)?;
    Some(found.path)
}
