//! Descriptions as files, and what is said of them.
//!
//! Each folder of `tests/cases/description` is a case: `microdb.toml`, the files it includes, and
//! `stderr`, all that is said of it. `UPDATE_EXPECT=1 cargo test --test description` renews them.

use std::fs;
use std::path::{Path, PathBuf};

use anstream::adapter::strip_str;
use cargo_microdb::description;
use cargo_microdb::diagnostics::{human, json};
use cargo_microdb::source::Sources;
use proptest::prelude::*;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/description");
    let entries = fs::read_dir(folder).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// What is said of a case: for people, or for programs where it has a file `json`.
fn said(case: &Path) -> (PathBuf, String) {
    let (mut sources, mut diagnostics) = Sources::open(&case.join("microdb.toml"));
    let (_, found) = description::read(&mut sources);
    diagnostics.extend(found);
    if case.join("json").exists() {
        return (case.join("json"), json(&diagnostics, sources.files()));
    }
    let text = human(&diagnostics, sources.files());
    (case.join("stderr"), strip_str(&text).to_string())
}

#[test]
fn every_case_says_what_it_is_expected_to() {
    let mut wrong = Vec::new();
    for case in cases() {
        let (path, said) = said(&case);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &said).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if said != expected {
            wrong.push(format!(
                "{}: expected\n{expected}\nfound\n{said}",
                case.display()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A change to a text, at places that are taken modulo its size.
#[derive(Debug, Clone)]
enum Change {
    Flip(usize, u8),
    Insert(usize, char),
    Truncate(usize),
    DeleteLine(usize),
    SwapLines(usize, usize),
    RepeatLine(usize),
    SwapWords(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<usize>;
    let signs = prop::sample::select(
        "[]{}\"'=.,#?\n\\ é\u{0}\u{feff}🙂"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (at(), signs).prop_map(|(at, sign)| Change::Insert(at, sign)),
        at().prop_map(Change::Truncate),
        at().prop_map(Change::DeleteLine),
        (at(), at()).prop_map(|(one, other)| Change::SwapLines(one, other)),
        at().prop_map(Change::RepeatLine),
        (at(), at()).prop_map(|(one, other)| Change::SwapWords(one, other)),
    ]
}

impl Change {
    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let count = lines.len().max(1);
        let line = |at: &usize| at % count;
        let at = |at: &usize| text.floor_char_boundary(at % (text.len() + 1));
        match self {
            _ if lines.is_empty() => return text.to_owned(),
            Self::Flip(at, byte) => {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at % text.len()] = *byte;
                return String::from_utf8_lossy(&bytes).into_owned();
            }
            Self::Insert(place, sign) => {
                let (before, after) = text.split_at(at(place));
                return format!("{before}{sign}{after}");
            }
            Self::Truncate(place) => return text[..at(place)].to_owned(),
            Self::DeleteLine(place) => drop(lines.remove(line(place))),
            Self::SwapLines(one, other) => lines.swap(line(one), line(other)),
            Self::RepeatLine(place) => lines.insert(line(place), lines[line(place)]),
            Self::SwapWords(one, other) => return swap_words(text, *one, *other),
        }
        lines.concat()
    }
}

fn swap_words(text: &str, one: usize, other: usize) -> String {
    let mut parts: Vec<&str> = text
        .split_inclusive(|c: char| !c.is_alphanumeric())
        .collect();
    let count = parts.len();
    parts.swap(one % count, other % count);
    parts.concat()
}

proptest! {
    #[test]
    fn no_text_is_too_broken_to_be_reported(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let cases: Vec<_> = cases()
            .iter()
            .filter_map(|case| fs::read_to_string(case.join("microdb.toml")).ok())
            .collect();
        let valid = seed.get(&cases).clone();
        let text = changes.iter().fold(valid, |text, change| change.apply(&text));
        let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
        let (_, diagnostics) = description::read(&mut sources);
        for diagnostic in &diagnostics {
            for label in &diagnostic.labels {
                let text = sources.files()[label.span.file as usize].text();
                let (start, end) = (label.span.start as usize, label.span.end as usize);
                prop_assert!(text.get(start..end).is_some(), "{diagnostic:?}");
            }
        }
        human(&diagnostics, sources.files());
        json(&diagnostics, sources.files());
    }
}

#[test]
fn the_deepest_tree_fits_on_a_small_stack() {
    let key = ["a"; 20].join(".");
    let text = format!(
        "[{key}]\n{key} = {}1{}",
        format!("{{{key} = ").repeat(79),
        "}".repeat(79)
    );
    let read = move || {
        let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
        description::read(&mut sources).1.len()
    };
    let thread = std::thread::Builder::new()
        .stack_size(1024 * 1024)
        .spawn(read);
    assert!(thread.unwrap().join().unwrap() > 0);
}

#[test]
fn a_large_description_is_read_at_once() {
    let fields: String = (0..20_000)
        .map(|n| format!("fields.f{n} = \"string\"\nx{n} = 1\n"))
        .collect();
    let text = format!("[contexts.a.aggregates.A]\n{fields}");
    let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
    let (_, diagnostics) = description::read(&mut sources);
    assert_eq!(diagnostics.len(), 20_001);
    assert!(human(&diagnostics, sources.files()).contains("unknown key `x19999`"));
}
