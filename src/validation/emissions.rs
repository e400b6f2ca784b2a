//! What commands emit.

use super::checker::Checker;
use super::commands::Scene;
use super::{fields, names};
use crate::description::raw::{RawEmission, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Change, Command, Emission, EventField, Ident, InputSource, Step, TypeName};

/// The events a command emits, place by place.
pub(super) fn emits(cx: &Checker<'_>, scene: &Scene<'_>) -> Vec<Emission> {
    let mut emits = Vec::new();
    let mut seen: Vec<&Text> = Vec::new();
    for place in scene.raw.emits.iter() {
        for name in written(&place.value) {
            match seen.iter().find(|earlier| earlier.value == name.value) {
                Some(earlier) => names::duplicate(cx, "event", earlier.span, name),
                None => seen.push(name),
            }
        }
        let event = |name: &Text| event(cx, scene, name);
        match &place.value {
            RawEmission::Event(member) => emits.extend(event(&member.name).map(|name| {
                if member.optional {
                    Emission::Optional(name)
                } else {
                    Emission::Always(name)
                }
            })),
            RawEmission::OneOf(choice) => {
                let events: Vec<_> = choice.iter().filter_map(event).collect();
                if choice.len() < 2 {
                    let finding = Diagnostic::error("one-of", "there is nothing to choose from");
                    cx.report(finding.at(place.span, "").help("name at least two events"));
                }
                emits.push(Emission::OneOf(events));
            }
        }
    }
    emits
}

/// The names of the events at one place.
pub(super) fn written(emission: &RawEmission) -> Vec<&Text> {
    match emission {
        RawEmission::Event(member) => vec![&member.name],
        RawEmission::OneOf(choice) => choice.iter().collect(),
    }
}

/// The event of this name, when it is of the command's aggregate.
fn event(cx: &Checker<'_>, scene: &Scene<'_>, name: &Text) -> Option<TypeName> {
    let written = &scene.home.raw.events;
    let found = cx.find("event", name, &scene.context.events, written)?;
    if found.aggregate != scene.aggregate.name {
        let message = format!(
            "`{}` is an event of `{}`, not of `{}`",
            found.name, found.aggregate, scene.aggregate.name
        );
        let finding = Diagnostic::error("foreign-event", message).at(name.span, "");
        let of = written
            .get(found.name.as_str())
            .map(|raw| raw.value.of.span);
        let finding = of
            .into_iter()
            .fold(finding, |finding, span| finding.at(span, "it says so here"));
        cx.report(
            finding
                .note("a command changes one aggregate, and tells what happened to that")
                .help("emit an event of its own; a policy lets the other aggregate follow"),
        );
        return None;
    }
    Some(found.name.clone())
}

/// Reports a command that changes something without telling, or tells of its end ambiguously.
pub(super) fn enough(cx: &Checker<'_>, scene: &Scene<'_>, made: &Command) {
    let place = scene
        .raw
        .emits
        .first()
        .map_or(scene.key, |first| first.span);
    if scene.raw.emits.is_empty() {
        // What is owned elsewhere need not say what its commands emit.
        if !scene.home.external() {
            silent(cx, scene, made);
        }
        return;
    }
    let certain = made
        .emits
        .iter()
        .any(|it| !matches!(it, Emission::Optional(_)));
    let unsure = made.emits.is_empty();
    match scene.change {
        Change::Creates if !certain && !unsure => {
            let message = format!(
                "`{}` may create a `{}` and tell nobody",
                made.name, made.aggregate
            );
            let finding = Diagnostic::error("command-without-event", message).at(place, "");
            cx.report(finding.help("drop the `?` of the event that tells of the creation"));
        }
        Change::Deletes if made.emits.len() > 1 || (!certain && !unsure) => {
            let message = format!("`{}` must emit exactly one event", made.name);
            let finding = Diagnostic::error("deletion-event", message).at(place, "");
            cx.report(
                finding
                    .note("the event is what tells others that the aggregate is gone")
                    .help("emit one event, or `{ one_of = […] }`"),
            );
        }
        _ => {}
    }
}

fn silent(cx: &Checker<'_>, scene: &Scene<'_>, made: &Command) {
    let own = |source: &InputSource| matches!(source, InputSource::Own(_));
    let sends = made.input.values().any(|input| !own(&input.source));
    let leads = made
        .transition
        .as_ref()
        .is_some_and(|it| it.to != Step::Stay);
    let changes = made.change != Change::Updates || sends || leads || !made.sets.is_empty();
    let (message, help) = if changes {
        let help = "declare an event of the aggregate, and name it: `emits = \"…\"`";
        (
            format!(
                "`{}` changes a `{}` and emits no event",
                made.name, made.aggregate
            ),
            help,
        )
    } else {
        (
            format!("`{}` changes nothing", made.name),
            "give it `input`, `sets`, `transition` or `emits`",
        )
    };
    let finding = Diagnostic::error("command-without-event", message).at(scene.key, "");
    cx.report(
        finding
            .note("every change is told by an event: copies and policies live by it")
            .help(help),
    );
}

/// Reports required fields of an event's own that an input of the command gives by name, but not by type.
/// What no input gives, the decision works out.
pub(super) fn own_fields(cx: &Checker<'_>, scene: &Scene<'_>, made: &Command) {
    for place in scene.raw.emits.iter() {
        for name in written(&place.value) {
            let Some(event) = scene.context.events.get(name.value.as_str()) else {
                continue;
            };
            if event.aggregate != made.aggregate {
                continue;
            }
            for (field, of) in &event.fields {
                let input = made.input.get(field).map(|input| &input.source);
                if let (EventField::Own(own), Some(InputSource::Own(given))) = (of, input)
                    && own.is_required()
                    && (given.ty != own.ty || given.list != own.list)
                {
                    let raw = scene.home.raw.events.get(event.name.as_str());
                    let at = raw.and_then(|raw| fields::key_of(&raw.value.own, field.as_str()));
                    contradicted(cx, (made, name.span), (field, at));
                }
            }
        }
    }
}

fn contradicted(
    cx: &Checker<'_>,
    (command, emitted): (&Command, Span),
    (field, at): (&Ident, Option<Span>),
) {
    let message = format!(
        "`{}` cannot fill `{field}` of the event: its input `{field}` has another type",
        command.name
    );
    let finding = Diagnostic::error("unfilled-event", message).at(emitted, "");
    let finding = at
        .into_iter()
        .fold(finding, |finding, at| finding.at(at, "required here"));
    cx.report(
        finding
            .help(format!("give the input the type of the event's `{field}`"))
            .help("or rename one of them: what no input gives, the decision works out"),
    );
}

/// Reports members that a caller may clear although the event that always follows says that they are there.
pub(super) fn cleared(cx: &Checker<'_>, scene: &Scene<'_>, made: &Command) {
    let listed = scene.raw.input.iter().flat_map(|listed| &listed.value);
    for field in made.clearable(scene.aggregate) {
        let says = |event: &&TypeName| {
            let event = scene.context.events.get(*event);
            let carried = event.and_then(|event| event.fields.get(&field.name));
            matches!(carried, Some(EventField::Certain(_)))
        };
        let mut emitted = made.emits.iter().filter_map(|emission| match emission {
            Emission::Always(event) => Some(event),
            Emission::Optional(_) | Emission::OneOf(_) => None,
        });
        let Some(event) = emitted.find(says) else {
            continue;
        };
        let (command, name) = (&made.name, &field.name);
        let message = format!(
            "`{command}` may clear `{name}`, and `{event}`, which it always emits, says that it is there"
        );
        let at = listed.clone().find(|it| it.name.value == name.as_str());
        let finding = Diagnostic::error("certain-member", message)
            .at(at.map_or(scene.key, |at| at.name.span), "");
        cx.report(
            finding
                .help(format!("drop the `?`: `input = [\"{name}\"]`"))
                .help(format!("or drop the `!` in the `fields` of `{event}`")),
        );
    }
}

/// Reports events that say "deleted" of some commands and not of others.
pub(super) fn mixed_deletions(cx: &Checker<'_>, home: &super::checker::Home<'_>) {
    let context = cx.context(home);
    for event in context.events.values() {
        let emitters = || {
            context
                .commands
                .values()
                .filter(|it| it.events().contains(&&event.name))
        };
        let deleting = emitters().find(|it| it.change == Change::Deletes);
        let living = emitters().find(|it| it.change != Change::Deletes);
        let (Some(deleting), Some(living)) = (deleting, living) else {
            continue;
        };
        let message = format!(
            "`{}` is emitted by `{}`, which deletes, and by `{}`, which does not",
            event.name, deleting.name, living.name
        );
        let mut finding = Diagnostic::error("deletion-event", message);
        for command in [deleting, living] {
            let raw = home.raw.commands.get(command.name.as_str());
            let span = raw
                .and_then(|raw| raw.value.emits.first())
                .map(|first| first.span);
            finding = span
                .into_iter()
                .fold(finding, |finding, span| finding.at(span, ""));
        }
        cx.report(
            finding
                .note("whoever copies the aggregate could not tell whether it is gone")
                .help("give the deletion an event of its own"),
        );
    }
}
