//! What is said to the reader, step by step.

use serde_json::{Map, Value, json};

use crate::model::{
    Aggregate, Change, Command, Context, Event, Fill, Policy, Query, Source, Target,
};
use crate::plan::docs::{curl, markdown};
use crate::plan::port;

use super::{DEPTH, Step, Story, key, path, surely};

impl<'a> Story<'a> {
    pub(super) fn beginning(&self, context: &Context, command: &Command) -> Step {
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

    pub(super) fn reading(&self, context: &Context, command: &Command) -> Step {
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
    pub(super) fn change(&self) -> Option<Step> {
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
    pub(super) fn crossing(&self, context: &Context, command: &Command) -> Option<Step> {
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
                markdown::codes(&events)?,
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
