//! Code is shown by templates: nothing in `src/` composes items or statements of Rust or SQL.

use std::fs;
use std::path::{Path, PathBuf};

/// Where people are told what is wrong, in words that Rust has too.
const IN_PROSE: &str = "src/validation";

/// What items and statements have in them, each after a space or at the start of a line.
const MARKS: [&str; 22] = [
    "#[",
    "#![",
    "-> ",
    "=> {",
    "CREATE ",
    "DELETE FROM ",
    "DO $",
    "INSERT INTO ",
    "PRIMARY KEY",
    "REFERENCES ",
    "UPDATE ",
    "async ",
    "const ",
    "enum ",
    "fn ",
    "impl ",
    "let ",
    "match {",
    "mod ",
    "pub ",
    "struct ",
    "use {",
];

/// The mark of code in a literal.
fn mark(literal: &str) -> Option<&'static str> {
    let parts = literal.split("\\n").flat_map(|line| {
        let words = line.match_indices(' ').map(|(at, _)| &line[at + 1..]);
        words.chain([line])
    });
    let parts: Vec<&str> = parts.collect();
    let mut marks = MARKS.into_iter();
    marks.find(|mark| parts.iter().any(|part| part.starts_with(mark)))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

/// The literals of a text of Rust outside of its tests, each with its line.
fn literals(text: &str) -> Vec<(usize, String)> {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    let (mut literals, mut rest, mut line) = (Vec::new(), &text[..end], 1);
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\") {
            3
        } else if first == '"' {
            let length = quoted(rest);
            literals.push((line, rest[1..length - 1].to_owned()));
            length
        } else {
            first.len_utf8()
        };
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    literals
}

/// The length of a literal in quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return index + 1,
            _ => escaped = character == '\\' && !escaped,
        }
    }
    text.len()
}

#[test]
fn no_code_is_composed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    sources(&root.join("src"), &mut files);
    assert!(files.len() > 100);
    for file in files {
        let path = file.strip_prefix(root).unwrap().display().to_string();
        if path.starts_with(IN_PROSE) {
            continue;
        }
        for (line, literal) in literals(&fs::read_to_string(&file).unwrap()) {
            if let Some(mark) = mark(&literal) {
                wrong.push(format!("{path}:{line}: `{mark}` in {literal:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
