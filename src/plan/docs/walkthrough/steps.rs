//! What is said to the reader, step by step.

use serde_json::{Map, Value, json};

use crate::model::{Aggregate, Change, Command, Context, Event, Fill, Policy, Query, Source};
use crate::plan::docs::curl;
use crate::plan::docs::curl::Request;

use super::chain::Chain;
use super::{About, DEPTH, Reaction, Step, Walkthrough, key, path};

impl<'a> Walkthrough<'a> {
    pub(super) fn beginning(&self, context: &Context, command: &Command) -> Step {
        let requests = self.making.iter();
        let requests = requests.map(|(_, _, request)| request.clone());
        Step {
            about: About::Begins {
                command: command.name.to_string(),
                context: context.name.to_string(),
            },
            requests: requests.collect(),
        }
    }

    pub(super) fn reading(&self, context: &Context, command: &Command) -> Step {
        let name = command.aggregate.as_str();
        let url = self.url(context, name);
        let mut requests = Vec::new();
        if let Some(made) = self.made.get(&key(context, name)) {
            let id = curl::placeholder(&made.variable);
            requests.push(Request::read(&format!("{url}/{id}")));
            requests.extend(self.queries(context, name, &made.members));
        }
        Step {
            about: About::Reads,
            requests,
        }
    }

    /// `http://127.0.0.1:8101/greetings`
    fn url(&self, context: &Context, aggregate: &str) -> String {
        let port = self.system.port(context).unwrap_or_default();
        let path = context.aggregates.get(aggregate).map(|a| a.path.as_str());
        format!("http://127.0.0.1:{port}/{}", path.unwrap_or_default())
    }

    /// The first query whose parameters are known.
    fn queries(
        &self,
        context: &Context,
        name: &str,
        known: &Map<String, Value>,
    ) -> Option<Request> {
        let port = self.system.port(context)?;
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
            (!parameters.is_empty()).then(|| Request::query(&url, &parameters))
        })
    }

    /// What follows from all that is done, and the command that changes something of what was made: one
    /// that nothing else can get in the way of, and from which most follows.
    pub(super) fn best_change(&self) -> (Chain<'a>, Option<(&'a Command, Step)>) {
        let made = self.chain();
        let mut best = (made.clone(), None);
        for (context, created, _) in self.making.iter().rev() {
            let aggregate = &context.aggregates[&created.aggregate];
            for command in context.commands.values() {
                if command.change != Change::Updates || command.aggregate != aggregate.name {
                    continue;
                }
                let Some(step) = self.changing(context, aggregate, command) else {
                    continue;
                };
                let mut chain = made.clone();
                chain.run(context, command);
                if best.1.is_none() || chain.worth() > best.0.worth() {
                    best = (chain, Some((command, step)));
                }
            }
        }
        best
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
        let refers = self.works_out_references(context, aggregate, command);
        if !allowed || refers || !command.needs.is_empty() {
            return None;
        }
        let mut trial = Walkthrough {
            system: self.system,
            main: None,
            making: Vec::new(),
            made: self.made.clone(),
        };
        let body = trial.body(context, aggregate, command, (DEPTH, 2))?;
        let made = self.made.get(&key(context, aggregate.name.as_str()))?;
        let path = path.replace("{id}", &curl::placeholder(&made.variable));
        let url = format!("http://127.0.0.1:{}{path}", self.system.port(context)?);
        Some(Step {
            about: About::Changes {
                command: command.name.to_string(),
                aggregate: aggregate.name.to_string(),
            },
            requests: vec![Request::update(&url, "change-1", &body)],
        })
    }

    /// Where it is seen what followed from the events that the reader's commands told.
    pub(super) fn crossing(&self, told: &[&str], chain: &Chain<'_>) -> Option<Step> {
        let (mut requests, mut reactions) = (Vec::new(), Vec::new());
        for followed in &chain.followed {
            let other = followed.context;
            let name = followed.command.aggregate.as_str();
            let mut add = |request: Request| {
                if !requests.contains(&request) {
                    requests.push(request);
                }
            };
            add(Request::read(&self.url(other, name)));
            let event = followed.from.events.get(&followed.trigger.event);
            if let (true, Some(event), Some(policy)) = (followed.creates(), event, followed.policy)
            {
                let known = self.carried(followed.from, event, policy);
                self.queries(other, name, &known).into_iter().for_each(add);
            }
            reactions.push(Reaction {
                handler: followed.handler.to_owned(),
                later: !told.contains(&followed.trigger.event.as_str()),
                context: other.name.to_string(),
                command: followed.command.name.to_string(),
            });
        }
        let events = told.iter().map(|event| (*event).to_owned());
        let about = About::Crosses {
            events: events.collect(),
            reactions,
        };
        let has_reactions = !requests.is_empty();
        has_reactions.then_some(Step { about, requests })
    }

    /// What the input of a policy's command is, as far as what was made shows.
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
