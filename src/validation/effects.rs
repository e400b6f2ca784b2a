//! Effects on the outside world.

use indexmap::IndexMap;

use super::checker::{Checker, Home};
use super::fill::{self, Candidate, Slot};
use super::{candidates, names};
use crate::description::raw::{RawDuration, RawEffect, Text};
use crate::description::{Keyed, Spanned};
use crate::diagnostics::Diagnostic;
use crate::model::{Backoff, Change, Command, Context, Effect, Event, Fill, TypeName};

/// What is tried when the description does not say how often.
const ATTEMPTS: u32 = 8;
const MOST_ATTEMPTS: u32 = 1000;
const BACKOFF: Backoff = Backoff {
    first_ms: 1_000,
    max_ms: 300_000,
};
const HOUR: u64 = 3_600_000;
const GIVE_UP_AFTER: u64 = 12 * HOUR;
/// How long providers remember idempotency keys.
const HORIZON: u64 = 24 * HOUR;

/// The effects of a context.
pub(super) fn effects(cx: &Checker<'_>, home: &Home<'_>) -> IndexMap<TypeName, Effect> {
    let mut effects = IndexMap::new();
    for (name, raw) in &home.raw.effects {
        if let Some(name) = names::type_name(cx, "effect", name, raw.key)
            && let Some(effect) = effect(cx, home, name, raw)
        {
            effects.insert(effect.name.clone(), effect);
        }
    }
    effects
}

fn effect(
    cx: &Checker<'_>,
    home: &Home<'_>,
    name: TypeName,
    keyed: &Keyed<RawEffect>,
) -> Option<Effect> {
    let raw = &keyed.value;
    let about = names::about_in(cx, &raw.about, &home.raw.effects);
    let timeout = timeout(cx, &name, keyed);
    let attempts = attempts(cx, raw);
    let backoff = backoff(cx, raw);
    let give_up_after = give_up_after(cx, raw, timeout);
    let context = cx.context(home);
    let outcomes = [&raw.succeeded, &raw.failed].map(|of| {
        let of = of.as_ref()?;
        Some((
            cx.find("command", of, &context.commands, &home.raw.commands)?,
            of,
        ))
    });
    let (trigger, source, event) = cx.event_at(&raw.on.value, home)?;
    let target = target(cx, (home, context), (source, event), &outcomes);
    let [succeeded, failed] = outcomes.map(|it| it.map(|(command, _)| command.name.clone()));
    Some(Effect {
        name,
        doc: about.doc,
        renamed_from: about.renamed_from,
        trigger,
        // Without it nothing is valid; what else is wrong is to be found all the same.
        timeout_ms: timeout.unwrap_or_default(),
        attempts,
        backoff,
        give_up_after_ms: give_up_after,
        succeeded,
        failed,
        target,
    })
}

fn timeout(cx: &Checker<'_>, name: &TypeName, keyed: &Keyed<RawEffect>) -> Option<u64> {
    let (message, span) = match &keyed.value.timeout {
        Some(timeout) if timeout.value.millis > 0 => return Some(timeout.value.millis),
        Some(timeout) => (format!("an attempt of `{name}` has no time"), timeout.span),
        None => (
            format!("`{name}` does not say how long an attempt may take"),
            keyed.key,
        ),
    };
    let finding = Diagnostic::error("effect-without-timeout", message).at(span, "");
    cx.report(
        finding
            .note("what is outside may never answer")
            .help("add `timeout = \"5s\"`"),
    );
    None
}

fn attempts(cx: &Checker<'_>, raw: &RawEffect) -> u32 {
    let Some(written) = &raw.attempts else {
        return ATTEMPTS;
    };
    if !(1..=MOST_ATTEMPTS).contains(&written.value) {
        let message = format!(
            "`attempts` is from 1 to {MOST_ATTEMPTS}, not {}",
            written.value
        );
        let finding = Diagnostic::error("wrong-value", message).at(written.span, "");
        cx.report(finding.help("write how often it is tried, as `attempts = 8`"));
    }
    written.value
}

fn backoff(cx: &Checker<'_>, raw: &RawEffect) -> Backoff {
    let Some(written) = &raw.backoff else {
        return BACKOFF;
    };
    let millis = |raw: &Option<Spanned<RawDuration>>| raw.as_ref().map(|raw| raw.value.millis);
    let first = millis(&written.value.first);
    let max = millis(&written.value.max);
    // What is not said gives way to what is.
    let made = match (first, max) {
        (Some(first_ms), Some(max_ms)) => Backoff { first_ms, max_ms },
        (Some(first_ms), None) => Backoff {
            first_ms,
            max_ms: BACKOFF.max_ms.max(first_ms),
        },
        (None, Some(max_ms)) => Backoff {
            first_ms: BACKOFF.first_ms.min(max_ms),
            max_ms,
        },
        (None, None) => BACKOFF,
    };
    if made.first_ms == 0 || made.first_ms > made.max_ms {
        let message = match made.first_ms {
            0 => "the first pause is no time at all",
            _ => "the first pause is longer than the longest",
        };
        let finding = Diagnostic::error("wrong-value", message).at(written.span, "");
        cx.report(finding.help("write `backoff = { first = \"1s\", max = \"5m\" }`"));
    }
    made
}

fn give_up_after(cx: &Checker<'_>, raw: &RawEffect, timeout: Option<u64>) -> u64 {
    let Some(written) = &raw.give_up_after else {
        return GIVE_UP_AFTER;
    };
    let millis = written.value.millis;
    if millis >= HORIZON {
        let message = "`give_up_after` must be below 24h";
        let finding = Diagnostic::error("wrong-value", message).at(written.span, "");
        cx.report(
            finding
                .note("providers forget idempotency keys after a day: a later attempt would be a second effect")
                .help("write at most `\"23h\"`; the failure's command can begin anew"),
        );
    } else if timeout.is_some_and(|timeout| millis < timeout) {
        let message = "`give_up_after` is shorter than one attempt may take";
        let finding = Diagnostic::error("wrong-value", message).at(written.span, "");
        let timeout = raw.timeout.as_ref().map(|timeout| timeout.span);
        let finding = timeout
            .into_iter()
            .fold(finding, |finding, at| finding.at(at, "one attempt"));
        cx.report(finding.help("raise it, or lower `timeout`"));
    }
    millis
}

/// Where the id comes from that the outcome's commands are on.
fn target(
    cx: &Checker<'_>,
    (home, context): (&Home<'_>, &Context),
    (source, event): (&Context, &Event),
    outcomes: &[Option<(&Command, &Text)>; 2],
) -> Option<Fill> {
    let on_one = |it: &&(&Command, &Text)| it.0.change != Change::Creates;
    let updates: Vec<_> = outcomes.iter().flatten().filter(on_one).collect();
    let (first, name) = updates.first()?;
    if let Some((other, at)) = updates
        .iter()
        .find(|(other, _)| other.aggregate != first.aggregate)
    {
        let message = format!(
            "`{}` is on `{}`, `{}` on `{}`: an outcome has one target",
            first.name, first.aggregate, other.name, other.aggregate
        );
        let finding = Diagnostic::error("target", message)
            .at(at.span, "")
            .at(name.span, "");
        cx.report(finding.help("use commands of one aggregate; policies let others follow"));
        return None;
    }
    let slot = Slot::id(&context.name, &first.aggregate);
    let candidates = candidates::of_event(source, event);
    let always = |it: &&Candidate| !it.slot.optional;
    match fill::only(fill::references(&slot, &candidates).filter(always)) {
        Ok(found) => Some(found),
        Err(count) => {
            let event = super::words::path(home, &source.name, &event.name);
            unreached(cx, first, name, &event, count);
            None
        }
    }
}

/// Reports that `event` refers to `count` aggregates that the command could be sent to, not to one.
fn unreached(cx: &Checker<'_>, command: &Command, name: &Text, event: &str, count: usize) {
    let aggregate = &command.aggregate;
    let message = format!(
        "nothing tells which `{aggregate}` `{}` is sent to",
        command.name
    );
    let finding = Diagnostic::error("target", message).at(name.span, "");
    cx.report(match count {
        0 => finding
            .note(format!(
                "`{event}` is not of `{aggregate}`, and carries no required reference to one"
            ))
            .help(format!(
                "carry the reference in `{event}`, or react to an event of `{aggregate}`"
            )),
        _ => finding
            .note(format!("`{event}` refers to several"))
            .help(format!(
                "react to an event that refers to one `{aggregate}`"
            )),
    });
}
