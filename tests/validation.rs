//! Descriptions that mean something, and what is said of those that do not.
//!
//! Each folder of `tests/cases/validation` is a case: `microdb.toml`, and `stderr`, all that is said
//! of it. `UPDATE_EXPECT=1 cargo test --test validation` renews them.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anstream::adapter::strip_str;
use cargo_microdb::description;
use cargo_microdb::diagnostics::{Diagnostic, human, json, sorted};
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{Options, Valid, validate};
use common::{cases, change, compare};
use proptest::prelude::*;

/// The description at `path`, and what was said of it.
fn read(path: &Path, embedded: bool) -> (Result<Valid, Vec<Diagnostic>>, Sources) {
    let (mut sources, found) = Sources::open(path);
    assert!(found.is_empty(), "{}", text(&found, &sources));
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{}", text(&found, &sources));
    (validate(&description, &Options { embedded }), sources)
}

fn text(found: &[Diagnostic], sources: &Sources) -> String {
    strip_str(&human(found, sources.files())).to_string()
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

/// All that is said of a case, what is for later and what is worth a look among it.
fn findings(case: &Path) -> (Vec<Diagnostic>, Sources) {
    let (mut sources, mut found) = Sources::open(&case.join("microdb.toml"));
    let (description, shape) = description::read(&mut sources);
    found.extend(shape);
    match validate(&description, &Options::default()) {
        Ok(valid) => found.extend(valid.later.into_iter().chain(valid.warnings)),
        Err(wrong) => found.extend(wrong),
    }
    (sorted(found), sources)
}

#[test]
fn every_case_says_what_it_is_expected_to() {
    compare("validation", |case| {
        let (found, sources) = findings(case);
        (case.join("stderr"), text(&found, &sources))
    });
}

#[test]
fn every_finding_shows_a_place_and_a_way_out() {
    let ours = codes_in("src/validation");
    let sound = |finding: &Diagnostic| {
        let way_out = !finding.helps.is_empty() || !finding.notes.is_empty();
        let lowercase = !finding
            .message
            .starts_with(|c: char| c.is_ascii_uppercase());
        way_out && lowercase && !finding.message.ends_with('.') && !finding.labels.is_empty()
    };
    let found = cases("validation")
        .into_iter()
        .flat_map(|case| findings(&case).0);
    let unsound: Vec<_> = found
        .filter(|finding| ours.contains(finding.code) && !sound(finding))
        .map(|finding| finding.message)
        .collect();
    assert!(unsound.is_empty(), "{}", unsound.join("\n"));
}

/// The text of a description after a suggestion was followed; `None` where a finding makes none.
fn followed(finding: &Diagnostic, sources: &Sources) -> Option<String> {
    let name = finding.helps.iter().find_map(|help| {
        let starts = ["call it `", "did you mean `"];
        let rest = starts.iter().find_map(|start| help.strip_prefix(start))?;
        rest.split('`').next()
    })?;
    let span = finding.labels.first()?.span;
    let [file] = sources.files() else { return None };
    let (text, range) = (file.text(), span.start as usize..span.end as usize);
    let written = text.get(range.clone())?;
    let quote = written.chars().next().filter(|it| ['"', '\''].contains(it));
    let quote = quote.map(String::from).unwrap_or_default();
    Some(text[..range.start].to_owned() + &quote + name + &quote + &text[range.end..])
}

#[test]
fn no_suggestion_leads_into_another_error() {
    // A name that is taken already may be suggested to two: the second is told so.
    let leads_on = [
        "name-form",
        "built-in-name",
        "reserved-name",
        "unknown-name",
        "unknown-key",
    ];
    let (mut asked, mut wrong) = (0, Vec::new());
    for case in cases("validation") {
        let (found, sources) = findings(&case);
        for finding in found {
            let Some(text) = followed(&finding, &sources) else {
                continue;
            };
            asked += 1;
            let at = finding.labels[0].span.start;
            let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
            let (description, mut then) = description::read(&mut sources);
            then.extend(
                validate(&description, &Options::default())
                    .err()
                    .into_iter()
                    .flatten(),
            );
            then.retain(|it| leads_on.contains(&it.code) && it.labels[0].span.start == at);
            wrong.extend(
                then.into_iter()
                    .map(|it| format!("{:?}: {}", finding.helps, it.message)),
            );
        }
    }
    assert!(asked > 20, "{asked}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The codes of errors that the sources of a folder name.
fn codes_in(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for start in ["Diagnostic::error(", "Diagnostic::warning("] {
            let calls = source.split(start).skip(1);
            let literal = calls.filter_map(|call| call.trim_start().strip_prefix('"'));
            codes.extend(
                literal
                    .filter_map(|text| text.split_once('"'))
                    .map(|it| it.0.to_owned()),
            );
        }
    }
    codes
}

#[test]
fn every_kind_of_error_has_a_case() {
    let mut missing = codes_in("src/validation");
    assert!(missing.len() > 50);
    for case in cases("validation") {
        for finding in findings(&case).0 {
            missing.remove(finding.code);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn examples_are_valid_and_generated_in_full() {
    for name in ["fintech", "ftgo", "hello", "online-boutique", "shop"] {
        let (valid, sources) = read(&example(name).join("microdb.toml"), true);
        let valid = valid.unwrap_or_else(|found| panic!("{}", text(&found, &sources)));
        assert_eq!(text(&valid.later, &sources), "", "{name}");
        assert_eq!(text(&valid.warnings, &sources), "", "{name}");
    }
}

#[test]
fn the_whole_language_is_valid_and_partly_for_later() {
    let (valid, sources) = read(&example("fintech").join("full.toml"), false);
    let valid = valid.unwrap_or_else(|found| panic!("{}", text(&found, &sources)));
    assert!(valid.later.len() > 20);
    assert!(
        valid
            .later
            .iter()
            .all(|finding| finding.code == "not-generated-yet")
    );
    assert_eq!(text(&valid.warnings, &sources), "");
}

proptest! {
    #[test]
    fn no_description_is_too_odd_to_be_validated(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
        embedded in any::<bool>(),
    ) {
        let mut paths: Vec<_> = cases("validation");
        paths.extend(["hello", "shop", "fintech"].map(example));
        let mut seeds: Vec<_> = paths.iter().map(|path| path.join("microdb.toml")).collect();
        seeds.push(example("fintech").join("full.toml"));
        let valid = fs::read_to_string(seed.get(&seeds)).unwrap();
        let text = changes.iter().fold(valid, |text, change| change.apply(&text));
        let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
        let (description, _) = description::read(&mut sources);
        let found = match validate(&description, &Options { embedded }) {
            Ok(valid) => valid.later.into_iter().chain(valid.warnings).collect(),
            Err(found) => found,
        };
        human(&found, sources.files());
        json(&found, sources.files());
    }
}

/// How many findings there are about a text that is read without any.
fn count(text: &str) -> usize {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty());
    validate(&description, &Options::default()).map_or_else(|found| found.len(), |_| 0)
}

#[test]
fn a_large_description_is_validated_at_once() {
    let fields: String = (0..5_000)
        .map(|n| format!("fields.f{n} = \"strng\"\n"))
        .collect();
    let things: String = (0..500)
        .map(|n| {
            format!(
                "[contexts.c.aggregates.A{n}]\nfields.x = \"int\"\n\
                 [contexts.c.commands.C{n}]\ncreates = \"A{n}\"\nemits = \"E{n}\"\n\
                 [contexts.c.events.E{n}]\nof = \"A{n}\"\n"
            )
        })
        .collect();
    let system = "[system]\nname = \"large\"\n";
    let text = format!("{system}[contexts.b.aggregates.A]\n{fields}{things}");
    assert_eq!(count(&text), 5_000);
}

#[test]
fn a_long_chain_of_values_fits_on_a_small_stack() {
    let chain: String = (0..2_000)
        .map(|n| format!("[values.V{n}]\nfields.x = \"V{}\"\n", n + 1))
        .collect();
    let text = format!(
        "[system]\nname = \"deep\"\n[contexts.c]\n{chain}[values.V2000]\nfields.x = \"int\"\n"
    );
    let thread = std::thread::Builder::new().stack_size(1024 * 1024);
    let handle = thread.spawn(move || count(&text)).unwrap();
    assert_eq!(handle.join().unwrap(), 0);
}
