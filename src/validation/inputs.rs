//! Inputs of commands.

use indexmap::IndexMap;

use super::checker::Checker;
use super::commands::Scene;
use super::fields::{self, Owner, Place};
use super::members::{self, Member};
use super::names;
use super::words::all_of;
use crate::description::Spanned;
use crate::description::raw::{RawMember, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{Change, Ident, InputField, InputSource, derived};

/// What the caller sends: members of the aggregate, then the command's own.
pub(super) fn input(cx: &Checker<'_>, scene: &Scene<'_>) -> IndexMap<Ident, InputField> {
    let mut input = match &scene.raw.input {
        Some(listed) => listed_input(cx, scene, listed),
        None if scene.change == Change::Creates => everything(scene),
        None => IndexMap::new(),
    };
    if scene.change == Change::Creates {
        covered(cx, scene, &input);
    }
    own(cx, scene, &mut input);
    input
}

fn listed_input(
    cx: &Checker<'_>,
    scene: &Scene<'_>,
    listed: &Spanned<Vec<RawMember>>,
) -> IndexMap<Ident, InputField> {
    let mut input = IndexMap::new();
    if scene.change == Change::Deletes && !listed.value.is_empty() {
        let message = format!("`{}` deletes: no member can be sent", scene.name);
        let finding = Diagnostic::error("input", message).at(listed.span, "");
        cx.report(finding.help("take what it needs as its own: `own.reason = \"string\"`"));
        return input;
    }
    for name in names::distinct(cx, "input", listed.value.iter().map(|member| &member.name)) {
        let Some(member) = members::resolve(cx, scene.aggregate, scene.written, name) else {
            continue;
        };
        let source = match member {
            Member::Field(_) => InputSource::Field,
            Member::Collection(entity) => InputSource::Collection(entity.name.clone()),
            _ => {
                kept(cx, name, member);
                continue;
            }
        };
        keep_shard(cx, scene, name);
        let optional = listed
            .value
            .iter()
            .any(|it| it.name.span == name.span && it.optional);
        if let Some(name) = Ident::new(&name.value) {
            input.insert(
                name.clone(),
                InputField {
                    name,
                    optional,
                    source,
                },
            );
        }
    }
    input
}

fn kept(cx: &Checker<'_>, name: &Text, member: Member<'_>) {
    let message = format!("`{}` cannot be sent: it is kept by the tool", name.value);
    let finding = Diagnostic::error("input", message).at(name.span, "");
    cx.report(match member {
        Member::Status => {
            finding.help("say where the command leads: `transition = { from = \"…\", to = \"…\" }`")
        }
        Member::Id => finding.help("remove it: a command on an aggregate has its id anyway"),
        _ => finding.help("remove it"),
    });
}

/// Reports a change of the field that decides the shard.
pub(super) fn keep_shard(cx: &Checker<'_>, scene: &Scene<'_>, name: &Text) {
    let Some(shard) = scene.written.shard_by.as_ref() else {
        return;
    };
    if shard.value == name.value && scene.change != Change::Creates {
        let message = format!("`{}` cannot change: it decides the shard", name.value);
        let finding = Diagnostic::error("shard-key", message).at(name.span, "");
        cx.report(
            finding
                .at(shard.span, "here")
                .help("remove it, or shard by another field"),
        );
    }
}

/// A creating command's input when it lists none: every field without a default, every collection; not
/// what its decision sets.
fn everything(scene: &Scene<'_>) -> IndexMap<Ident, InputField> {
    let fields = scene
        .aggregate
        .fields
        .values()
        .filter(|field| field.default.is_none());
    let fields = fields.map(|field| InputField {
        name: field.name.clone(),
        optional: field.optional,
        source: InputSource::Field,
    });
    let collections = scene.aggregate.entities.values().map(|entity| InputField {
        name: entity.collection.clone(),
        optional: false,
        source: InputSource::Collection(entity.name.clone()),
    });
    fields
        .chain(collections)
        .filter(|input| !is_set(scene, &input.name))
        .map(|input| (input.name.clone(), input))
        .collect()
}

/// Whether the decision sets the member.
fn is_set(scene: &Scene<'_>, name: &Ident) -> bool {
    let mut sets = scene.raw.sets.iter();
    sets.any(|member| member.value == name.as_str())
}

/// Reports required fields that a created aggregate would lack.
fn covered(cx: &Checker<'_>, scene: &Scene<'_>, input: &IndexMap<Ident, InputField>) {
    let sent = |name: &Ident| input.get(name).is_some_and(|input| !input.optional);
    let broken = |name: &Ident| {
        // A default that failed was reported; the field is not missing for that.
        let raw = scene.written.fields.get(name.as_str());
        raw.is_some_and(|raw| raw.value.keys.default.is_some())
    };
    let required = scene
        .aggregate
        .fields
        .values()
        .filter(|field| field.is_required());
    let missing: Vec<_> = required
        .map(|field| &field.name)
        .filter(|name| !sent(name) && !is_set(scene, name) && !broken(name))
        .collect();
    let Some(first) = missing.first() else { return };
    let message = format!(
        "`{}` creates a `{}` without {}",
        scene.name,
        scene.aggregate.name,
        all_of(missing.iter().copied())
    );
    let place = scene
        .raw
        .input
        .as_ref()
        .map_or(scene.key, |input| input.span);
    let mut finding = Diagnostic::error("uncovered-field", message).at(place, "");
    for name in &missing {
        if let Some(span) = fields::key_of(&scene.written.fields, name.as_str()) {
            finding = finding.at(span, "required");
        }
    }
    let help = match input.contains_key(*first) {
        true => format!("drop the `?` of `{first}`"),
        false => format!("add `{first}` to `input`, or to `sets` where the decision works it out"),
    };
    cx.report(finding.help(format!(
        "{help}, or give the field a default or make it optional"
    )));
}

/// Adds the command's own inputs.
fn own(cx: &Checker<'_>, scene: &Scene<'_>, input: &mut IndexMap<Ident, InputField>) {
    let aggregate = scene.aggregate;
    let owner = Owner {
        home: Some(scene.home),
        name: scene.name.as_str(),
        place: Place::Own,
        aggregate: Some(aggregate.name.as_str()),
    };
    for (name, field) in fields::fields(cx, &owner, &scene.raw.own) {
        let key = derived::collision_key(name.as_str());
        let same = |other: &str| derived::collision_key(other) == key;
        let other = input
            .keys()
            .map(Ident::as_str)
            .chain(["id"])
            .find(|other| same(other));
        let stored =
            aggregate.fields.contains_key(&name) || aggregate.collection(name.as_str()).is_some();
        if other.is_some() || stored {
            let message = match other {
                Some("id") => "the id of the aggregate is an input anyway".to_owned(),
                Some(other) => format!("`{name}` is called as the input `{other}`"),
                None => format!("`{name}` is called as a member of `{}`", aggregate.name),
            };
            let finding = Diagnostic::error("name-collision", message);
            let span = fields::key_of(&scene.raw.own, name.as_str());
            let finding = span
                .into_iter()
                .fold(finding, |finding, span| finding.at(span, ""));
            cx.report(match other {
                None => finding.help(format!(
                    "write `input = [\"{name}\"]` when that is meant, or rename it"
                )),
                Some(_) => finding.help("rename it"),
            });
            continue;
        }
        let optional = field.optional && field.default.is_none();
        let source = InputSource::Own(Box::new(field));
        input.insert(
            name.clone(),
            InputField {
                name,
                optional,
                source,
            },
        );
    }
}
