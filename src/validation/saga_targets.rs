//! Which aggregates the commands of a saga go to: what it knows of them, step by step.

use super::checker::{Checker, Home};
use super::fill::{Candidate, Slot};
use super::{candidates, targets};
use crate::description::raw::{RawPath, RawStep, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Change, Command, Context, Event, Source};

/// What a saga knows when a step begins.
pub(super) struct Progress<'s> {
    /// The event that started it, and its context.
    pub start: Option<(&'s Context, &'s Event)>,
    /// The values of that event and of those that the steps so far emit.
    pub candidates: Vec<Candidate>,
    /// The aggregates that the steps so far created.
    pub created: Vec<Slot>,
}

pub(super) fn command<'s>(
    cx: &'s Checker<'_>,
    home: &Home<'_>,
    path: &RawPath,
) -> Option<(&'s Context, &'s Command)> {
    cx.find_at("command", path, home, |context, raw| {
        (&context.commands, &raw.commands)
    })
}

pub(super) fn query<'s>(
    cx: &'s Checker<'_>,
    home: &Home<'_>,
    path: &RawPath,
) -> Option<(&'s Context, &'s crate::model::Query)> {
    cx.find_at("query", path, home, |context, raw| {
        (&context.queries, &raw.queries)
    })
}

/// Checks that the step's command has an aggregate to go to.
pub(super) fn step_target(
    cx: &Checker<'_>,
    home: &Home<'_>,
    raw: &RawStep,
    (context, command): (&Context, &Command),
    progress: &Progress<'_>,
) {
    let Some(finds) = &raw.finds else {
        if command.change != Change::Creates {
            reachable(cx, (context, command), raw.command.span, progress);
        }
        return;
    };
    let Some((of, query)) = query(cx, home, &finds.value) else {
        return;
    };
    let refuse = |message: String| Diagnostic::error("target", message).at(finds.span, "");
    if command.change == Change::Creates {
        let message = format!("`{}` creates: `finds` has nothing to say", command.name);
        cx.report(refuse(message).help("remove `finds`"));
        return;
    }
    if of.name != context.name {
        let message = format!(
            "`{}` is a query of `{}`, the command is of `{}`",
            query.name, of.name, context.name
        );
        cx.report(refuse(message).help(format!("use a query of `{}`", context.name)));
        return;
    }
    let Some(aggregate) = context.aggregates.get(&command.aggregate) else {
        return;
    };
    if !targets::is_of(cx, query, aggregate, finds.span) {
        return;
    }
    if !query.unique {
        let message = format!("`{}` may find many", query.name);
        let finding = refuse(message).note("a step is one command on one aggregate");
        cx.report(finding.help("use a query that covers a unique key"));
    }
    targets::with(cx, context, query, finds.span, &progress.candidates);
}

/// Checks that the saga knows an aggregate for the command: the one it started with, or one that it
/// created.
pub(super) fn reachable(
    cx: &Checker<'_>,
    (context, command): (&Context, &Command),
    span: Span,
    progress: &Progress<'_>,
) {
    // A start that failed was reported; what it would have told is not known.
    let Some((start, event)) = progress.start else {
        return;
    };
    let slot = Slot::id(&context.name, &command.aggregate);
    let started = Slot::id(&start.name, &event.aggregate) == slot;
    if started || progress.created.contains(&slot) {
        return;
    }
    let message = format!(
        "nothing tells which `{}` `{}` is sent to",
        command.aggregate, command.name
    );
    let finding = Diagnostic::error("target", message).at(span, "");
    cx.report(
        finding
            .note(format!(
                "the saga starts with a `{}`, and no step before created a `{}`",
                event.aggregate, command.aggregate
            ))
            .help(format!(
                "let a unique query find it: `finds = \"{}.…\"`",
                context.name
            )),
    );
}

/// Checks the command that tells of the saga's end.
pub(super) fn outcome(cx: &Checker<'_>, home: &Home<'_>, name: &Text, progress: &Progress<'_>) {
    let context = cx.context(home);
    let found = cx.find("command", name, &context.commands, &home.raw.commands);
    if let Some(command) = found.filter(|command| command.change != Change::Creates) {
        let slot = Slot::id(&context.name, &command.aggregate);
        let mut start = progress.candidates.iter().filter(|it| it.slot == slot);
        if start.next().is_none() {
            reachable(cx, (context, command), name.span, progress);
        }
    }
}

impl<'s> Progress<'s> {
    /// Takes up what a step brings.
    pub fn extend(&mut self, context: &'s Context, command: &'s Command) {
        for name in command.events() {
            let Some(event) = context.events.get(name) else {
                continue;
            };
            let known = |candidate: &Candidate| {
                matches!(candidate.source, Source::EventAggregateId)
                    && self.candidates.iter().any(|it| it.slot == candidate.slot)
            };
            let new: Vec<_> = candidates::of_event(context, event)
                .into_iter()
                .filter(|it| !known(it))
                .collect();
            self.candidates.extend(new);
        }
        if command.change == Change::Creates {
            self.created
                .push(Slot::id(&context.name, &command.aggregate));
        }
    }
}
