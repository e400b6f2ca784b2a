//! Policies.

use indexmap::IndexMap;

use super::candidates::{self, Element};
use super::checker::{Checker, Home};
use super::fill::{self, Candidate};
use super::{names, targets};
use crate::description::Keyed;
use crate::description::raw::{RawOnRefusal, RawPolicy, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{
    Aggregate, Command, Content, Context, Event, Fill, Ident, OnRefusal, Policy, TypeName,
};

/// The policies of a context that react at once; timed ones are checked, and left for later.
pub(super) fn policies(cx: &Checker<'_>, home: &Home<'_>) -> IndexMap<TypeName, Policy> {
    let mut policies = IndexMap::new();
    for (name, raw) in &home.raw.policies {
        if let Some(name) = names::type_name(cx, "policy", name, raw.key)
            && let Some(policy) = policy(cx, home, &name, raw)
        {
            policies.insert(name, policy);
        }
    }
    policies
}

fn policy(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: &TypeName,
    keyed: &Keyed<RawPolicy>,
) -> Option<Policy> {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &home.raw.policies);
    let context = cx.context(home);
    timed(cx, name, keyed);
    let command = cx.find("command", &raw.then, &context.commands, &home.raw.commands);
    let trigger = raw.on.as_ref().map(|on| cx.event_at(&on.value, home));
    let command = command?;
    let aggregate = context.aggregates.get(&command.aggregate)?;
    let Some(trigger) = trigger else {
        targets::of_schedule(cx, home, keyed, command);
        return None;
    };
    let (trigger, source, event) = trigger?;
    let (mut candidates, element) = (
        candidates::of_event(source, event),
        each(cx, raw, source, event)?,
    );
    if let Some(element) = &element {
        // What the element has comes before what the event has.
        let of_element = candidates::of_element(&cx.system, source, element);
        candidates.splice(0..0, of_element);
    }
    let target = targets::of_policy(cx, home, keyed, (command, aggregate), (event, &candidates))?;
    if raw.after.is_some() {
        return None;
    }
    Some(Policy {
        name: name.clone(),
        doc: about.doc,
        renamed_from: about.renamed_from,
        inputs: inputs(cx, context, aggregate, command, &candidates),
        trigger,
        then: command.name.clone(),
        each: raw.each.as_ref().and_then(|each| Ident::new(&each.value)),
        target,
        on_refusal: match raw.on_refusal.as_ref().map(|it| it.value) {
            Some(RawOnRefusal::DeadLetter) => OnRefusal::DeadLetter,
            Some(RawOnRefusal::Ignore) | None => OnRefusal::Ignore,
        },
    })
}

/// Checks what sets the policy off: an event, or a schedule.
fn timed(cx: &Checker<'_>, name: &TypeName, keyed: &Keyed<RawPolicy>) {
    let raw = &keyed.value;
    match (&raw.on, &raw.every) {
        (None, None) => {
            let message = format!("nothing sets `{name}` off");
            let finding = Diagnostic::error("policy-without-trigger", message).at(keyed.key, "");
            cx.report(
                finding.help(
                    "add the event it follows, `on = \"…\"`, or a schedule, `every = \"24h\"`",
                ),
            );
        }
        (Some(on), Some(every)) => {
            let message = format!("`{name}` has both `on` and `every`");
            let finding = Diagnostic::error("conflicting-keys", message).at(every.span, "");
            cx.report(finding.at(on.span, "").help("make two policies of it"));
        }
        _ => {}
    }
    if let (Some(after), None) = (&raw.after, &raw.on) {
        let message = "`after` counts from an event, and there is none";
        let finding = Diagnostic::error("conflicting-keys", message).at(after.span, "");
        cx.report(finding.help("add `on`, or remove `after`"));
    }
    for (key, time) in [("after", &raw.after), ("every", &raw.every)] {
        let Some(time) = time else { continue };
        cx.later(time.span, format!("policies with `{key}` are"));
        if time.value.millis == 0 {
            let finding = Diagnostic::error("wrong-value", format!("`{key}` is no time at all"));
            cx.report(finding.at(time.span, "").help(match key {
                "after" => "remove it: the policy follows at once",
                _ => "say how long the pause is: `every = \"24h\"`",
            }));
        }
    }
}

/// The list that the policy goes through; `None` outside when it is unknown.
fn each<'s>(
    cx: &Checker<'_>,
    raw: &RawPolicy,
    source: &'s Context,
    event: &'s Event,
) -> Option<Option<Element<'s>>> {
    let Some(name) = &raw.each else {
        return Some(None);
    };
    match candidates::list_of(source, event, &name.value) {
        Some(Ok(element)) => Some(Some(element)),
        Some(Err(())) => {
            let message = format!("`{}` of `{}` is not a list", name.value, event.name);
            let finding = Diagnostic::error("each-of-one", message).at(name.span, "");
            cx.report(
                finding.help("remove `each`: the policy is called once for each event anyway"),
            );
            None
        }
        None => {
            let suits = |content: Content<'_>| content.field().is_none_or(|field| field.list);
            unknown_field(cx, "list", name, (source, event), suits);
            None
        }
    }
}

/// Reports a field that an event does not carry; only those that `suits` are worth naming.
pub(super) fn unknown_field(
    cx: &Checker<'_>,
    what: &str,
    name: &Text,
    (source, event): (&Context, &Event),
    suits: impl Fn(Content<'_>) -> bool,
) {
    let written = cx.raw_context(source.name.as_str());
    let written = written.and_then(|raw| raw.events.get(event.name.as_str()));
    let broken = written.is_some_and(|raw| {
        let listed = raw
            .value
            .fields
            .iter()
            .any(|field| field.name.value == name.value);
        listed || raw.value.own.declares(&name.value)
    });
    if broken {
        return;
    }
    let Some(aggregate) = source.aggregates.get(&event.aggregate) else {
        return;
    };
    let members = event.members(aggregate);
    let names = members.filter_map(|(name, content)| suits(content).then_some(name.as_str()));
    let what = format!("{what} in `{}`", event.name);
    let Some(finding) = cx.unknown_name(&what, name, names) else {
        return;
    };
    let could = aggregate.member(&name.value);
    cx.report(if could.is_some_and(suits) {
        finding.help(format!(
            "add `{}` to the `fields` of `{}`",
            name.value, event.name
        ))
    } else {
        finding
    });
}

/// Where each input of a command comes from.
fn inputs(
    cx: &Checker<'_>,
    context: &Context,
    aggregate: &Aggregate,
    command: &Command,
    candidates: &[Candidate],
) -> IndexMap<Ident, Option<Fill>> {
    let fill = |input| {
        let slot = candidates::of_input(context, aggregate, input)?;
        fill::fill(&cx.system, input.name.as_str(), &slot, candidates)
    };
    command
        .input
        .values()
        .map(|input| (input.name.clone(), fill(input)))
        .collect()
}
