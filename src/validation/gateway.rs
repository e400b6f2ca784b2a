//! Compositions of the gateway: parts, what each is asked by, and in which order that is known.

use super::checker::Checker;
use super::fill::{self, Offer, Slot};
use super::{names, offers, paths, roles};
use crate::description::Keyed;
use crate::description::raw::{RawComposition, RawPart, Text};
use crate::diagnostics::{Diagnostic, Span};
use crate::model::{Aggregate, Context, Ident, Query, Source, derived};

/// What a part asks.
#[derive(Clone, Copy)]
struct Asked<'s> {
    context: &'s Context,
    aggregate: &'s Aggregate,
    /// `None`: the aggregate by its id.
    query: Option<&'s Query>,
}

/// A part whose target is known.
struct Part<'s> {
    name: &'s str,
    key: Span,
    raw: &'s RawPart,
    asked: Asked<'s>,
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
        by(cx, raw, &parts, part, parameters, &mut used);
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

/// What must be told to ask: the id, or a query's parameters.
fn slots(asked: &Asked<'_>) -> Vec<(String, Option<Slot>)> {
    let Asked {
        context,
        aggregate,
        query,
    } = asked;
    let Some(query) = query else {
        let name = derived::module(aggregate.name.as_str());
        return vec![(name, Some(Slot::id(&context.name, &aggregate.name)))];
    };
    let slot = |member: &Ident| offers::of_parameter(context, aggregate, member);
    let parameters = query.by.iter().map(|parameter| &parameter.member);
    parameters
        .map(|member| (member.to_string(), slot(member)))
        .collect()
}

/// Checks that all a part must be told is known.
fn by(
    cx: &Checker<'_>,
    raw: &RawComposition,
    parts: &[Part<'_>],
    part: &Part<'_>,
    parameters: &[&str],
    used: &mut Vec<String>,
) {
    let slots = slots(&part.asked);
    let Some(given) = &part.raw.by else {
        for (name, slot) in slots {
            let names = [name.as_str(), part.name];
            // The part's own name stands for the id of what it asks.
            let names = &names[..if part.asked.query.is_none() { 2 } else { 1 }];
            match parameters
                .iter()
                .find(|parameter| names.contains(*parameter))
            {
                Some(parameter) => used.push((*parameter).to_owned()),
                None => open(cx, parts, part, &name, slot),
            }
        }
        return;
    };
    let [(_, slot)] = slots.as_slice() else {
        let message = format!(
            "`{}` is asked by {} parameters, not by one",
            part.raw.of.value.name.value,
            slots.len()
        );
        let finding = Diagnostic::error("composition", message).at(given.span, "");
        cx.report(finding.help("remove `by`: the parameters are filled by name and type"));
        return;
    };
    if let Some(parameter) = given
        .value
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        if parameters.contains(&parameter) {
            used.push(parameter.to_owned());
        } else {
            let name = Text {
                value: parameter.to_owned(),
                span: given.span,
            };
            cx.unknown("parameter of the path", &name, parameters.iter().copied());
        }
        return;
    }
    member(cx, raw, parts, (part, given), slot.as_ref());
}

/// Checks that `by` names a member of another part that is what this one is asked by.
fn member(
    cx: &Checker<'_>,
    raw: &RawComposition,
    parts: &[Part<'_>],
    (part, given): (&Part<'_>, &Text),
    slot: Option<&Slot>,
) {
    let refuse = |message: String| Diagnostic::error("composition", message).at(given.span, "");
    let Some((other, member)) = given.value.split_once('.') else {
        let message = format!(
            "`{}` is neither a parameter nor a member of a part",
            given.value
        );
        cx.report(refuse(message).help("write `\"{loan}\"` or `\"loan.borrower\"`"));
        return;
    };
    let Some(source) = parts.iter().find(|it| it.name == other) else {
        if !raw.parts.declares(other) {
            let name = Text {
                value: other.to_owned(),
                span: given.span,
            };
            cx.unknown("part", &name, raw.parts.keys().map(String::as_str));
        }
        return;
    };
    if !is_one(&source.asked) {
        let message = format!("`{other}` has pages of answers, not one");
        cx.report(refuse(message).help("use a part that is an aggregate or a unique query"));
        return;
    }
    let known = members_of(source);
    let Some(offer) = known.iter().find(|offer| is_called(offer, member)) else {
        let name = Text {
            value: member.to_owned(),
            span: given.span,
        };
        let names = known
            .iter()
            .filter_map(|offer| offer.name.as_ref())
            .map(Ident::as_str);
        cx.unknown(
            &format!("member of `{}`", source.asked.aggregate.name),
            &name,
            names.chain(["id"]),
        );
        return;
    };
    if slot.is_none_or(|slot| slot.ty != offer.slot.ty || offer.slot.list) {
        let message = format!("`{}` is not what `{}` is asked by", given.value, part.name);
        cx.report(refuse(message).help(format!(
            "name a reference to `{}`, or a member of the parameter's type",
            part.asked.aggregate.name
        )));
    }
    certain(cx, (part, given), source, offer);
}

/// Reports a part that must be there although what it is asked by may not.
fn certain(cx: &Checker<'_>, (part, given): (&Part<'_>, &Text), source: &Part<'_>, offer: &Offer) {
    let optional = |part: &Part<'_>| part.raw.optional.as_ref().is_some_and(|it| it.value);
    if optional(part) || !(offer.slot.optional || optional(source)) {
        return;
    }
    let message = format!(
        "`{}` may be absent, and `{}` must be there",
        given.value, part.name
    );
    let finding = Diagnostic::error("composition", message).at(given.span, "");
    cx.report(finding.help(format!("add `optional = true` to the part `{}`", part.name)));
}

/// Checks that another part tells what a part is asked by, when nobody says which.
fn open(cx: &Checker<'_>, parts: &[Part<'_>], part: &Part<'_>, name: &str, slot: Option<Slot>) {
    let others = parts
        .iter()
        .filter(|other| other.name != part.name && is_one(&other.asked));
    let offers: Vec<_> = others.flat_map(members_of).collect();
    let found = slot.and_then(|slot| fill::fill(&cx.system, name, &slot, &offers));
    if found.is_none() {
        let message = format!("nothing tells `{name}` of the part `{}`", part.name);
        let finding = Diagnostic::error("composition", message).at(part.key, "");
        cx.report(
            finding.help("say what it is asked by: `by = \"{…}\"` or `by = \"part.member\"`"),
        );
    }
}

fn is_one(asked: &Asked<'_>) -> bool {
    asked.query.is_none_or(|query| query.unique)
}

/// The values in the answer of a part.
fn members_of(part: &Part<'_>) -> Vec<Offer> {
    let Asked {
        context, aggregate, ..
    } = &part.asked;
    let shown = aggregate.fields.values().filter(|field| !field.hidden);
    let fields = shown.map(|field| Offer {
        source: Source::AggregateField(field.name.clone()),
        name: Some(field.name.clone()),
        slot: Slot::of(Some(&context.name), field),
    });
    let id = Offer {
        source: Source::AggregateId,
        name: None,
        slot: Slot::id(&context.name, &aggregate.name),
    };
    fields.chain([id]).collect()
}

fn is_called(offer: &Offer, name: &str) -> bool {
    match &offer.name {
        Some(given) => given.as_str() == name,
        None => name == "id",
    }
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
