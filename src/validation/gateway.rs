//! Compositions of the gateway: parts, what each is asked by, and in which order that is known.

use super::checker::Checker;
use super::parts;
use super::{names, paths, roles};
use crate::description::Keyed;
use crate::description::raw::{RawComposition, RawPart};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Aggregate, Context, Query, derived};

/// What a part asks.
#[derive(Clone, Copy)]
pub(super) struct Asked<'s> {
    /// The context that is asked.
    pub context: &'s Context,
    /// What the answer shows.
    pub aggregate: &'s Aggregate,
    /// `None`: the aggregate by its id.
    pub query: Option<&'s Query>,
}

/// A part whose target is known.
pub(super) struct Part<'s> {
    pub name: &'s str,
    pub key: Span,
    pub raw: &'s RawPart,
    pub asked: Asked<'s>,
}

/// Checks the compositions.
pub(super) fn compositions(cx: &Checker<'_>) {
    let all = &cx.raw.gateway.compositions;
    let mut seen: Vec<(String, Span)> = Vec::new();
    for (name, keyed) in all {
        let raw = &keyed.value;
        cx.later(keyed.key, format!("the composition `{name}` is"));
        names::type_name(cx, "composition", name, keyed.key);
        names::about_in(cx, &raw.about, all);
        if let Some(list) = &raw.allow {
            roles::roles(cx, list);
            roles::no_one(cx, list);
        }
        let path = paths::read(cx, &raw.path);
        if let Some((path, _)) = &path {
            route(cx, path, raw.path.span, &mut seen);
        }
        let parameters = path.map(|(_, parameters)| parameters);
        composition(cx, name, keyed, parameters.as_deref());
    }
}

/// Checks that no other composition has the path.
fn route(cx: &Checker<'_>, path: &str, span: Span, seen: &mut Vec<(String, Span)>) {
    let pattern = paths::pattern(path);
    let rival = seen
        .iter()
        .find(|(other, _)| *other == pattern)
        .map(|(_, span)| *span);
    if paths::is_reserved(path) || rival.is_some() {
        let message = format!("the path `/{path}` of the gateway is taken");
        let finding = Diagnostic::error("path-collision", message).at(span, "");
        let finding = rival
            .into_iter()
            .fold(finding, |finding, at| finding.at(at, "by this one"));
        cx.report(finding.help("give one of them another path"));
    }
    seen.push((pattern, span));
}

fn composition(
    cx: &Checker<'_>,
    name: &str,
    keyed: &Keyed<RawComposition>,
    parameters: Option<&[&str]>,
) {
    let raw = &keyed.value;
    if raw.parts.is_empty() && raw.parts.broken.is_empty() {
        let finding = Diagnostic::error("empty-composition", format!("`{name}` has no parts"));
        let help = "add one: `parts.loan = { of = \"loan.Loan\", by = \"{loan}\" }`";
        cx.report(finding.at(keyed.key, "").help(help));
    }
    let parts: Vec<_> = raw
        .parts
        .iter()
        .filter_map(|(name, keyed)| part(cx, raw, name, keyed))
        .collect();
    let mut used = Vec::new();
    for part in &parts {
        // A path that failed was reported; what its parameters would be is not known.
        let Some(parameters) = parameters else {
            continue;
        };
        parts::by(cx, raw, &parts, part, parameters, &mut used);
    }
    cycles(cx, raw);
    let whole = parts.len() == raw.parts.len() && raw.parts.broken.is_empty();
    for parameter in parameters
        .into_iter()
        .flatten()
        .filter(|it| whole && used.iter().all(|used| used != *it))
    {
        let message = format!("no part is asked by the parameter `{{{parameter}}}`");
        let finding = Diagnostic::error("unused-parameter", message).at(raw.path.span, "");
        cx.report(finding.help(format!(
            "write `by = \"{{{parameter}}}\"` on a part, or remove it"
        )));
    }
}

/// A part, when what it asks is known; its own keys are checked.
fn part<'s>(
    cx: &'s Checker<'_>,
    of: &RawComposition,
    name: &'s str,
    keyed: &'s Keyed<RawPart>,
) -> Option<Part<'s>> {
    let raw = &keyed.value;
    names::ident(cx, "part", name, keyed.key);
    names::about_in(cx, &raw.about, &of.parts);
    let key = derived::collision_key(name);
    let mut earlier = of.parts.iter().take_while(|(other, _)| *other != name);
    if let Some((other, rival)) = earlier.find(|(other, _)| derived::collision_key(other) == key) {
        let message = format!("the parts `{other}` and `{name}` are one name in code");
        let finding = Diagnostic::error("name-collision", message).at(keyed.key, "");
        cx.report(
            finding
                .at(rival.key, "the other one")
                .help("rename one of them"),
        );
    }
    if let Some(timeout) = raw
        .timeout
        .as_ref()
        .filter(|timeout| timeout.value.millis == 0)
    {
        let finding = Diagnostic::error("wrong-value", format!("the part `{name}` has no time"));
        cx.report(
            finding
                .at(timeout.span, "")
                .help("say how long it may take: `timeout = \"300ms\"`"),
        );
    }
    let asked = asked(cx, raw)?;
    Some(Part {
        name,
        key: keyed.key,
        raw,
        asked,
    })
}

/// The aggregate or query a part is of.
fn asked<'s>(cx: &'s Checker<'_>, raw: &RawPart) -> Option<Asked<'s>> {
    let path = &raw.of.value;
    let Some(name) = &path.context else {
        let message = format!("`{}` does not say which context is asked", path.name.value);
        let finding = Diagnostic::error("unknown-name", message).at(raw.of.span, "");
        cx.report(finding.help(format!("write `\"context.{}\"`", path.name.value)));
        return None;
    };
    let Some(context) = cx.system.contexts.get(name.value.as_str()) else {
        if !cx.raw.contexts.declares(&name.value) {
            cx.unknown("context", name, cx.raw.contexts.keys().map(String::as_str));
        }
        return None;
    };
    let text = path.name.value.as_str();
    if let Some(aggregate) = context.aggregates.get(text) {
        return Some(Asked {
            context,
            aggregate,
            query: None,
        });
    }
    if let Some(query) = context.queries.get(text) {
        let aggregate = context.aggregates.get(&query.aggregate)?;
        return Some(Asked {
            context,
            aggregate,
            query: Some(query),
        });
    }
    let raw = cx.raw_context(&name.value)?;
    if !raw.aggregates.declares(text) && !raw.queries.declares(text) {
        let what = format!("aggregate or query of `{}`", context.name);
        let known = raw
            .aggregates
            .keys()
            .chain(raw.queries.keys())
            .map(String::as_str);
        cx.unknown(&what, &path.name, known);
    }
    None
}

/// Reports parts that wait for each other.
fn cycles(cx: &Checker<'_>, raw: &RawComposition) {
    let before = |name: &str| {
        let by = raw.parts.get(name)?.value.by.as_ref()?;
        let (other, _) = by.value.split_once('.')?;
        raw.parts
            .get_key_value(other)
            .map(|(other, _)| (other.as_str(), by.span))
    };
    for name in raw.parts.keys() {
        let mut spans = Vec::new();
        let mut at = name.as_str();
        // A part waits for one other at most, so the walk is a line that may close.
        while let Some((next, span)) = before(at).filter(|_| spans.len() <= raw.parts.len()) {
            spans.push((at, span));
            at = next;
            if at == name {
                break;
            }
        }
        let first = spans.iter().map(|(part, _)| *part).min();
        if at == name && first == Some(name) {
            let finding =
                Diagnostic::error("composition", format!("the part `{name}` waits for itself"));
            let finding = spans
                .iter()
                .fold(finding, |finding, (_, span)| finding.at(*span, ""));
            cx.report(finding.help("ask one of them by a parameter of the path"));
        }
    }
}
