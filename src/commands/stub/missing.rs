//! What a file of the user's lacks.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::rust::{Function, Import, Source, import_lines};

/// A file that cannot be read as Rust.
#[derive(Debug)]
pub(super) struct NotRust;

/// What is missing in a file.
#[derive(Debug, Default)]
pub(super) struct Missing {
    /// Items of traits: the trait, the line in the user's file before which they belong, their lines.
    items: Vec<(String, usize, String)>,
    /// Imports of what they name.
    imports: Vec<Import>,
    /// The line before which imports belong.
    behind_imports: usize,
}

/// What a file lacks of what would be written now.
///
/// # Errors
/// When one of the two is no Rust.
pub(super) fn find(wanted: &str, stands: &str) -> Result<Missing, NotRust> {
    let (wanted_text, stands_text) = (wanted, stands);
    let wanted = Source::read(wanted).ok_or(NotRust)?;
    let stands = Source::read(stands).ok_or(NotRust)?;
    let mut missing = Missing {
        behind_imports: stands.behind_imports,
        ..Missing::default()
    };
    let mut mentioned: BTreeSet<String> = BTreeSet::new();
    for implementation in &wanted.impls {
        let theirs = stands.impls.iter().find(|it| it.of == implementation.of);
        let Some(theirs) = theirs else {
            // One that was called something else before is for the user to rename.
            if stands.impls.is_empty() {
                let text = lines(wanted_text, &implementation.lines);
                let all = implementation.functions.iter();
                mentioned.extend(all.flat_map(|it| it.mentions.iter().cloned()));
                mentioned.insert(implementation.of.clone());
                missing
                    .items
                    .push((String::new(), stands.before_tests, format!("{text}\n")));
            }
            continue;
        };
        let has = |function: &&Function| theirs.functions.iter().all(|it| it.name != function.name);
        for function in implementation.functions.iter().filter(has) {
            let text = lines(wanted_text, &function.lines);
            mentioned.extend(function.mentions.iter().cloned());
            let before = theirs.lines.end - 1;
            missing
                .items
                .push((implementation.of.clone(), before, format!("\n{text}")));
        }
    }
    let known: BTreeSet<&str> = stands.imports.iter().map(|it| it.name.as_str()).collect();
    let imports = wanted
        .imports
        .iter()
        .filter(|it| mentioned.contains(&it.name));
    let imports = imports.filter(|it| !known.contains(it.name.as_str()));
    let imports: BTreeSet<Import> = imports.cloned().collect();
    missing.imports = imports.into_iter().collect();
    if missing.behind_imports == 0 {
        let doc = stands_text
            .lines()
            .take_while(|line| line.starts_with("//!"));
        missing.behind_imports = doc.count();
    }
    Ok(missing)
}

impl Missing {
    /// Whether nothing is missing.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// As it is printed, to be pasted.
    pub(super) fn printed(&self, path: &str) -> String {
        let mut text = format!("// {path}\n");
        for import in import_lines(&self.imports) {
            text.push_str(&import);
            text.push('\n');
        }
        let mut last = "";
        for (of, _, item) in &self.items {
            if of != last {
                text.push_str(&format!("\n// in `impl {of} for Domain`"));
                last = of;
            }
            text.push_str(item);
            text.push('\n');
        }
        text.push('\n');
        text
    }

    /// The user's file with it.
    pub(super) fn put_into(&self, stands: &str) -> String {
        let mut lines: Vec<String> = stands.lines().map(str::to_owned).collect();
        // From the end, so that the lines before stay where they are.
        let mut items: Vec<&(String, usize, String)> = self.items.iter().collect();
        items.sort_by_key(|(_, before, _)| *before);
        for (_, before, item) in items.iter().rev() {
            lines.insert((*before).min(lines.len()), item.clone());
        }
        for import in import_lines(&self.imports).into_iter().rev() {
            lines.insert(self.behind_imports, import);
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// These lines of a text.
fn lines(text: &str, range: &Range<usize>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(range.clone()).unwrap_or_default().join("\n")
}
