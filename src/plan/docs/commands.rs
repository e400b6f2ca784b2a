//! The catalogue of commands and queries.

use serde_json::{Value, json};

use crate::model::routes::{Endpoint, routes};
use crate::model::{
    Aggregate, Change, Command, Context, Emission, Field, InputSource, NeedKind, Presence, Query,
    Step, System,
};
use crate::plan::spoken::{command_doc, left_out};

use super::events::type_text;
use super::markdown::{codes, line};

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
    let does = match command.change {
        Change::Creates => "Creates",
        Change::Updates => "Changes",
        Change::Deletes => "Deletes",
    };
    Some(json!({
        "name": command.name,
        "doc": line(&command_doc(command)),
        "deprecated": command.deprecated.as_deref().map(line),
        "does": format!("{does} `{}`", aggregate.name),
        "route": route(context, command),
        "transition": transition(command),
        "input": input(aggregate, command),
        "needs": needs(command),
        "emits": emits(command),
        "refuses": codes(command.refuses.iter().map(|refusal| refusal.name.as_str())),
        "users": users(context, command),
    }))
}

fn route(context: &Context, command: &Command) -> Option<String> {
    let found = routes(context)
        .into_iter()
        .find(|route| route.endpoint == Endpoint::Command(command.name.clone()))?;
    Some(format!("{} {}", found.method.as_str(), found.path))
}

fn transition(command: &Command) -> Option<String> {
    let transition = command.transition.as_ref()?;
    let from = codes(transition.from.iter().map(|state| state.as_str()))?;
    Some(match &transition.to {
        Step::Stay => format!("only when {from}"),
        Step::To(state) => format!("from {from} to `{state}`"),
        Step::ByEvent(states) => {
            let to = states
                .iter()
                .map(|(event, state)| format!("`{state}` by `{event}`"));
            format!("from {from} to {}", to.collect::<Vec<_>>().join(", "))
        }
    })
}

fn input(aggregate: &Aggregate, command: &Command) -> Vec<String> {
    let members = command.input.values().filter_map(|input| {
        let name = &input.name;
        let presence = command.presence(aggregate, input);
        let required = |field: &Field| {
            type_text(&Field {
                optional: false,
                ..field.clone()
            })
        };
        let ty = match &input.source {
            InputSource::Field => required(aggregate.fields.get(name)?),
            InputSource::Own(field) => required(field),
            InputSource::Collection(entity) => format!("list of `{entity}`"),
        };
        Some(match (presence, left_out(presence)) {
            (Presence::Required, _) => format!("`{name}`: {ty}"),
            (_, None) => format!("`{name}`: {ty}, optional"),
            (_, Some(meaning)) => format!("`{name}`: {ty}. {meaning}"),
        })
    });
    members.collect()
}

fn needs(command: &Command) -> Option<String> {
    let needs: Vec<String> = command
        .needs
        .values()
        .map(|need| match &need.kind {
            NeedKind::Replica { replica, .. } => format!("the replica `{replica}`"),
            NeedKind::Aggregate { aggregate, .. } => format!("`{aggregate}`"),
            NeedKind::Query { query, .. } => format!("what the query `{query}` finds"),
            NeedKind::Call { call } => format!("the call `{call}`"),
            NeedKind::Flag { flag } => format!("the flag `{flag}`"),
        })
        .collect();
    (!needs.is_empty()).then(|| needs.join(", "))
}

fn emits(command: &Command) -> String {
    let emits = command.emits.iter().map(|emission| match emission {
        Emission::Always(event) => format!("`{event}`"),
        Emission::Optional(event) => format!("sometimes `{event}`"),
        Emission::OneOf(events) => {
            let events: Vec<String> = events.iter().map(|event| format!("`{event}`")).collect();
            format!("one of {}", events.join(", "))
        }
    });
    emits.collect::<Vec<_>>().join(", ")
}

/// The policies and effects of the context that give a command.
fn users(context: &Context, command: &Command) -> Option<String> {
    let policies = context.policies.values().filter(|p| p.then == command.name);
    let policies = policies.map(|policy| format!("policy `{}`", policy.name));
    let effects = context.effects.values().filter(|effect| {
        [&effect.succeeded, &effect.failed].contains(&&Some(command.name.clone()))
    });
    let effects = effects.map(|effect| format!("effect `{}`", effect.name));
    let users: Vec<String> = policies.chain(effects).collect();
    (!users.is_empty()).then(|| users.join(", "))
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
        "parameters": codes(by.chain(range)),
        "unique": query.unique,
    })
}
