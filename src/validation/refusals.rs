//! Business refusals of commands.

use super::checker::Checker;
use super::{aggregates, keys, names};
use crate::description::Spanned;
use crate::description::raw::{RawRefusal, Text};
use crate::diagnostics::Diagnostic;
use crate::model::{Aggregate, Refusal, derived};

/// The business refusals of a command.
pub(super) fn refusals(
    cx: &Checker<'_>,
    aggregate: &Aggregate,
    raw: &[RawRefusal],
) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (index, refusal) in raw.iter().enumerate() {
        let name = &refusal.name;
        let earlier = raw[..index].iter().map(|earlier| &earlier.name);
        aggregates::distinct_word(cx, "refusal", name, earlier);
        let http = refusal.http.as_ref();
        let http = http.map_or(Some(Refusal::CONFLICT), |http| status(cx, http));
        if is_free(cx, aggregate, name)
            && let Some(valid) = names::ident(cx, "refusal", &name.value, name.span)
        {
            refusals.push(Refusal {
                name: valid,
                doc: names::about(cx, &refusal.about, |_| false).doc,
                http: http.unwrap_or(Refusal::CONFLICT),
            });
        }
    }
    refusals
}

/// Whether the tool means nothing else by a name.
fn is_free(cx: &Checker<'_>, aggregate: &Aggregate, name: &Text) -> bool {
    let text = &name.value;
    let built_in = derived::BUILT_IN_REFUSALS.contains(&text.as_str())
        || keys::taken(aggregate).contains(text);
    let message = if built_in {
        format!("every command may be refused with `{text}`")
    } else if text == derived::REASON_OF_REFUSAL {
        format!("`{text}` gives a refusal its reason, in code")
    } else {
        return true;
    };
    let finding = Diagnostic::error("built-in-name", message).at(name.span, "");
    cx.report(finding.help("remove it, or name the business reason"));
    false
}

/// The status of an answer.
fn status(cx: &Checker<'_>, http: &Spanned<u64>) -> Option<u16> {
    let found = Refusal::STATUSES
        .into_iter()
        .find(|status| u64::from(*status) == http.value);
    if found.is_none() {
        let message = format!("no business reason has the HTTP status {}", http.value);
        let statuses = Refusal::STATUSES
            .map(|status| status.to_string())
            .join(", ");
        let finding = Diagnostic::error("http-status", message).at(http.span, "");
        cx.report(
            finding
                .note("the other ones speak of HTTP itself, or of a failure")
                .help(format!("use one of {statuses}; left out it is 409")),
        );
    }
    found
}
