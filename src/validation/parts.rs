//! What a part of a composition is asked by: parameters of the path, members of other parts.

use super::candidates;
use super::checker::Checker;
use super::fill::{self, Candidate, Slot};
use super::gateway::{Asked, Part};
use crate::description::raw::{RawComposition, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{Ident, Source, derived};

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
    let slot = |member: &Ident| candidates::of_parameter(context, aggregate, member);
    let parameters = query.by.iter().map(|parameter| &parameter.member);
    parameters
        .map(|member| (member.to_string(), slot(member)))
        .collect()
}

/// Checks that all a part must be told is known.
pub(super) fn by(
    cx: &Checker<'_>,
    raw: &RawComposition,
    parts: &[Part<'_>],
    part: &Part<'_>,
    parameters: &[&str],
    used: &mut Vec<String>,
) {
    let slots = slots(&part.asked);
    let Some(given) = &part.raw.by else {
        unsaid(cx, parts, part, parameters, used);
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

/// Checks that all a part must be told is known by name and type.
fn unsaid(
    cx: &Checker<'_>,
    parts: &[Part<'_>],
    part: &Part<'_>,
    parameters: &[&str],
    used: &mut Vec<String>,
) {
    for (name, slot) in slots(&part.asked) {
        // The part's own name stands for the id of what it asks.
        let own = part.asked.query.is_none().then_some(part.name);
        let known = |parameter: &&&str| **parameter == name || Some(**parameter) == own;
        match parameters.iter().find(known) {
            Some(parameter) => used.push((*parameter).to_owned()),
            None => open(cx, parts, part, &name, slot),
        }
    }
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
    let Some(candidate) = known.iter().find(|candidate| is_called(candidate, member)) else {
        let name = Text {
            value: member.to_owned(),
            span: given.span,
        };
        let names = known
            .iter()
            .filter_map(|candidate| candidate.name.as_ref())
            .map(Ident::as_str);
        cx.unknown(
            &format!("member of `{}`", source.asked.aggregate.name),
            &name,
            names.chain(["id"]),
        );
        return;
    };
    if slot.is_none_or(|slot| slot.ty != candidate.slot.ty || candidate.slot.list) {
        let message = format!("`{}` is not what `{}` is asked by", given.value, part.name);
        cx.report(refuse(message).help(format!(
            "name a reference to `{}`, or a member of the parameter's type",
            part.asked.aggregate.name
        )));
    }
    certain(cx, (part, given), source, candidate);
}

/// Reports a part that must be there although what it is asked by may not.
fn certain(
    cx: &Checker<'_>,
    (part, given): (&Part<'_>, &Text),
    source: &Part<'_>,
    candidate: &Candidate,
) {
    let optional = |part: &Part<'_>| part.raw.optional.as_ref().is_some_and(|it| it.value);
    if optional(part) || !(candidate.slot.optional || optional(source)) {
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
    let candidates: Vec<_> = others.flat_map(members_of).collect();
    let found = slot.and_then(|slot| fill::fill(&cx.system, name, &slot, &candidates));
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
fn members_of(part: &Part<'_>) -> Vec<Candidate> {
    let Asked {
        context, aggregate, ..
    } = &part.asked;
    let shown = aggregate.fields.values().filter(|field| !field.hidden);
    let fields = shown.map(|field| Candidate {
        source: Source::AggregateField(field.name.clone()),
        name: Some(field.name.clone()),
        slot: Slot::of(Some(&context.name), field),
    });
    let id = Candidate {
        source: Source::AggregateId,
        name: None,
        slot: Slot::id(&context.name, &aggregate.name),
    };
    fields.chain([id]).collect()
}

fn is_called(candidate: &Candidate, name: &str) -> bool {
    match &candidate.name {
        Some(given) => given.as_str() == name,
        None => name == "id",
    }
}
