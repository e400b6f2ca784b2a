//! Sagas: their steps, what undoes them, and the point of no return.

use std::collections::HashSet;

use super::checker::{Checker, Home};
use super::saga_targets::{Progress, command, outcome, query, reachable, step_target};
use super::{aggregates, candidates, names};
use crate::description::raw::{RawSaga, RawStep};
use crate::description::{Description, Keyed, Spanned};
use crate::diagnostics::Diagnostic;
use crate::model::Change;

/// Checks the sagas of a context.
pub(super) fn sagas(cx: &Checker<'_>, home: &Home<'_>) {
    for (name, keyed) in &home.raw.sagas {
        cx.later(keyed.key, format!("the saga `{name}` is"));
        names::type_name(cx, "saga", name, keyed.key);
        names::about_in(cx, &keyed.value.about, &home.raw.sagas);
        saga(cx, home, name, keyed);
    }
}

fn saga(cx: &Checker<'_>, home: &Home<'_>, name: &str, keyed: &Keyed<RawSaga>) {
    let raw = &keyed.value;
    let start = cx
        .event_at(&raw.starts_on.value, home)
        .map(|(_, context, event)| (context, event));
    let candidates = start
        .map(|(context, event)| candidates::of_event(context, event))
        .unwrap_or_default();
    let mut progress = Progress {
        start,
        candidates,
        created: Vec::new(),
    };
    if raw.steps.is_empty() {
        let finding = Diagnostic::error(
            "saga-without-steps",
            format!("the saga `{name}` has no steps"),
        );
        cx.report(finding.at(keyed.key, "").help(format!(
            "add a step: `[[contexts.{}.sagas.{name}.steps]]`",
            home.name
        )));
    }
    step_names(cx, raw);
    let pivot = pivot(cx, raw);
    for (index, step) in raw.steps.iter().enumerate() {
        let side = match pivot {
            Some(pivot) if index == pivot => Side::Pivot,
            Some(pivot) if index > pivot => Side::After,
            _ => Side::Before,
        };
        undone(cx, step, side);
        self::step(cx, home, &step.value, &mut progress);
    }
    for name in [&raw.succeeded, &raw.failed].into_iter().flatten() {
        outcome(cx, home, name, &progress);
    }
}

fn step_names(cx: &Checker<'_>, raw: &RawSaga) {
    for (index, step) in raw.steps.iter().enumerate() {
        let name = &step.value.name;
        names::ident(cx, "step", &name.value, name.span);
        let earlier = raw.steps[..index].iter().map(|step| &step.value.name);
        aggregates::distinct_word(cx, "step", name, earlier);
    }
}

/// The step of no return, of which there is one at most.
fn pivot(cx: &Checker<'_>, raw: &RawSaga) -> Option<usize> {
    let said = |step: &Spanned<RawStep>| {
        step.value
            .pivot
            .as_ref()
            .filter(|it| it.value)
            .map(|it| it.span)
    };
    let mut pivots = raw
        .steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| Some((at, said(step)?)));
    let (first, span) = pivots.next()?;
    for (_, again) in pivots {
        let finding = Diagnostic::error("two-pivots", "a saga has one point of no return");
        cx.report(
            finding
                .at(again, "")
                .at(span, "the first one")
                .help("remove one `pivot`"),
        );
    }
    Some(first)
}

/// Where a step stands to the point of no return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    Pivot,
    After,
}

/// Checks that a step before the pivot can be undone, and is not tried for ever; no other is undone.
fn undone(cx: &Checker<'_>, step: &Spanned<RawStep>, side: Side) {
    let (raw, name) = (&step.value, &step.value.name);
    if let Some(timeout) = raw
        .timeout
        .as_ref()
        .filter(|timeout| timeout.value.millis == 0)
    {
        let message = format!("the step `{}` has no time", name.value);
        let finding = Diagnostic::error("saga-without-timeout", message).at(timeout.span, "");
        cx.report(finding.help("say how long it may take: `timeout = \"30s\"`"));
    }
    match (side, &raw.compensation) {
        (Side::Before, None) => {
            let message = format!("nothing undoes the step `{}`", name.value);
            let finding = Diagnostic::error("step-without-compensation", message).at(name.span, "");
            cx.report(
                finding
                    .note("a later step may be refused: what was done before it must be undone")
                    .help("name the command that undoes it: `compensation = \"…\"`")
                    .help(
                        "or make it the point of no return, or a step after that: `pivot = true`",
                    ),
            );
        }
        (Side::Pivot | Side::After, Some(compensation)) => {
            let message = format!("the step `{}` is never undone", name.value);
            let finding =
                Diagnostic::error("compensation-after-pivot", message).at(compensation.span, "");
            let why = match side {
                Side::Pivot => "it is the point of no return: refused, it has done nothing",
                _ => "after the point of no return steps are only tried again",
            };
            cx.report(
                finding
                    .note(why)
                    .help("remove `compensation`, or move `pivot` behind it"),
            );
        }
        _ => {}
    }
    if side == Side::Before && raw.timeout.is_none() {
        let message = format!("the step `{}` may take for ever", name.value);
        let finding = Diagnostic::error("saga-without-timeout", message).at(name.span, "");
        cx.report(finding.help("say when to give up and undo: `timeout = \"30s\"`"));
    }
}

fn step<'s>(cx: &'s Checker<'_>, home: &Home<'_>, raw: &RawStep, progress: &mut Progress<'s>) {
    let command = command(cx, home, &raw.command.value);
    if let Some((context, command)) = command {
        step_target(cx, home, raw, (context, command), progress);
        progress.extend(context, command);
    } else if let Some(finds) = &raw.finds {
        query(cx, home, &finds.value);
    }
    let Some(compensation) = &raw.compensation else {
        return;
    };
    let Some((context, undo)) = self::command(cx, home, &compensation.value) else {
        return;
    };
    let same = command
        .is_some_and(|(other, it)| other.name == context.name && it.aggregate == undo.aggregate);
    if undo.change != Change::Creates && !same {
        reachable(cx, (context, undo), compensation.span, progress);
    }
}

/// The commands of `context` that the system's sagas send.
pub(super) fn sent<'r>(raw: &'r Description, context: &str) -> HashSet<&'r str> {
    let mut sent = HashSet::new();
    for (home, keyed) in &raw.contexts {
        for saga in keyed.value.sagas.values().map(|saga| &saga.value) {
            if home == context {
                let ends = [&saga.succeeded, &saga.failed].into_iter().flatten();
                sent.extend(ends.map(|name| name.value.as_str()));
            }
            let steps = saga.steps.iter().map(|step| &step.value);
            let paths = steps.flat_map(|step| [Some(&step.command), step.compensation.as_ref()]);
            let there = paths.flatten().map(|path| &path.value).filter(|path| {
                path.context
                    .as_ref()
                    .map_or(home.as_str(), |name| &name.value)
                    == context
            });
            sent.extend(there.map(|path| path.name.value.as_str()));
        }
    }
    sent
}
