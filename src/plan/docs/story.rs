//! A story for newcomers: requests that work when they are sent in order, and in which an event
//! crosses from one context to another.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::routes::{Endpoint, routes};
use crate::model::{
    Aggregate, Change, Command, Context, Emission, Event, Field, Fill, InputSource, Policy, Query,
    Reference, Source, System, Target, Type,
};
use crate::plan::service::Service;
use crate::plan::{port, sample};

use super::curl::{self, Made};

/// How many aggregates of other contexts may have to be made before: enough for any system that a
/// newcomer follows, and an end to circles.
const DEPTH: usize = 6;

/// A paragraph of the story: a sentence, and the lines it is about.
pub(super) struct Step {
    /// The sentence.
    pub says: String,
    /// The lines.
    pub lines: Vec<String>,
}

/// Tells the story of a system; empty when nobody from outside can create anything.
pub(super) fn tell(system: &System) -> Vec<Step> {
    let mut best: Option<(usize, Story<'_>)> = None;
    for context in system.services() {
        for command in context.commands.values() {
            let mut story = Story::new(system);
            if command.change != Change::Creates || !story.create(context, command, 0) {
                continue;
            }
            let reactions = story.reactions(context, command).len();
            // Much to see first, then little to do for it, then the description's order.
            let worth = (reactions * 100).saturating_sub(story.making.len()) + 1;
            if best.as_ref().is_none_or(|(other, _)| worth > *other) {
                story.main = Some((context, command));
                best = Some((worth, story));
            }
        }
    }
    best.map_or_else(Vec::new, |(_, story)| story.steps())
}

type Key = (String, String);

struct Story<'a> {
    system: &'a System,
    main: Option<(&'a Context, &'a Command)>,
    /// Lines that create, in order, with what they create.
    making: Vec<(&'a Context, &'a Aggregate, String)>,
    made: BTreeMap<Key, Made>,
}

fn key(context: &Context, aggregate: &str) -> Key {
    (context.name.to_string(), aggregate.to_owned())
}

impl<'a> Story<'a> {
    fn new(system: &'a System) -> Self {
        Self {
            system,
            main: None,
            making: Vec::new(),
            made: BTreeMap::new(),
        }
    }

    /// Adds the lines that carry out a creating command and what has to be there before; whether
    /// that is possible.
    fn create(&mut self, context: &'a Context, command: &'a Command, depth: usize) -> bool {
        let Some(aggregate) = context.aggregates.get(&command.aggregate) else {
            return false;
        };
        let (Some(path), Some(port)) = (path(context, command), port(self.system, context)) else {
            return false;
        };
        let Some(body) = self.body(context, aggregate, command, (depth, 1)) else {
            return false;
        };
        let variable = self.variable(context, aggregate);
        let number = self.making.len() + 1;
        let url = format!("http://127.0.0.1:{port}{path}");
        let line = curl::create(&variable, &url, &format!("first-{number}"), &body);
        self.making.push((context, aggregate, line));
        let members = body.as_object().cloned().unwrap_or_default();
        let made = Made { variable, members };
        self.made
            .insert(key(context, aggregate.name.as_str()), made);
        true
    }

    /// The variable of an aggregate; the context's name is in it when another's has the same.
    fn variable(&self, context: &Context, aggregate: &Aggregate) -> String {
        let name = curl::variable(aggregate.name.as_str());
        match self.made.values().any(|made| made.variable == name) {
            true => curl::variable(&format!("{}_{}", context.name, aggregate.name)),
            false => name,
        }
    }

    /// The example of what a command has to be sent, with ids of aggregates that were made.
    fn body(
        &mut self,
        context: &'a Context,
        aggregate: &'a Aggregate,
        command: &'a Command,
        (depth, number): (usize, u32),
    ) -> Option<Value> {
        let Value::Object(mut members) = sample::request(self.system, aggregate, command, number)
        else {
            return None;
        };
        let mut references = Vec::new();
        for input in command.input.values() {
            let fields: Vec<&Field> = match &input.source {
                InputSource::Field => aggregate.fields.get(&input.name).into_iter().collect(),
                InputSource::Own(field) => vec![field.as_ref()],
                InputSource::Collection(of) => {
                    aggregate.entities.get(of)?.fields.values().collect()
                }
            };
            if input.optional && !matches!(input.source, InputSource::Collection(_)) {
                members.remove(input.name.as_str());
                continue;
            }
            for field in fields {
                self.references(field, &mut references);
            }
        }
        let mut text = Value::Object(members).to_string();
        for reference in references {
            let example = sample::uuid(&format!("{reference:?}"), number);
            match self.referred(context, &reference, depth) {
                Referred::Made(variable) => {
                    text = text.replace(&example, &curl::placeholder(&variable));
                }
                Referred::Anything => {}
                Referred::Impossible => return None,
            }
        }
        serde_json::from_str(&text).ok()
    }

    /// What a field refers to, in value objects too.
    fn references(&self, field: &Field, references: &mut Vec<Reference>) {
        match &field.ty {
            Type::Reference(reference) => references.push(reference.clone()),
            Type::Value(path) => {
                let fields = self.system.value_type(path).into_iter();
                for field in fields.flat_map(|ty| ty.fields.values()) {
                    self.references(field, references);
                }
            }
            Type::Scalar(_) | Type::Enum(_) => {}
        }
    }

    /// Makes what is referred to, unless it was made.
    fn referred(&mut self, context: &'a Context, reference: &Reference, depth: usize) -> Referred {
        let (owner, aggregate, local) = match reference {
            Reference::Local(aggregate) => (Some(context), aggregate, true),
            Reference::Foreign(owner, aggregate) => {
                (self.system.contexts.get(owner), aggregate, false)
            }
            Reference::Entity { .. } => return Referred::Impossible,
        };
        let made = owner.is_some_and(|owner| {
            let done = self.made.contains_key(&key(owner, aggregate.as_str()));
            done || (depth < DEPTH && self.make(owner, aggregate.as_str(), depth + 1))
        });
        match (owner, made) {
            (Some(owner), true) => {
                let made = &self.made[&key(owner, aggregate.as_str())];
                Referred::Made(made.variable.clone())
            }
            (_, _) if local => Referred::Impossible,
            (_, _) => Referred::Anything,
        }
    }

    /// Makes an aggregate by the first command that can.
    fn make(&mut self, owner: &'a Context, aggregate: &str, depth: usize) -> bool {
        let commands = owner.commands.values();
        let mut creating = commands.filter(|command| {
            command.change == Change::Creates && command.aggregate.as_str() == aggregate
        });
        creating.any(|command| {
            let before = (self.making.len(), self.made.clone());
            let done = self.create(owner, command, depth);
            if !done {
                self.making.truncate(before.0);
                self.made = before.1;
            }
            done
        })
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

    fn beginning(&self, context: &Context, command: &Command) -> Step {
        let lines = self
            .making
            .iter()
            .map(|(_, _, line)| line.clone())
            .collect();
        let says = match self.making.len() {
            1 => format!(
                "`{}` asks `{}` to make something:",
                command.name, context.name
            ),
            _ => format!(
                "First what the rest needs, then the command `{}` of `{}`:",
                command.name, context.name
            ),
        };
        Step { says, lines }
    }

    fn reading(&self, context: &Context, command: &Command) -> Step {
        let name = command.aggregate.as_str();
        let url = self.url(context, name);
        let mut lines = Vec::new();
        if let Some(made) = self.made.get(&key(context, name)) {
            let id = curl::placeholder(&made.variable);
            lines.push(curl::read(&format!("{url}/{id}")));
            lines.extend(self.queries(context, name, &made.members));
        }
        let says = match lines.len() {
            1 => "What was made is read by its id:",
            _ => "What was made is read by its id, or found by a query:",
        };
        Step {
            says: says.to_owned(),
            lines,
        }
    }

    /// `http://127.0.0.1:8101/greetings`
    fn url(&self, context: &Context, aggregate: &str) -> String {
        let port = port(self.system, context).unwrap_or_default();
        let path = context.aggregates.get(aggregate).map(|a| a.path.as_str());
        format!("http://127.0.0.1:{port}/{}", path.unwrap_or_default())
    }

    /// The first query whose parameters are known.
    fn queries(&self, context: &Context, name: &str, known: &Map<String, Value>) -> Option<String> {
        let port = port(self.system, context)?;
        let parameters = |query: &Query| {
            let by = query.by.iter().map(|by| {
                let value = match known.get(by.member.as_str())? {
                    Value::String(text) => text.clone(),
                    value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
                    _ => return None,
                };
                Some((by.member.to_string(), value))
            });
            by.collect::<Option<Vec<_>>>()
        };
        let mut queries = context
            .queries
            .values()
            .filter(|q| q.aggregate.as_str() == name);
        queries.find_map(|query| {
            let parameters = parameters(query)?;
            let url = format!("http://127.0.0.1:{port}/{}", query.path);
            (!parameters.is_empty()).then(|| curl::query(&url, &parameters))
        })
    }

    /// A command that changes something that was made, and that nothing else can get in the way of.
    fn change(&self) -> Option<Step> {
        let mut made = self.making.iter().rev();
        made.find_map(|(context, aggregate, _)| {
            let mut commands = context.commands.values().filter(|command| {
                command.change == Change::Updates && command.aggregate == aggregate.name
            });
            commands.find_map(|command| self.changing(context, aggregate, command))
        })
    }

    fn changing(
        &self,
        context: &'a Context,
        aggregate: &'a Aggregate,
        command: &'a Command,
    ) -> Option<Step> {
        let initial = aggregate.states.first();
        let mut internal = context.commands.values();
        let disturbed = internal.any(|other| other.aggregate == aggregate.name && !other.http);
        let allowed = command.transition.as_ref().is_none_or(|transition| {
            !disturbed && initial.is_some_and(|state| transition.from.contains(&state.name))
        });
        let path = path(context, command)?;
        if !allowed || !command.needs.is_empty() {
            return None;
        }
        let mut trial = Story {
            system: self.system,
            main: None,
            making: Vec::new(),
            made: self.made.clone(),
        };
        let body = trial.body(context, aggregate, command, (DEPTH, 2))?;
        let made = self.made.get(&key(context, aggregate.name.as_str()))?;
        let path = path.replace("{id}", &curl::placeholder(&made.variable));
        let url = format!("http://127.0.0.1:{}{path}", port(self.system, context)?);
        Some(Step {
            says: format!(
                "`{}` changes the `{}`, whose `version` counts its events:",
                command.name, aggregate.name
            ),
            lines: vec![curl::update(&url, "change-1", &body)],
        })
    }

    /// Where the effect of the event is seen.
    fn crossing(&self, context: &Context, command: &Command) -> Option<Step> {
        let reactions = self.reactions(context, command);
        let mut lines = Vec::new();
        let mut says = Vec::new();
        for (other, policy) in reactions {
            let Some(then) = other.commands.get(&policy.then) else {
                continue;
            };
            let name = then.aggregate.as_str();
            let mut add = |line: String| {
                if !lines.contains(&line) {
                    lines.push(line);
                }
            };
            add(curl::read(&self.url(other, name)));
            if let (Target::New, Some(event)) =
                (&policy.target, context.events.get(&policy.trigger.event))
            {
                let known = self.carried(context, event, policy);
                self.queries(other, name, &known).into_iter().for_each(add);
            }
            says.push(format!(
                "`{}` of `{}` did `{}`",
                policy.name, other.name, then.name
            ));
        }
        let (first, events) = (says.first()?, surely(command));
        let more = says.iter().skip(1).map(|one| format!(", {one}"));
        Some(Step {
            says: format!(
                "Within milliseconds {} crossed to those who listen: {first}{}. See it there:",
                super::markdown::codes(&events)?,
                more.collect::<String>()
            ),
            lines,
        })
    }

    /// What the input of a policy's command is, as far as what was made tells.
    fn carried(&self, context: &Context, event: &Event, policy: &Policy) -> Map<String, Value> {
        let Some(made) = self.made.get(&key(context, event.aggregate.as_str())) else {
            return Map::new();
        };
        let value = |fill: &Fill| match &fill.source {
            Source::EventAggregateId => Some(json!(curl::placeholder(&made.variable))),
            Source::EventField(name) => made.members.get(name.as_str()).cloned(),
            _ => None,
        };
        let filled = policy
            .inputs
            .iter()
            .filter_map(|(name, fill)| Some((name.to_string(), value(fill.as_ref()?)?)));
        filled.collect()
    }
}

/// What a reference in a body can be.
enum Referred {
    /// The id in this variable.
    Made(String),
    /// Any id: nobody looks.
    Anything,
    /// Nothing that is there.
    Impossible,
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
