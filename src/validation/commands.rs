//! Commands.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::members::{self, Member};
use super::{emissions, inputs, names, needs, paths, refusals, roles, sagas, transitions};
use crate::description::Keyed;
use crate::description::raw::{RawAggregate, RawCommand, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Aggregate, Change, Command, Context, Ident, InputField, TypeName};

/// What the parts of a command are checked against.
pub(super) struct Scene<'a> {
    /// Its context as written.
    pub home: &'a Home<'a>,
    /// Its context.
    pub context: &'a Context,
    /// Its name.
    pub name: &'a TypeName,
    /// Where that stands.
    pub key: Span,
    /// What is under it.
    pub raw: &'a RawCommand,
    /// The aggregate it is on.
    pub aggregate: &'a Aggregate,
    /// The aggregate as written.
    pub written: &'a RawAggregate,
    /// What it does to it.
    pub change: Change,
}

/// The commands of a context.
pub(super) fn commands(cx: &Checker<'_>, home: &Home<'_>) -> IndexMap<TypeName, Command> {
    let mut commands = IndexMap::new();
    for (name, raw) in &home.raw.commands {
        if let Some(name) = names::type_name(cx, "command", name, raw.key)
            && let Some(command) = command(cx, home, &name, raw)
        {
            commands.insert(name, command);
        }
    }
    commands
}

fn command(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: &TypeName,
    keyed: &Keyed<RawCommand>,
) -> Option<Command> {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &home.raw.commands);
    let (change, of) = change(cx, name, keyed)?;
    let context = cx.context(home);
    let aggregate = cx.find("aggregate", of, &context.aggregates, &home.raw.aggregates)?;
    let written = &home.raw.aggregates.get(aggregate.name.as_str())?.value;
    let key = keyed.key;
    let scene = Scene {
        home,
        context,
        name,
        key,
        raw,
        aggregate,
        written,
        change,
    };
    let input = inputs::input(cx, &scene);
    let emits = emissions::emits(cx, &scene);
    let path = raw.path.as_ref();
    let made = Command {
        name: name.clone(),
        doc: about.doc,
        deprecated: about.deprecated,
        renamed_from: about.renamed_from,
        change,
        aggregate: aggregate.name.clone(),
        transition: transitions::transition(cx, &scene, &emits),
        sets: sets(cx, &scene, &input),
        needs: needs::needs(cx, &scene, &input),
        refuses: refusals::refusals(cx, aggregate, &raw.refuses),
        allow: allow(cx, &scene),
        http: raw.http.as_ref().is_none_or(|http| http.value),
        path: path.and_then(|path| paths::of_command(cx, path, change != Change::Creates)),
        input,
        emits,
    };
    emissions::enough(cx, &scene, &made);
    emissions::own_fields(cx, &scene, &made);
    emissions::cleared(cx, &scene, &made);
    Some(made)
}

/// What the command does, and to what.
fn change<'r>(
    cx: &Checker<'_>,
    name: &TypeName,
    keyed: &'r Keyed<RawCommand>,
) -> Option<(Change, &'r Text)> {
    let raw = &keyed.value;
    let said: Vec<_> = [
        (Change::Creates, "creates", &raw.creates),
        (Change::Updates, "updates", &raw.updates),
        (Change::Deletes, "deletes", &raw.deletes),
    ]
    .into_iter()
    .filter_map(|(change, key, of)| of.as_ref().map(|of| (change, key, of)))
    .collect();
    match said[..] {
        [(change, _, of)] => Some((change, of)),
        [] => {
            let message = format!("`{name}` does not say which aggregate it is on");
            let finding = Diagnostic::error("command-without-aggregate", message).at(keyed.key, "");
            cx.report(finding.help("add one of `creates`, `updates` and `deletes`"));
            None
        }
        [(_, first, one), (_, second, other), ..] => {
            let message = format!("`{name}` has both `{first}` and `{second}`");
            let finding = Diagnostic::error("conflicting-keys", message).at(other.span, "");
            cx.report(
                finding
                    .at(one.span, "")
                    .note("a command changes one aggregate, in one way")
                    .help("make two commands of it; a policy lets the second follow the first"),
            );
            None
        }
    }
}

fn sets(cx: &Checker<'_>, scene: &Scene<'_>, input: &IndexMap<Ident, InputField>) -> Vec<Ident> {
    let Scene {
        raw,
        aggregate,
        written,
        change,
        name,
        ..
    } = scene;
    let mut sets = Vec::new();
    for member in names::distinct(cx, "member", &raw.sets) {
        let refuse = |message: String| Diagnostic::error("sets", message).at(member.span, "");
        if *change == Change::Deletes {
            let message = format!("`{name}` deletes: there is nothing left to set");
            cx.report(refuse(message).help("remove `sets`"));
            break;
        }
        if let Some(sent) = input.get(member.value.as_str()) {
            let message = format!("`{}` is an input of `{name}` already", sent.name);
            cx.report(
                refuse(message)
                    .note("inputs may be set without asking")
                    .help("remove it"),
            );
            continue;
        }
        match members::resolve(cx, aggregate, written, member) {
            Some(Member::Field(_) | Member::Collection(_)) => {
                inputs::keep_shard(cx, scene, member);
                sets.extend(Ident::new(&member.value));
            }
            Some(Member::Status) => {
                let finding = refuse("the status is not set by a decision".to_owned());
                cx.report(
                    finding.help("say where it leads: `transition = { from = \"…\", to = \"…\" }`"),
                );
            }
            Some(_) => {
                let message = format!("`{}` is kept by the tool", member.value);
                cx.report(refuse(message).help("remove it"));
            }
            None => {}
        }
    }
    sets
}

fn allow(cx: &Checker<'_>, scene: &Scene<'_>) -> Option<Vec<String>> {
    let list = scene.raw.allow.as_ref()?;
    if let Some(http) = scene.raw.http.as_ref().filter(|http| !http.value) {
        let finding = Diagnostic::error("conflicting-keys", "`allow` on a command without a route");
        cx.report(
            finding
                .at(list.span, "")
                .at(http.span, "no route")
                .help("remove one of them"),
        );
    }
    match scene.change {
        Change::Creates => roles::no_self(cx, list, scene.aggregate),
        Change::Updates | Change::Deletes => roles::need_subject(cx, list, scene.aggregate),
    }
    Some(roles::roles(cx, list))
}

/// The commands without a route: those that ask for none, and those that only the system sends.
pub(super) fn internal(cx: &Checker<'_>, home: &Home<'_>) -> HashSet<TypeName> {
    let raw = home.raw;
    let then = raw.policies.values().map(|policy| &policy.value.then);
    let outcomes = raw.effects.values().flat_map(|effect| {
        [&effect.value.succeeded, &effect.value.failed]
            .into_iter()
            .flatten()
    });
    let reacting: HashSet<_> = then
        .chain(outcomes)
        .map(|name| name.value.as_str())
        .collect();
    let by_sagas = sagas::sent(cx.raw, home.name.as_str());
    let sent = |name: &str| reacting.contains(name) || by_sagas.contains(name);
    let commands = raw
        .commands
        .iter()
        .filter(|(name, keyed)| match &keyed.value.http {
            Some(http) => !http.value,
            None => keyed.value.allow.is_none() && sent(name),
        });
    commands
        .filter_map(|(name, _)| TypeName::new(name))
        .collect()
}
