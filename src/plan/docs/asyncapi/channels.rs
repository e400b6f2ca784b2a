//! Channels, and who sends to them and receives from them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::envelope::{HEARTBEAT, REPLAY_COMPLETE, REQUESTS, SNAPSHOT_COMPLETE};
use super::{events_of, message_name, reference, snapshot_name};
use crate::model::{Aggregate, Context, System, derived};
use crate::plan::contracts::topic;
use crate::plan::docs::relations::triggers;

/// The channels of an aggregate's events: theirs, and the one of each replay.
pub(super) fn of_events(
    system: &System,
    context: &Context,
    aggregate: &Aggregate,
) -> [(String, Value); 2] {
    let address = topic(system, context, aggregate.name.as_str());
    let events = event_names(context, aggregate);
    let (snapshot, _) = snapshot_name(system, context, aggregate);
    let name = &aggregate.name;
    let mut all = events.clone();
    all.extend([&snapshot, HEARTBEAT, SNAPSHOT_COMPLETE].map(str::to_owned));
    let told = format!(
        "All that happens to each `{name}`, in its order, and snapshots where somebody asked for them"
    );
    let mut replayed = events;
    replayed.extend([snapshot, REPLAY_COMPLETE.to_owned()]);
    let mut replay = channel(
        &format!("{address}.replay.{{request}}"),
        &format!("All that has happened to each `{name}`, for whoever asked for it"),
        &replayed,
    );
    replay["parameters"] = json!({ "request": { "description": "The id of the request" } });
    [
        (address.clone(), channel(&address, &told, &all)),
        (replay_key(&address), replay),
    ]
}

/// The channel in which a context is asked for what it owns; `None` where it publishes nothing.
pub(super) fn of_requests(system: &System, context: &Context) -> Option<(String, Value)> {
    let told = format!("What others ask of `{}`", context.name);
    let address = requests_address(system, context);
    let names = REQUESTS.map(str::to_owned);
    publishes(context).then(|| (address.clone(), channel(&address, &told, &names)))
}

/// What a context sends and receives.
pub(super) fn operations(system: &System, context: &Context) -> Map<String, Value> {
    let mut operations = Map::new();
    for aggregate in context.aggregates.values() {
        let mut names = event_names(context, aggregate);
        if names.is_empty() {
            continue;
        }
        let address = topic(system, context, aggregate.name.as_str());
        let (snapshot, _) = snapshot_name(system, context, aggregate);
        let mut replayed = names.clone();
        replayed.extend([snapshot.clone(), REPLAY_COMPLETE.to_owned()]);
        names.extend([&snapshot, HEARTBEAT, SNAPSHOT_COMPLETE].map(str::to_owned));
        let sends = format!("{}-sends-{}", context.name, key(aggregate));
        let replay = operation("send", context, &replay_key(&address), &replayed);
        operations.insert(format!("{sends}-replays"), replay);
        operations.insert(sends, operation("send", context, &address, &names));
    }
    if publishes(context) {
        let (address, names) = (
            requests_address(system, context),
            REQUESTS.map(str::to_owned),
        );
        let answered = operation("receive", context, &address, &names);
        operations.insert(format!("{}-receives-requests", context.name), answered);
    }
    for owner in system.contexts.values() {
        operations.extend(received(system, context, owner));
    }
    operations
}

/// What a context listens to of another, a topic an operation, and what it asks of it.
fn received(system: &System, context: &Context, owner: &Context) -> Map<String, Value> {
    let mut operations = Map::new();
    for aggregate in owner.aggregates.values() {
        let mut replicas = context.replicas.values();
        let copied = replicas.any(|r| r.context == owner.name && r.aggregate == aggregate.name);
        let triggers = triggers(context).filter(|(_, trigger)| trigger.context == owner.name);
        let awaited: BTreeSet<&str> = triggers.map(|(_, it)| it.event.as_str()).collect();
        let mut heard = events_of(owner, aggregate);
        heard.retain(|event| copied || awaited.contains(event.name.as_str()));
        if heard.is_empty() {
            continue;
        }
        let (snapshot, _) = snapshot_name(system, owner, aggregate);
        let mut names: Vec<String> = heard.iter().map(|it| message_name(owner, it)).collect();
        names.extend([&snapshot, HEARTBEAT, SNAPSHOT_COMPLETE].map(str::to_owned));
        let address = topic(system, owner, aggregate.name.as_str());
        let receives = format!(
            "{}-receives-{}-{}",
            context.name,
            owner.name,
            key(aggregate)
        );
        operations.insert(receives, operation("receive", context, &address, &names));
    }
    if !operations.is_empty() && context.name != owner.name {
        let (address, names) = (requests_address(system, owner), REQUESTS.map(str::to_owned));
        let asks = operation("send", context, &address, &names);
        operations.insert(format!("{}-asks-{}", context.name, owner.name), asks);
    }
    operations
}

fn event_names(context: &Context, aggregate: &Aggregate) -> Vec<String> {
    let events = events_of(context, aggregate).into_iter();
    events.map(|event| message_name(context, event)).collect()
}

/// Whether a context has anything that it could be asked for.
fn publishes(context: &Context) -> bool {
    let mut aggregates = context.aggregates.values();
    aggregates.any(|aggregate| !events_of(context, aggregate).is_empty())
}

fn requests_address(system: &System, context: &Context) -> String {
    format!("{}.{}.commands", system.name, context.name)
}

fn replay_key(address: &str) -> String {
    format!("{address}.replay")
}

fn key(aggregate: &Aggregate) -> String {
    derived::segment(aggregate.name.as_str())
}

fn channel(address: &str, told: &str, names: &[String]) -> Value {
    let messages = names.iter().map(|name| {
        let message = reference(&format!("components/messages/{name}"));
        (name.clone(), message)
    });
    let messages: Map<String, Value> = messages.collect();
    json!({ "address": address, "description": told, "messages": messages })
}

fn operation(action: &str, context: &Context, channel: &str, names: &[String]) -> Value {
    let messages = names
        .iter()
        .map(|name| reference(&format!("channels/{channel}/messages/{name}")));
    json!({
        "action": action,
        "channel": reference(&format!("channels/{channel}")),
        "tags": [{ "name": context.name }],
        "messages": messages.collect::<Vec<_>>(),
    })
}
