//! What contexts do about events: replicas, policies, effects.

use cargo_microdb::model::derived;
use toml::{Table, Value};

use super::Reactions;
use super::aggregates::{Context, External, declare};
use super::commands::{Change, Command, refers};
use super::events::{Event, Offer};
use super::fields::{Ty, about};
use super::rng::Rng;

/// Declares copies of what other contexts own.
pub fn replicas(rng: &mut Rng, reactions: Reactions, contexts: &mut [Context]) {
    if reactions != Reactions::Across {
        return;
    }
    for reader in 0..contexts.len() {
        for owner in 0..contexts.len() {
            if reader != owner && contexts[reader].external == External::No && rng.chance(50) {
                let source = contexts[owner].clone();
                replica(rng, &mut contexts[reader], &source);
            }
        }
    }
}

fn replica(rng: &mut Rng, reader: &mut Context, source: &Context) {
    let told: Vec<_> = source.aggregates.iter().filter(|it| it.told).collect();
    if told.is_empty() {
        return;
    }
    let of = *rng.pick(&told);
    let mut fields: Vec<Value> = of.published.iter().cloned().map(Value::from).collect();
    if !of.states.is_empty() && rng.chance(60) {
        fields.push("status".into());
    }
    if fields.is_empty() {
        return;
    }
    let name = reader
        .names
        .type_name(rng, reader.axes.style, |_| Vec::new());
    let mut made = Table::new();
    about(rng, &mut made);
    made.remove("deprecated");
    made.insert(
        "of".to_owned(),
        format!("{}.{}", source.name, of.name).into(),
    );
    made.insert("fields".to_owned(), Value::Array(fields));
    made.insert(
        "stale_after".to_owned(),
        (*rng.pick(&["5s", "200ms", "7d"])).into(),
    );
    declare(&mut reader.written, "replicas", &name, made);
    reader
        .replicas
        .push((name, (source.name.clone(), of.name.clone())));
}

/// Declares policies and effects of a context.
pub fn describe(rng: &mut Rng, reactions: Reactions, contexts: &mut [Context], index: usize) {
    let home = &contexts[index];
    if reactions == Reactions::None || home.external == External::Yes || home.commands.is_empty() {
        return;
    }
    for _ in 0..rng.from(1, 4) {
        let source = match reactions {
            Reactions::Across => rng.below(contexts.len()),
            _ => index,
        };
        let source = contexts[source].clone();
        if source.events.is_empty() {
            continue;
        }
        let event = rng.pick(&source.events).clone();
        if rng.chance(70) {
            policy(rng, &mut contexts[index], &source, &event);
        } else {
            effect(rng, &mut contexts[index], &source, &event);
        }
    }
}

fn path(home: &Context, source: &Context, event: &Event) -> Value {
    match home.name == source.name {
        true => event.name.clone().into(),
        false => format!("{}.{}", source.name, event.name).into(),
    }
}

fn policy(rng: &mut Rng, home: &mut Context, source: &Context, event: &Event) {
    let command = rng.pick(&home.commands).clone();
    let mut made = Table::new();
    about(rng, &mut made);
    made.remove("deprecated");
    made.insert("on".to_owned(), path(home, source, event));
    made.insert("then".to_owned(), command.name.clone().into());
    let mut offers = event.offers.clone();
    if !event.lists.is_empty() && rng.chance(60) {
        let (list, elements) = rng.pick(&event.lists).clone();
        made.insert("each".to_owned(), list.into());
        offers.splice(0..0, elements);
    }
    if command.change != Change::Creates && !target(rng, home, &command, &offers, &mut made) {
        return;
    }
    if rng.chance(40) {
        made.insert(
            "on_refusal".to_owned(),
            (*rng.pick(&["ignore", "dead-letter"])).into(),
        );
    }
    let name = home
        .names
        .type_name(rng, home.axes.style, derived::of_policy);
    declare(&mut home.written, "policies", &name, made);
}

/// Says which aggregates the command is sent to; false when nothing could.
fn target(
    rng: &mut Rng,
    home: &Context,
    command: &Command,
    offers: &[Offer],
    made: &mut Table,
) -> bool {
    let aggregate = &home.aggregates[command.aggregate].name;
    let ids: Vec<&Offer> = offers
        .iter()
        .filter(|it| !it.list && refers(&it.ty, &home.name, aggregate))
        .collect();
    // One that may be absent goes without saying where none is always there.
    let (certain, unsure): (Vec<&Offer>, Vec<_>) = ids.iter().copied().partition(|it| it.certain);
    let alone = if certain.is_empty() { unsure } else { certain };
    let found: Vec<_> = home
        .queries
        .iter()
        .filter(|it| {
            it.aggregate == command.aggregate && fills(home, command.aggregate, &it.by, offers)
        })
        .collect();
    if !found.is_empty() && (ids.is_empty() || rng.chance(40)) {
        made.insert("finds".to_owned(), rng.pick(&found).name.clone().into());
        return true;
    }
    if ids.is_empty() {
        return false;
    }
    if alone.len() == 1 && rng.chance(60) {
        return true;
    }
    let id = *rng.pick(&ids);
    // An unnamed one is the aggregate's own id, or an element of what `each` names.
    match &id.name {
        Some(name) => made.insert("target".to_owned(), name.clone().into()),
        None => return alone.len() == 1,
    };
    // A name that both the element and the event have means the first.
    offers
        .iter()
        .find(|it| it.name == id.name)
        .is_some_and(|it| it.ty == id.ty && !it.list)
}

/// Whether each parameter of a query can be told.
fn fills(home: &Context, aggregate: usize, by: &[String], offers: &[Offer]) -> bool {
    let of = &home.aggregates[aggregate];
    by.iter().all(|name| {
        let ty = match name.as_str() {
            "id" => Ty::Reference(home.name.clone(), of.name.clone()),
            _ => match of.field(name) {
                Some(field) => field.ty.clone(),
                None => return false,
            },
        };
        let mut same = offers
            .iter()
            .filter(|it| it.ty == ty && it.certain && !it.list);
        let simple = match &ty {
            Ty::Named(name) => name.starts_with(|c: char| c.is_ascii_lowercase()),
            Ty::Reference(..) => true,
            _ => false,
        };
        let named = same.clone().any(|it| it.name.as_ref() == Some(name));
        let only =
            matches!(ty, Ty::Reference(..)) && same.next().is_some() && same.next().is_none();
        simple && (named || only)
    })
}

fn effect(rng: &mut Rng, home: &mut Context, source: &Context, event: &Event) {
    let mut made = Table::new();
    about(rng, &mut made);
    made.remove("deprecated");
    made.insert("on".to_owned(), path(home, source, event));
    made.insert(
        "timeout".to_owned(),
        (*rng.pick(&["5s", "100ms", "2m"])).into(),
    );
    if rng.chance(50) {
        made.insert("attempts".to_owned(), (rng.from(1, 1000) as i64).into());
        made.insert("give_up_after".to_owned(), "23h".into());
    }
    let reached = |command: &&Command| {
        let aggregate = &home.aggregates[command.aggregate].name;
        let ids = event.offers.iter();
        let ids = ids.filter(|it| it.certain && !it.list && refers(&it.ty, &home.name, aggregate));
        command.change == Change::Creates || ids.count() == 1
    };
    let commands: Vec<Command> = home.commands.iter().filter(reached).cloned().collect();
    let mut first: Option<usize> = None;
    for key in ["succeeded", "failed"] {
        if commands.is_empty() || rng.chance(30) {
            continue;
        }
        let command = rng.pick(&commands);
        let updates = command.change != Change::Creates;
        if updates && first.is_some_and(|first| first != command.aggregate) {
            continue;
        }
        if updates {
            first = Some(command.aggregate);
        }
        made.insert(key.to_owned(), command.name.clone().into());
    }
    let name = home
        .names
        .type_name(rng, home.axes.style, derived::of_effect);
    declare(&mut home.written, "effects", &name, made);
}
