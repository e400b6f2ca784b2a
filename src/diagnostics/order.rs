//! The order in which diagnostics are shown.

use super::{Diagnostic, Span};

/// The diagnostics by place (those without one first), each once.
pub fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(|a, b| key(a).cmp(&key(b)));
    diagnostics.dedup();
    diagnostics
}

/// Everything a diagnostic says counts, so that equal ones are neighbours.
fn key(diagnostic: &Diagnostic) -> impl Ord + '_ {
    let places: Vec<(Span, &str)> = diagnostic
        .labels
        .iter()
        .map(|label| (label.span, label.text.as_str()))
        .collect();
    let Diagnostic {
        severity,
        code,
        message,
        notes,
        helps,
        ..
    } = diagnostic;
    (places, *severity, *code, message, notes, helps)
}
