//! From the text of a description to [`raw`] types: syntax and shape, and what is wrong with them.
//!
//! A [`Description`] is always made, whatever is wrong: what could not be read is missing from it,
//! its name kept in [`Map::broken`], and an error says why.

mod declare;
mod merge;
mod parse;
pub mod raw;
mod reference;
mod schema;
pub mod shape;
mod syntax;
mod values;

use std::collections::BTreeSet;

use toml::de::DeTable;

use crate::diagnostics::{Diagnostic, SourceFile, Span, sorted};
use crate::source::Sources;

pub use parse::{Keyed, Map, OneOrMany, Spanned};
use raw::{RawContext, RawEnum, RawGateway, RawRule, RawSystem, RawValueType, RawWaiver};
pub use reference::reference;
pub use schema::json_schema;

/// All files of a description as one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Description {
    /// The system; `None` after an error said why.
    pub system: Option<Keyed<RawSystem>>,
    /// Enums of the shared kernel, by name.
    pub enums: Map<RawEnum>,
    /// Value objects of the shared kernel, by name.
    pub values: Map<RawValueType>,
    /// The bounded contexts, by name.
    pub contexts: Map<RawContext>,
    /// The gateway.
    pub gateway: RawGateway,
    /// What is said of rules, by name.
    pub rules: Map<RawRule>,
    /// The waivers, in order.
    pub waivers: Vec<Spanned<RawWaiver>>,
    /// Whether every file could be read as TOML. When not, names may be missing that were written.
    pub readable: bool,
}

/// Reads a description: the root of `sources` and the files it includes, which are added there.
///
/// All that is wrong in any file is reported, in the order of the files.
pub fn read(sources: &mut Sources) -> (Description, Vec<Diagnostic>) {
    let mut diagnostics = include(sources);
    let mut description = Description {
        readable: true,
        ..Description::default()
    };
    for (index, file) in sources.files().iter().enumerate() {
        if !sources.is_whole(index) {
            description.readable = false;
            continue;
        }
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        diagnostics.extend(description.add(file, number));
    }
    (description, sorted(diagnostics))
}

impl Description {
    /// Takes in a file; says what is wrong in it.
    fn add(&mut self, file: &SourceFile, number: u32) -> Vec<Diagnostic> {
        let (table, mut mistakes) = syntax::tree(file, number);
        self.readable &= mistakes.is_empty();
        let mut parser = parse::Parser {
            file: number,
            diagnostics: Vec::new(),
        };
        if let Some(table) = table {
            self.take(table, &mut parser);
        }
        let found = independent(file, parser.diagnostics, &mistakes);
        mistakes.extend(found);
        mistakes
    }
}

/// Adds the files that the root includes; that the list is of strings is checked with the rest.
fn include(sources: &mut Sources) -> Vec<Diagnostic> {
    let Some(root) = sources.files().first().filter(|_| sources.is_whole(0)) else {
        return Vec::new();
    };
    let (table, mistakes) = syntax::tree(root, 0);
    let mut patterns = table.map_or_else(Vec::new, |table| patterns(&table));
    if let Some(open) = mistakes
        .iter()
        .find(|mistake| mistake.code == syntax::UNCLOSED)
    {
        patterns.retain(|(_, place)| open.labels.iter().all(|label| *place < label.span));
    }
    patterns
        .into_iter()
        .flat_map(|(pattern, place)| sources.include(&pattern, place))
        .collect()
}

fn patterns(root: &DeTable<'_>) -> Vec<(String, Span)> {
    let system = root
        .get("system")
        .and_then(|value| value.get_ref().as_table());
    let list = system.and_then(|table| table.get("include")?.get_ref().as_array());
    let texts = list.into_iter().flatten().filter_map(|element| {
        let place = syntax::place(0, element.span().start, element.span().end);
        Some((element.get_ref().as_str()?.to_owned(), place))
    });
    texts.collect()
}

/// The findings about shape that do not merely follow from a mistake in the syntax of the file: not
/// what is missing, which may be what could not be read, nor anything in a line with a mistake or after an open bracket.
fn independent(
    file: &SourceFile,
    found: Vec<Diagnostic>,
    mistakes: &[Diagnostic],
) -> Vec<Diagnostic> {
    let line = |diagnostic: &Diagnostic| {
        let place = diagnostic.labels.first()?.span;
        Some(file.position(usize::try_from(place.start).ok()?).line)
    };
    let damaged: BTreeSet<_> = mistakes.iter().map(line).collect();
    let swallowed = mistakes
        .iter()
        .find(|mistake| mistake.code == syntax::UNCLOSED)
        .map(line);
    let follows = |diagnostic: &Diagnostic| {
        diagnostic.code == "missing-key"
            || damaged.contains(&line(diagnostic))
            || swallowed.is_some_and(|first| line(diagnostic) > first)
    };
    let found = found.into_iter();
    found
        .filter(|diagnostic| damaged.is_empty() || !follows(diagnostic))
        .collect()
}
