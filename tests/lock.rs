//! `microdb.lock`: what is written is read again, and holds the description it was written for.

#[path = "common/change.rs"]
mod change;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use cargo_microdb::description;
use cargo_microdb::lock::{Lock, LockError, facts};
use cargo_microdb::model::System;
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{self, Options};
use change::change;
use proptest::prelude::*;

fn system(text: &str) -> System {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{found:?}");
    let valid = validation::validate(&description, &Options { embedded: true });
    valid.unwrap_or_else(|errors| panic!("{errors:?}")).system
}

/// The descriptions of the examples.
fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| fs::read_to_string(entry.unwrap().path().join("microdb.toml")).unwrap())
        .collect()
}

fn lock(text: &str) -> Lock {
    Lock::of(&system(text), &[], facts([text]).unwrap())
}

#[test]
fn what_is_written_is_read_again_in_any_order() {
    for example in examples() {
        let lock = lock(&example);
        let text = lock.render();
        assert_eq!(Lock::read(&text).as_ref(), Ok(&lock));
        let reversed: Vec<&str> = text.lines().rev().collect();
        assert_eq!(Lock::read(&reversed.join("\r\n")), Ok(lock));
        let entries: Vec<&str> = text.lines().skip(3).collect();
        assert!(entries.is_sorted(), "entries are not sorted");
    }
}

#[test]
fn the_description_can_be_had_back() {
    for example in examples() {
        let lock = lock(&example);
        let again = lock.description();
        assert_eq!(system(&again), system(&example), "{again}");
        assert_eq!(facts([again.as_str()]).unwrap(), lock.facts);
    }
}

#[test]
fn a_fact_is_the_same_however_it_is_spelt() {
    let one = r#"
        [system]
        name = "bank"
        include = ["accounts.toml"]
        [contexts.account.aggregates.Account]
        fields.owner = { max_length = 20, type = "string", doc = "Who\n\"owns\" it" }
        states = ["open",
            "closed"]
        [values.Empty]
    "#;
    let root = "system.name = \"bank\"\nvalues.Empty = {}";
    let included = "
        [contexts.account.aggregates.Account.fields.owner]
        type = 'string'
        doc = '''Who\n\"owns\" it'''
        max_length = 20
        [contexts]
        account.aggregates.Account.states = ['open', 'closed']
    ";
    let expected = [
        r#"contexts.account.aggregates.Account.fields.owner.doc = "Who\n\"owns\" it""#,
        "contexts.account.aggregates.Account.fields.owner.max_length = 20",
        r#"contexts.account.aggregates.Account.fields.owner.type = "string""#,
        r#"contexts.account.aggregates.Account.states = ["open", "closed"]"#,
        r#"system.name = "bank""#,
        "values.Empty = {}",
    ];
    for texts in [vec![one], vec![root, included]] {
        let facts = facts(texts).unwrap();
        let lines: Vec<_> = facts
            .iter()
            .map(|(path, value)| format!("{path} = {value}"))
            .collect();
        assert_eq!(lines, expected);
    }
}

#[test]
fn strange_keys_and_texts_stay_what_they_are() {
    let strange = "a=b = \"\u{7f}\u{0}\u{85}é🙂\\\\\u{2028}\"";
    let text = format!("\"x {}\" = {}", "= y", {
        let value: toml::Value = toml::Value::String(strange.to_owned());
        value
    });
    let facts = facts([text.as_str()]).unwrap();
    let mut lock = lock(&examples()[0]);
    lock.facts = facts;
    let read = Lock::read(&lock.render()).unwrap();
    assert_eq!(read, lock);
    let table: toml::Table = read.description().parse().unwrap();
    assert_eq!(table["x = y"].as_str(), Some(strange));
}

#[test]
fn a_broken_lock_is_said_to_be_broken() {
    let text = lock(&examples()[0]).render();
    let read = |text: &str| Lock::read(text).unwrap_err();
    let conflict = text.replacen("tool ", "<<<<<<< HEAD\ntool ", 1);
    assert_eq!(read(&conflict), LockError::Conflict { line: 3 });
    let newer = text.replacen("format 1", "format 2\nsomething new", 1);
    let format = "2".to_owned();
    assert_eq!(read(&newer), LockError::Format { format });
    let twice = text.replacen("format 1", "format 1\npartitions 3", 1);
    assert!(matches!(read(&twice), LockError::Entry { .. }));
    let port = text.replacen("\nport ", "\nport x 70000\nport ", 1);
    assert!(matches!(read(&port), LockError::Entry { .. }));
    assert_eq!(read(""), LockError::Missing { entry: "format" });
    let no_tool = text.replacen("tool ", "# ", 1);
    assert_eq!(read(&no_tool), LockError::Missing { entry: "tool" });
}

static SOME: LazyLock<String> = LazyLock::new(|| lock(&examples()[0]).render());

proptest! {
    #[test]
    fn no_lock_is_too_broken_to_be_reported(changes in prop::collection::vec(change(), 1..12)) {
        let text = changes.iter().fold(SOME.clone(), |text, change| change.apply(&text));
        if let Err(error) = Lock::read(&text) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
