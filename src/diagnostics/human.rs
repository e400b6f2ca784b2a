//! Diagnostics for people: in rustc's form, with an excerpt of the text.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Label, Severity, SourceFile};

/// The diagnostics with colours, in the order given, a blank line after each.
///
/// Print it through `anstream`, which takes the colours out where they are not wanted.
pub fn human(diagnostics: &[Diagnostic], files: &[SourceFile]) -> String {
    let renderer = Renderer::styled();
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&renderer.render(&[group(diagnostic, files)]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, files: &'a [SourceFile]) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code);
    let notes = diagnostic
        .notes
        .iter()
        .map(|note| Level::NOTE.message(note));
    let helps = diagnostic
        .helps
        .iter()
        .map(|help| Level::HELP.message(help));
    title
        .elements(snippets(&diagnostic.labels, files))
        .elements(notes)
        .elements(helps)
}

/// An excerpt for each file, that of the main place first.
fn snippets<'a>(labels: &'a [Label], files: &'a [SourceFile]) -> Vec<Element<'a>> {
    let mut by_file: BTreeMap<(bool, u32), Vec<(bool, &Label)>> = BTreeMap::new();
    let main = labels.first().map(|label| label.span.file);
    for (index, label) in labels.iter().enumerate() {
        let file = label.span.file;
        let place = (main != Some(file), file);
        by_file.entry(place).or_default().push((index == 0, label));
    }
    by_file
        .into_iter()
        .filter_map(|((_, file), labels)| {
            let file = files.get(usize::try_from(file).ok()?)?;
            Some(snippet(file, &labels))
        })
        .collect()
}

/// An excerpt: only the lines from the first place to the last, since the renderer reads all it gets.
fn snippet<'a>(file: &'a SourceFile, labels: &[(bool, &'a Label)]) -> Element<'a> {
    let ranges: Vec<_> = labels.iter().map(|(_, label)| range(file, label)).collect();
    let start = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
    let (line, offset, text) = file.window(start, end);
    let annotations = labels.iter().zip(ranges).map(|((main, label), range)| {
        let kind = if *main {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let annotation = kind.span(range.start - offset..range.end - offset);
        if label.text.is_empty() {
            annotation
        } else {
            annotation.label(&label.text)
        }
    });
    Snippet::source(text)
        .line_start(line)
        .path(file.path())
        .annotations(annotations)
        .into()
}

/// The bytes of a label, kept within the text and on the borders of characters.
fn range(file: &SourceFile, label: &Label) -> Range<usize> {
    let text = file.text();
    let inside = |byte: u32| text.floor_char_boundary(usize::try_from(byte).unwrap_or(usize::MAX));
    let start = inside(label.span.start);
    start..inside(label.span.end).max(start)
}
