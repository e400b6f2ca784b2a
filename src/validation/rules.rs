//! What is said of rules: their levels, and where they are waived.

use super::checker::Checker;
use super::instants;
use crate::description::raw::{RawRule, RawWaiver, Text};
use crate::description::{Keyed, Spanned};
use crate::diagnostics::Diagnostic;

/// The rules there are, and whether each has a measure that `max` bounds.
const RULES: [(&str, bool); 31] = [
    ("shared-database", false),
    ("cross-context-foreign-key", false),
    ("cross-context-join", false),
    ("foreign-table-access", false),
    ("service-depends-on-service", false),
    ("undeclared-reference", false),
    ("replica-written", false),
    ("command-without-owner", false),
    ("sync-cycle", false),
    ("sync-chain", true),
    ("chatty-calls", true),
    ("hub", true),
    ("call-without-timeout", false),
    ("god-service", true),
    ("nano-service", false),
    ("event-cycle", false),
    ("staleness-undeclared", false),
    ("column-without-event", false),
    ("replica-without-event", false),
    ("two-databases-in-one-transaction", false),
    ("two-phase-commit", false),
    ("step-without-compensation", false),
    ("compensation-after-pivot", false),
    ("saga-without-timeout", false),
    ("orphan-event", false),
    ("unhandled-command", false),
    ("event-without-owner", false),
    ("pii-in-event", false),
    ("unsharded-query", false),
    ("shard-key-not-in-unique", false),
    ("cached-without-invalidation", false),
];

/// Checks what is said of rules.
pub(super) fn rules(cx: &Checker<'_>) {
    for (name, keyed) in &cx.raw.rules {
        rule(cx, name, keyed);
    }
    for waiver in &cx.raw.waivers {
        self::waiver(cx, waiver);
    }
}

fn rule(cx: &Checker<'_>, name: &str, keyed: &Keyed<RawRule>) {
    cx.later(keyed.key, format!("the check of the rule `{name}` is"));
    let raw = &keyed.value;
    let name = Text {
        value: name.to_owned(),
        span: keyed.key,
    };
    let Some(measured) = known(cx, &name) else {
        return;
    };
    if let Some(max) = raw.max.as_ref().filter(|_| !measured) {
        let message = format!("`{}` measures nothing that `max` could bound", name.value);
        let finding = Diagnostic::error("misplaced-key", message).at(max.span, "");
        cx.report(finding.help("remove `max`"));
    }
    if raw.level.is_none() && raw.max.is_none() {
        let message = format!("nothing is said of the rule `{}`", name.value);
        let finding = Diagnostic::error("empty-rule", message).at(keyed.key, "");
        cx.report(finding.help("give it a level, `\"warn\"`, or remove it"));
    }
}

/// Whether the rule has a measure; `None` when there is no such rule, which is reported.
fn known(cx: &Checker<'_>, name: &Text) -> Option<bool> {
    let found = RULES.iter().find(|(rule, _)| *rule == name.value);
    if found.is_none() {
        cx.unknown("rule", name, RULES.iter().map(|(rule, _)| *rule));
    }
    found.map(|(_, measured)| *measured)
}

fn waiver(cx: &Checker<'_>, waiver: &Spanned<RawWaiver>) {
    let raw = &waiver.value;
    cx.later(
        raw.rule.span,
        format!("the waiver of `{}` is", raw.rule.value),
    );
    known(cx, &raw.rule);
    for (key, text) in [("at", &raw.at), ("reason", &raw.reason)] {
        if text.value.trim().is_empty() {
            let finding = Diagnostic::error("wrong-value", format!("`{key}` of a waiver is empty"));
            cx.report(finding.at(text.span, "").help(match key {
                "at" => "name the place: a path in the workspace, or a name of the description",
                _ => "say why the rule does not hold there",
            }));
        }
    }
    if instants::date(&raw.until.value).is_none() {
        let message = format!("`{}` is not a date", raw.until.value);
        let finding = Diagnostic::error("wrong-value", message).at(raw.until.span, "");
        cx.report(finding.help("write the last day it holds: `\"2027-03-01\"`"));
    }
}
