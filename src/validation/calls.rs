//! Synchronous calls: to a query with one answer, bounded in time.

use super::checker::{Checker, Home};
use super::fill::{self, Candidate};
use super::{candidates, names};
use crate::description::Keyed;
use crate::description::raw::{RawCall, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{Context, Ident, Query};

/// Checks the calls of a context as far as they do not depend on who uses them.
pub(super) fn calls(cx: &Checker<'_>, home: &Home<'_>) {
    for (name, keyed) in &home.raw.calls {
        cx.later(keyed.key, format!("the synchronous call `{name}` is"));
        names::ident(cx, "call", name, keyed.key);
        names::about_in(cx, &keyed.value.about, &home.raw.calls);
        timeout(cx, name, keyed);
        if let Some((context, query)) = target(cx, home, &keyed.value) {
            answers(cx, home, keyed, context, query);
        }
        let used = |text: &Keyed<Text>| text.value.value == *name;
        if !home
            .raw
            .commands
            .values()
            .any(|command| command.value.needs.values().any(used))
        {
            let finding =
                Diagnostic::warning("unused-call", format!("no command needs the call `{name}`"));
            cx.report(
                finding
                    .at(keyed.key, "")
                    .help(format!("add `needs.… = \"{name}\"` to one, or remove it")),
            );
        }
    }
}

fn timeout(cx: &Checker<'_>, name: &str, keyed: &Keyed<RawCall>) {
    let problem = match &keyed.value.timeout {
        Some(timeout) if timeout.value.millis > 0 => return,
        Some(timeout) => Diagnostic::error(
            "call-without-timeout",
            format!("the call `{name}` has no time"),
        )
        .at(timeout.span, ""),
        None => Diagnostic::error(
            "call-without-timeout",
            format!("the call `{name}` has no timeout"),
        )
        .at(keyed.key, ""),
    };
    cx.report(
        problem
            .note("without one, a slow service makes its callers slow, and theirs")
            .help("say how long it may take: `timeout = \"200ms\"`"),
    );
}

fn target<'s>(
    cx: &'s Checker<'_>,
    home: &Home<'_>,
    raw: &RawCall,
) -> Option<(&'s Context, &'s Query)> {
    cx.find_at("query", &raw.to.value, home, |context, raw| {
        (&context.queries, &raw.queries)
    })
}

/// Checks that the query is another context's, has one answer, and has the parameters given.
fn answers(
    cx: &Checker<'_>,
    home: &Home<'_>,
    keyed: &Keyed<RawCall>,
    context: &Context,
    query: &Query,
) {
    let raw = &keyed.value;
    if context.name == home.name {
        let message = format!(
            "`{}` is this context's own query: no call is needed",
            query.name
        );
        let finding = Diagnostic::error("call-of-own", message).at(raw.to.span, "");
        cx.report(finding.help(format!(
            "need the query itself: `needs.… = \"{}\"`",
            query.name
        )));
    }
    if !query.unique {
        let message = format!("`{}.{}` may have many answers", context.name, query.name);
        let finding = Diagnostic::error("call-of-many", message).at(raw.to.span, "");
        cx.report(
            finding
                .note("a call is for one answer, so that its size and time are bounded")
                .help("make the fields it asks by unique, or keep a replica"),
        );
    }
    for (parameter, member) in &raw.with {
        if !query.by.iter().any(|by| by.member.as_str() == parameter) {
            let key = Text {
                value: parameter.clone(),
                span: member.key,
            };
            let what = format!("parameter of `{}.{}`", context.name, query.name);
            cx.unknown(&what, &key, query.by.iter().map(|by| by.member.as_str()));
        }
    }
}

/// Checks that a command has what a call it needs is asked by.
pub(super) fn used(
    cx: &Checker<'_>,
    home: &Home<'_>,
    call: &Keyed<RawCall>,
    need: &Text,
    candidates: &[Candidate],
) {
    // What is wrong with the path itself is reported with the call, not with everyone who uses it.
    let path = &call.value.to.value;
    let context = path
        .context
        .as_ref()
        .map_or(home.name.as_str(), |name| name.value.as_str());
    let Some(context) = cx.system.contexts.get(context) else {
        return;
    };
    let Some(query) = context.queries.get(path.name.value.as_str()) else {
        return;
    };
    let Some(aggregate) = context.aggregates.get(&query.aggregate) else {
        return;
    };
    for parameter in &query.by {
        let slot = candidates::of_parameter(context, aggregate, &parameter.member);
        match call.value.with.get(parameter.member.as_str()) {
            Some(given) => given_by(cx, (&given.value, need), slot.as_ref(), candidates),
            None => {
                let name = parameter.member.as_str();
                let found = slot.and_then(|slot| fill::fill(&cx.system, name, &slot, candidates));
                if found.is_none() {
                    open(cx, &parameter.member, query, need, call);
                }
            }
        }
    }
}

fn given_by(
    cx: &Checker<'_>,
    (given, need): (&Text, &Text),
    slot: Option<&fill::Slot>,
    candidates: &[Candidate],
) {
    let named = |candidate: &&Candidate| {
        candidate
            .name
            .as_ref()
            .is_some_and(|name| name.as_str() == given.value)
    };
    let id = |candidate: &&Candidate| {
        given.value == "id" && candidate.source == crate::model::Source::AggregateId
    };
    let Some(candidate) = candidates
        .iter()
        .find(|candidate| named(candidate) || id(candidate))
    else {
        let names = candidates
            .iter()
            .filter_map(|candidate| candidate.name.as_ref())
            .map(Ident::as_str);
        if let Some(finding) = cx.unknown_name("input or field", given, names) {
            cx.report(finding.at(need.span, "needed here"));
        }
        return;
    };
    let suits = slot.is_some_and(|slot| {
        let mut renamed = candidate.clone();
        renamed.name = Ident::new("value");
        fill::fill(&cx.system, "value", slot, &[renamed]).is_some()
    });
    if !suits {
        let message = format!("`{}` has another type than the parameter", given.value);
        let finding = Diagnostic::error("unfilled-need", message).at(given.span, "");
        cx.report(
            finding
                .at(need.span, "needed here")
                .help("name a required member of the same type"),
        );
    }
}

fn open(cx: &Checker<'_>, parameter: &Ident, query: &Query, need: &Text, call: &Keyed<RawCall>) {
    let message = format!("nothing tells `{parameter}` of the query `{}`", query.name);
    let finding = Diagnostic::error("unfilled-need", message).at(need.span, "");
    cx.report(finding.at(call.key, "the call").help(format!(
        "say where it comes from: `with = {{ {parameter} = \"…\" }}`"
    )));
}
