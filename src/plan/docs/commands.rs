//! The catalogue of commands and queries.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::routes::{Endpoint, routes};
use crate::model::{
    Aggregate, Change, Command, Context, Emission, InputSource, NeedKind, Presence, Query, Step,
    System,
};
use crate::plan::spoken::{command_doc, left_out};

use super::events::FieldType;
use super::markdown::line;

/// Each context that can be asked something, with its commands and queries.
pub(super) fn catalogue(system: &System) -> Vec<Value> {
    let asked = system
        .contexts
        .values()
        .filter(|context| !(context.commands.is_empty() && context.queries.is_empty()));
    asked
        .map(|context| {
            let commands = context.commands.values();
            let commands: Vec<Value> = commands.filter_map(|c| command(context, c)).collect();
            let queries: Vec<Value> = context.queries.values().map(query).collect();
            json!({
                "name": context.name,
                "external": context.external,
                "commands": commands,
                "queries": queries,
            })
        })
        .collect()
}

fn command(context: &Context, command: &Command) -> Option<Value> {
    let aggregate = context.aggregates.get(&command.aggregate)?;
    let refusals = command.refuses.iter().map(|refusal| refusal.name.as_str());
    Some(json!({
        "name": command.name,
        "doc": line(&command_doc(command)),
        "deprecated": command.deprecated.as_deref().map(line),
        "creates": command.change == Change::Creates,
        "deletes": command.change == Change::Deletes,
        "aggregate": aggregate.name,
        "route": route(context, command),
        "transition": transition(command),
        "input": input(aggregate, command),
        "needs": command.needs.values().map(|need| Needed::of(&need.kind)).collect::<Vec<_>>(),
        "emits": command.emits.iter().map(emission).collect::<Vec<_>>(),
        "refuses": refusals.collect::<Vec<_>>(),
        "users": users(context, command),
    }))
}

fn route(context: &Context, command: &Command) -> Option<String> {
    let found = routes(context)
        .into_iter()
        .find(|route| route.endpoint == Endpoint::Command(command.name.clone()))?;
    Some(format!("{} {}", found.method.as_str(), found.path))
}

/// The states that a command starts from, and where it leads: nowhere, to one, or to one by each event.
fn transition(command: &Command) -> Option<Value> {
    let transition = command.transition.as_ref()?;
    let (to, by_event) = match &transition.to {
        Step::Stay => (None, Vec::new()),
        Step::To(state) => (Some(state), Vec::new()),
        Step::ByEvent(states) => (None, states.iter().collect()),
    };
    let by_event = by_event.into_iter();
    let by_event = by_event.map(|(event, state)| json!({ "event": event, "state": state }));
    Some(json!({
        "from": transition.from,
        "to": to,
        "by_event": by_event.collect::<Vec<_>>(),
    }))
}

fn input(aggregate: &Aggregate, command: &Command) -> Vec<Value> {
    let members = command.input.values().filter_map(|input| {
        let presence = command.presence(aggregate, input);
        let mut ty = match &input.source {
            InputSource::Field => FieldType::of(aggregate.fields.get(&input.name)?),
            InputSource::Own(field) => FieldType::of(field),
            InputSource::Collection(entity) => FieldType::entities(entity.as_str()),
        };
        let left_out = left_out(presence);
        ty.optional = presence != Presence::Required && left_out.is_none();
        Some(json!({ "name": input.name, "type": ty, "left_out": left_out }))
    });
    members.collect()
}

/// What a command looks at besides its aggregate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Needed {
    Replica(String),
    Aggregate(String),
    Query(String),
    Call(String),
    Flag(String),
}

impl Needed {
    fn of(need: &NeedKind) -> Self {
        match need {
            NeedKind::Replica { replica, .. } => Self::Replica(replica.to_string()),
            NeedKind::Aggregate { aggregate, .. } => Self::Aggregate(aggregate.to_string()),
            NeedKind::Query { query, .. } => Self::Query(query.to_string()),
            NeedKind::Call { call } => Self::Call(call.to_string()),
            NeedKind::Flag { flag } => Self::Flag(flag.to_string()),
        }
    }
}

/// The events of which one is emitted, or none.
fn emission(emission: &Emission) -> Value {
    json!({
        "events": emission.events(),
        "sometimes": matches!(emission, Emission::Optional(_)),
        "one_of": matches!(emission, Emission::OneOf(_)),
    })
}

/// The policies and effects of the context that give a command.
fn users(context: &Context, command: &Command) -> Vec<Value> {
    let policies = context.policies.values().filter(|p| p.then == command.name);
    let policies = policies.map(|policy| json!({ "policy": policy.name }));
    let effects = context.effects.values().filter(|effect| {
        [&effect.succeeded, &effect.failed].contains(&&Some(command.name.clone()))
    });
    let effects = effects.map(|effect| json!({ "effect": effect.name }));
    policies.chain(effects).collect()
}

fn query(query: &Query) -> Value {
    let by = query.by.iter().map(|by| by.member.to_string());
    let range = query.range.iter();
    let range = range.flat_map(|member| [format!("{member}_from"), format!("{member}_to")]);
    json!({
        "name": query.name,
        "doc": query.doc.as_deref().map(line),
        "aggregate": query.aggregate,
        "path": query.path,
        "parameters": by.chain(range).collect::<Vec<_>>(),
        "unique": query.unique,
    })
}
