//! Which aggregates a command is sent to when no caller says so.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::fill::{self, Candidate, Slot};
use super::{candidates, policies};
use crate::description::Keyed;
use crate::description::raw::{RawPolicy, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{
    Aggregate, Change, Command, Content, Context, Event, Fill, Ident, Query, Source, Target,
};

/// The target of a policy's command: what `target` or `finds` says, else the event's only reference.
pub(super) fn of_policy(
    cx: &Checker<'_>,
    home: &Home<'_>,
    keyed: &Keyed<RawPolicy>,
    (command, aggregate): (&Command, &Aggregate),
    (event, candidates): (&Event, &[Candidate]),
) -> Option<Target> {
    let raw = &keyed.value;
    if command.change == Change::Creates {
        return needless(cx, raw, command);
    }
    if let (Some(target), Some(finds)) = (&raw.target, &raw.finds) {
        let message = "a policy has `target` or `finds`, not both";
        let finding = Diagnostic::error("conflicting-keys", message).at(finds.span, "");
        cx.report(finding.at(target.span, "").help("remove one of them"));
        return None;
    }
    if let Some(target) = &raw.target {
        return named(cx, home, raw, target, (event, candidates), aggregate).map(Target::Id);
    }
    if let Some(name) = &raw.finds {
        return finds(cx, home, name, aggregate, candidates);
    }
    let slot = Slot::id(&home.name, &aggregate.name);
    match fill::only(fill::references(&slot, candidates)) {
        Ok(found) => Some(Target::Id(found)),
        Err(count) => {
            let message = format!(
                "nothing tells which `{}` `{}` is sent to",
                aggregate.name, command.name
            );
            let finding = Diagnostic::error("target", message).at(raw.then.span, "");
            let words = &event.name;
            cx.report(match count {
                0 => finding
                    .note(format!("`{words}` is not of `{0}`, and carries no reference to one", aggregate.name))
                    .help("let a query find them: `finds = \"…\"`")
                    .help(format!("or carry the reference in `{words}`")),
                _ => finding
                    .note(format!("`{words}` refers to several"))
                    .help("say which: `target = \"<field>\"`, or `target = \"id\"` for the event's own aggregate"),
            });
            None
        }
    }
}

/// A command that creates has no target.
fn needless(cx: &Checker<'_>, raw: &RawPolicy, command: &Command) -> Option<Target> {
    for (key, said) in [("target", &raw.target), ("finds", &raw.finds)] {
        if let Some(said) = said {
            let message = format!("`{}` creates: `{key}` has nothing to say", command.name);
            let finding = Diagnostic::error("target", message).at(said.span, "");
            cx.report(finding.help(format!("remove `{key}`")));
        }
    }
    Some(Target::New)
}

/// The field that `target` names; one that may be absent is the target whenever it is there.
fn named(
    cx: &Checker<'_>,
    home: &Home<'_>,
    raw: &RawPolicy,
    target: &Text,
    (event, candidates): (&Event, &[Candidate]),
    aggregate: &Aggregate,
) -> Option<Fill> {
    let slot = Slot::id(&home.name, &aggregate.name);
    let named = |candidate: &&Candidate| match &candidate.name {
        Some(name) => name.as_str() == target.value,
        None => {
            candidate.source == Source::EventAggregateId && target.value == "id"
                || candidate.source == Source::Element
                    && raw.each.as_ref().is_some_and(|it| it.value == target.value)
        }
    };
    let Some(candidate) = candidates.iter().find(named) else {
        let trigger = raw.on.as_ref().and_then(|on| cx.event_at(&on.value, home));
        if let Some((_, source, _)) = trigger {
            let suits = |content: Content<'_>| {
                let held = |field| Slot::of(Some(&source.name), field);
                let held = content.field().map(held);
                held.is_some_and(|held| held.ty == slot.ty && !held.list)
            };
            policies::unknown_field(cx, "reference", target, (source, event), suits);
        }
        return None;
    };
    if candidate.slot.ty == slot.ty && !candidate.slot.list {
        return Some(candidate.taken());
    }
    let (target, at, of) = (&target.value, target.span, &aggregate.name);
    let message = format!(
        "`{target}` of `{}` is not a reference to `{of}`",
        event.name
    );
    let finding = Diagnostic::error("target", message).at(at, "");
    cx.report(finding.help("name such a reference, or let a query find them: `finds = \"…\"`"));
    None
}

/// Every aggregate that a query of the context finds.
fn finds(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: &Text,
    aggregate: &Aggregate,
    candidates: &[Candidate],
) -> Option<Target> {
    let context = cx.context(home);
    let query = cx.find("query", name, &context.queries, &home.raw.queries)?;
    is_of(cx, query, aggregate, name.span).then_some(())?;
    let with = with(cx, context, query, name.span, candidates)?;
    Some(Target::Query {
        query: query.name.clone(),
        with,
    })
}

/// Reports a query that finds something else than what the command is on.
pub(super) fn is_of(cx: &Checker<'_>, query: &Query, aggregate: &Aggregate, span: Span) -> bool {
    let same = query.aggregate == aggregate.name;
    if !same {
        let message = format!(
            "`{}` finds `{}`, not `{}`",
            query.name, query.aggregate, aggregate.name
        );
        let finding = Diagnostic::error("target", message).at(span, "");
        cx.report(finding.help(format!("use a query `of = \"{}\"`", aggregate.name)));
    }
    same
}

/// Where each parameter of a query comes from.
pub(super) fn with(
    cx: &Checker<'_>,
    context: &Context,
    query: &Query,
    span: Span,
    candidates: &[Candidate],
) -> Option<IndexMap<Ident, Fill>> {
    let aggregate = context.aggregates.get(&query.aggregate)?;
    let mut with = IndexMap::new();
    for parameter in &query.by {
        let slot = candidates::of_parameter(context, aggregate, &parameter.member);
        let name = parameter.member.as_str();
        if let Some(found) = slot.and_then(|slot| fill::fill(&cx.system, name, &slot, candidates)) {
            with.insert(parameter.member.clone(), found);
            continue;
        }
        let message = format!("nothing tells `{name}` of the query `{}`", query.name);
        let finding = Diagnostic::error("unfilled-query", message).at(span, "");
        cx.report(match candidates.is_empty() {
            true => finding
                .note("a schedule tells nothing")
                .help("use a query that is asked by nothing but a range"),
            false => finding
                .note("it is taken from what has the same name and type, else from the only reference of its type")
                .help("carry it in the event, or use a query that is asked by less"),
        });
    }
    (with.len() == query.by.len()).then_some(with)
}

/// Checks what a schedule sends its command to: there is no event to tell.
pub(super) fn of_schedule(
    cx: &Checker<'_>,
    home: &Home<'_>,
    keyed: &Keyed<RawPolicy>,
    command: &Command,
) {
    let raw = &keyed.value;
    for (key, said) in [("target", &raw.target), ("each", &raw.each)] {
        if let Some(said) = said {
            let message = format!("`{key}` names a field of an event, and there is none");
            let finding = Diagnostic::error("conflicting-keys", message).at(said.span, "");
            cx.report(finding.help(format!("remove `{key}`")));
        }
    }
    if command.change == Change::Creates {
        needless(cx, raw, command);
        return;
    }
    let context = cx.context(home);
    let Some(aggregate) = context.aggregates.get(&command.aggregate) else {
        return;
    };
    match &raw.finds {
        Some(name) => {
            finds(cx, home, name, aggregate, &[]);
        }
        None if raw.every.is_some() => {
            let message = format!(
                "nothing tells which `{}` `{}` is sent to",
                aggregate.name, command.name
            );
            let finding = Diagnostic::error("target", message).at(raw.then.span, "");
            cx.report(finding.help("let a query find them: `finds = \"…\"`"));
        }
        None => {}
    }
}
