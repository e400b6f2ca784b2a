//! A walkthrough for newcomers: requests that work when they are sent in order, and in which an event
//! crosses from one context to another.

mod creation;
mod steps;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::routes::{Endpoint, routes};
use crate::model::{Aggregate, Change, Command, Context, Emission, Policy, System};
use crate::plan::services::Service;

use super::curl::{Made, Request};

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

/// What a policy of another context did.
#[derive(Debug, Serialize)]
struct Reaction {
    policy: String,
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
            let reactions = walkthrough.reactions(context, command).len();
            // Much to see first, then little to do for it, then the description's order.
            let worth = (reactions * 100).saturating_sub(walkthrough.making.len()) + 1;
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
    making: Vec<(&'a Context, &'a Aggregate, Request)>,
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

    /// The policies of other contexts that a command sets off, and that can be seen to work.
    fn reactions(&self, context: &Context, command: &Command) -> Vec<(&'a Context, &'a Policy)> {
        let events = surely(command);
        let others = self
            .system
            .services()
            .filter(|other| other.name != context.name);
        let policies = others.flat_map(|other| other.policies.values().map(move |p| (other, p)));
        let heard = policies.filter(|(other, policy)| {
            let service = Service {
                system: self.system,
                context: other,
            };
            policy.trigger.context == context.name
                && events.contains(&policy.trigger.event.as_str())
                && service.open_inputs(policy).is_empty()
        });
        heard.collect()
    }

    fn steps(self) -> Vec<Step> {
        let Some((context, command)) = self.main else {
            return Vec::new();
        };
        let mut steps = vec![self.beginning(context, command)];
        steps.push(self.reading(context, command));
        steps.extend(self.change());
        steps.extend(self.crossing(context, command));
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
