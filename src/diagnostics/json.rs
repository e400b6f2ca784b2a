//! Diagnostics for programs: an object a line, with stable fields.

use serde::Serialize;

use super::{Diagnostic, Label, Position, Severity, SourceFile};

/// A diagnostic as JSON. Fields may be added; these stay.
#[derive(Serialize)]
struct Record<'a> {
    /// `error` or `warning`.
    severity: &'static str,
    /// The stable code, as `explain` takes it.
    code: &'a str,
    /// What is wrong.
    message: &'a str,
    /// The main place; `null` in all four when the diagnostic has none.
    #[serde(flatten)]
    place: Place<'a>,
    /// Why it matters.
    notes: &'a [String],
    /// The ways out.
    helps: &'a [String],
    /// The other places, each with what is to be said there.
    related: Vec<Related<'a>>,
}

/// A place as JSON: lines and characters count from 1, the end is the first character after.
#[derive(Serialize, Default)]
struct Place<'a> {
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end: Option<End>,
}

#[derive(Serialize)]
struct End {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Related<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: Place<'a>,
}

/// The diagnostics as JSON, an object a line, in the order given.
///
/// The fields are `severity` (`error`, `warning`), `code`, `message`, `file`, `line`, `column`, `end`
/// (`line`, `column`), `notes`, `helps` and `related` (each `message` and a place). Lines and columns
/// count from 1, columns in Unicode scalar values; a diagnostic without a place has `null` there.
pub fn json(diagnostics: &[Diagnostic], files: &[SourceFile]) -> String {
    let lines = diagnostics.iter().filter_map(|diagnostic| {
        // Serialising strings and numbers cannot fail.
        serde_json::to_string(&record(diagnostic, files)).ok()
    });
    lines.map(|line| line + "\n").collect()
}

fn record<'a>(diagnostic: &'a Diagnostic, files: &'a [SourceFile]) -> Record<'a> {
    let mut labels = diagnostic.labels.iter();
    Record {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: diagnostic.code,
        message: &diagnostic.message,
        place: labels
            .next()
            .map(|label| place(label, files))
            .unwrap_or_default(),
        notes: &diagnostic.notes,
        helps: &diagnostic.helps,
        related: labels
            .map(|label| Related {
                message: &label.text,
                place: place(label, files),
            })
            .collect(),
    }
}

fn place<'a>(label: &Label, files: &'a [SourceFile]) -> Place<'a> {
    let file = usize::try_from(label.span.file)
        .ok()
        .and_then(|file| files.get(file));
    let Some(file) = file else {
        return Place::default();
    };
    let position = |byte: u32| file.position(usize::try_from(byte).unwrap_or(usize::MAX));
    let Position { line, column } = position(label.span.start);
    let end = position(label.span.end);
    Place {
        file: Some(file.path()),
        line: Some(line),
        column: Some(column),
        end: Some(End {
            line: end.line,
            column: end.column,
        }),
    }
}
