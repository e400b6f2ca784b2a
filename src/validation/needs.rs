//! What decisions may look at.

use indexmap::IndexMap;

use super::checker::Checker;
use super::commands::Scene;
use super::fill::{self, Candidate, Slot};
use super::{calls, candidates, names};
use crate::description::Keyed;
use crate::description::raw::{RawContext, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{
    Aggregate, Change, Fill, Ident, InputField, Need, NeedKind, Query, Replica, Source, derived,
};

/// The needs of a command.
pub(super) fn needs(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    input: &IndexMap<Ident, InputField>,
) -> IndexMap<Ident, Need> {
    let candidates = candidates::of_command(scene.context, scene.aggregate, scene.change, input);
    let mut needs: IndexMap<Ident, Need> = IndexMap::new();
    for (name, of) in &scene.raw.needs {
        let Some(name) = names::ident(cx, "need", name, of.key) else {
            continue;
        };
        let key = derived::collision_key(name.as_str());
        if let Some(other) = needs
            .keys()
            .find(|it| derived::collision_key(it.as_str()) == key)
        {
            let message = format!("the needs `{other}` and `{name}` are one name in code");
            let finding = Diagnostic::error("name-collision", message).at(of.key, "");
            cx.report(finding.help("rename one of them"));
        }
        if let Some(kind) = kind(cx, scene, &name, of, &candidates) {
            needs.insert(name.clone(), Need { name, kind });
        }
    }
    needs
}

/// What the need is: the only thing of that name.
fn kind(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    name: &Ident,
    of: &Keyed<Text>,
    candidates: &[Candidate],
) -> Option<NeedKind> {
    let (raw, context, text) = (scene.home.raw, scene.context, of.value.value.as_str());
    let found = meanings(raw, text);
    match found[..] {
        ["replica"] => replica(
            cx,
            scene,
            name,
            &of.value,
            context.replicas.get(text)?,
            candidates,
        ),
        ["aggregate"] => aggregate(
            cx,
            scene,
            name,
            &of.value,
            context.aggregates.get(text)?,
            candidates,
        ),
        ["query"] => query(cx, scene, &of.value, context.queries.get(text)?, candidates),
        ["call"] => {
            calls::used(cx, scene.home, raw.calls.get(text)?, &of.value, candidates);
            Ident::new(text).map(|call| NeedKind::Call { call })
        }
        ["flag"] => Ident::new(text).map(|flag| NeedKind::Flag { flag }),
        [] => {
            unknown(cx, scene, &of.value);
            None
        }
        [first, ref rest @ ..] => {
            let second = rest.first().copied().unwrap_or_default();
            let message = format!("`{text}` is both a {first} and a {second}");
            let finding = Diagnostic::error("ambiguous-name", message);
            cx.report(finding.at(of.value.span, "").help("rename one of them"));
            None
        }
    }
}

/// What this name is declared as.
fn meanings(raw: &RawContext, text: &str) -> Vec<&'static str> {
    let meanings = [
        ("replica", raw.replicas.declares(text)),
        ("aggregate", raw.aggregates.declares(text)),
        ("query", raw.queries.declares(text)),
        ("call", raw.calls.declares(text)),
        ("flag", raw.flags.declares(text)),
    ];
    meanings
        .iter()
        .filter(|(_, is)| *is)
        .map(|(what, _)| *what)
        .collect()
}

fn unknown(cx: &Checker<'_>, scene: &Scene<'_>, of: &Text) {
    let raw = scene.home.raw;
    let known = raw
        .replicas
        .keys()
        .chain(raw.aggregates.keys())
        .chain(raw.queries.keys());
    let known = known
        .chain(raw.calls.keys())
        .chain(raw.flags.keys())
        .map(String::as_str);
    let what = "replica, aggregate, query, call or flag";
    let Some(finding) = cx.unknown_name(what, of, known) else {
        return;
    };
    cx.report(if of.value.contains('.') {
        finding.help(format!(
            "declare a local copy, `[contexts.{}.replicas.…]` with `of = \"{}\"`, and need that",
            scene.home.name, of.value
        ))
    } else {
        finding
    });
}

fn replica(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    name: &Ident,
    of: &Text,
    replica: &Replica,
    candidates: &[Candidate],
) -> Option<NeedKind> {
    let slot = Slot::id(&replica.context, &replica.aggregate);
    let path = format!("{}.{}", replica.context, replica.aggregate);
    let key = key(cx, scene, (name, of), (&slot, &path), candidates)?;
    Some(NeedKind::Replica {
        replica: replica.name.clone(),
        key,
    })
}

fn aggregate(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    name: &Ident,
    of: &Text,
    aggregate: &Aggregate,
    candidates: &[Candidate],
) -> Option<NeedKind> {
    let slot = Slot::id(&scene.context.name, &aggregate.name);
    // The aggregate the command is on is at hand without asking.
    let others: Vec<_> = candidates
        .iter()
        .filter(|candidate| candidate.source != Source::AggregateId)
        .cloned()
        .collect();
    let key = key(
        cx,
        scene,
        (name, of),
        (&slot, aggregate.name.as_str()),
        &others,
    )?;
    Some(NeedKind::Aggregate {
        aggregate: aggregate.name.clone(),
        key,
    })
}

/// Where the id of what is needed comes from.
fn key(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    (name, of): (&Ident, &Text),
    (slot, path): (&Slot, &str),
    candidates: &[Candidate],
) -> Option<Fill> {
    let found = fill::reference(name.as_str(), slot, candidates);
    if found.is_none() {
        let same: Vec<_> = candidates
            .iter()
            .filter(|candidate| candidate.slot.ty == slot.ty)
            .collect();
        let message = format!(
            "nothing tells which `{}` `{}` is to look at",
            of.value, scene.name
        );
        let finding = Diagnostic::error("unfilled-need", message).at(of.span, "");
        cx.report(match same.as_slice() {
            [] => finding
                .note(format!(
                    "no input and no field of `{}` refers to `{path}`",
                    scene.aggregate.name
                ))
                .help(format!(
                    "add an input: `own.{name} = {{ ref = \"{path}\" }}`"
                )),
            [_] => finding.note("the only references to it are a list"),
            _ => finding
                .note("several inputs and fields refer to it")
                .help("call the need as the one that is meant"),
        });
    }
    found
}

fn query(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    of: &Text,
    query: &Query,
    candidates: &[Candidate],
) -> Option<NeedKind> {
    let aggregate = scene.context.aggregates.get(&query.aggregate)?;
    let mut with = IndexMap::new();
    for parameter in &query.by {
        let slot = candidates::of_parameter(scene.context, aggregate, &parameter.member);
        let found = slot
            .and_then(|slot| fill::fill(&cx.system, parameter.member.as_str(), &slot, candidates));
        match found {
            Some(found) => {
                with.insert(parameter.member.clone(), found);
            }
            None => {
                let message = format!(
                    "nothing tells `{}` of the query `{}`",
                    parameter.member, query.name
                );
                let finding = Diagnostic::error("unfilled-need", message).at(of.span, "");
                let whose = match scene.change {
                    Change::Creates => "an input".to_owned(),
                    _ => format!("an input or a field of `{}`", scene.aggregate.name),
                };
                cx.report(finding.help(format!(
                    "give `{}` {whose} of the same name and type",
                    scene.name
                )));
            }
        }
    }
    Some(NeedKind::Query {
        query: query.name.clone(),
        with,
    })
}
