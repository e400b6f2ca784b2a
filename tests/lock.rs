//! The locks: what is written is read again, merged or not, and holds the description it was written for.

#[path = "common/change.rs"]
mod change;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use cargo_microdb::description;
use cargo_microdb::lock::{
    self, ContextLock, Entry, FilesLock, LockError, Locks, Problem, Root, facts,
};
use cargo_microdb::model::{Given, System};
use cargo_microdb::plan::Class;
use cargo_microdb::source::Sources;
use cargo_microdb::validation::{self, Options};
use change::change;
use proptest::prelude::*;

fn system(text: &str) -> System {
    let mut sources = Sources::literal([("microdb.toml", text)]);
    let (description, found) = description::read(&mut sources);
    assert!(found.is_empty(), "{found:?}");
    let valid = validation::validate(&description, &Options { embedded: true });
    let mut system = valid.unwrap_or_else(|errors| panic!("{errors:?}")).system;
    system.give(&Given::default());
    system
}

/// The descriptions of the examples.
fn examples() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| fs::read_to_string(entry.unwrap().path().join("microdb.toml")).unwrap())
        .collect()
}

fn files(text: &str) -> FilesLock {
    let entry = Entry {
        class: Class::Seeded,
        rendered: "ab".to_owned(),
        written: "cd".to_owned(),
    };
    let key = (
        "Cargo.toml".to_owned(),
        "workspace.members.[].dev".to_owned(),
    );
    FilesLock {
        files: BTreeMap::from([("src/a file.rs".to_owned(), vec![entry])]),
        keys: BTreeMap::from([(key, ["12".to_owned()].into())]),
        facts: facts([text]).unwrap(),
    }
}

fn locks(text: &str) -> Locks {
    let hashes = BTreeMap::from([("0001_initial".to_owned(), "0123".to_owned())]);
    let system = system(text);
    let steps = system.services();
    let steps = steps.map(|context| (context.name.to_string(), hashes.clone()));
    Locks::of(&system, files(text), &steps.collect())
}

/// Reads the texts of all locks, each changed first.
fn read(
    texts: &BTreeMap<String, String>,
    change: impl Fn(&str) -> String,
) -> Result<Locks, LockError> {
    let contexts = texts.iter().filter_map(|(path, text)| {
        let name = path.strip_prefix("contracts/")?.split('/').next()?;
        Some((name.to_owned(), path, text))
    });
    Ok(Locks {
        root: Root::read(&change(&texts[lock::PATH]))?,
        files: FilesLock::read(&change(&texts[FilesLock::PATH]))?,
        contexts: contexts
            .map(|(name, path, text)| Ok((name, ContextLock::read(path, &change(text))?)))
            .collect::<Result<_, _>>()?,
    })
}

#[test]
fn what_is_written_is_read_again_in_any_order() {
    for example in examples() {
        let locks = locks(&example);
        let texts = locks.render();
        assert_eq!(read(&texts, str::to_owned).as_ref(), Ok(&locks));
        let reversed = |text: &str| {
            let lines: Vec<&str> = text.lines().rev().collect();
            lines.join("\r\n")
        };
        assert_eq!(read(&texts, reversed), Ok(locks));
        for (path, text) in &texts {
            let entries: Vec<&str> = text.lines().skip(1).collect();
            assert!(entries.is_sorted(), "entries of {path} are not sorted");
        }
    }
}

#[test]
fn the_description_can_be_had_back() {
    for example in examples() {
        let locks = locks(&example);
        let again = locks.files.description();
        let mut described = system(&again);
        // It has the facts in order, and ports are given in the order of the contexts.
        described.give(&locks.given());
        assert_eq!(described, system(&example), "{again}");
        assert_eq!(facts([again.as_str()]).unwrap(), locks.files.facts);
    }
}

#[test]
fn what_was_given_can_be_had_back() {
    for example in examples() {
        let given = system(&example).given;
        assert_eq!(locks(&example).given(), given);
        assert!(!given.ports.is_empty());
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
    let mut lock = files(&text);
    lock.files.insert(strange.to_owned(), Vec::new());
    let known = lock.files.values().flatten().cloned().collect();
    lock.files.insert(strange.to_owned(), known);
    let read = FilesLock::read(&lock.render()).unwrap();
    assert_eq!(read, lock);
    let table: toml::Table = read.description().parse().unwrap();
    assert_eq!(table["x = y"].as_str(), Some(strange));
}

#[test]
fn conflict_markers_are_read_as_the_lines_of_both_sides() {
    let text = locks(&examples()[0]).root.render();
    let base = Root::read(&text).unwrap();
    for middle in ["", "||||||| base\ntool 9.0.0\nport gone 9000\n"] {
        let conflict = format!(
            "<<<<<<< HEAD\ntool 0.1.10\nport one 8200\n{middle}=======\ntool 0.1.9\n\
             port one 8201\nport other 8200\n>>>>>>> theirs\n"
        );
        let merged = text.replacen(&format!("tool {}\n", base.tool), &conflict, 1);
        let read = Root::read(&merged).unwrap();
        assert_eq!(read.tool, "0.1.10");
        assert_eq!((read.ports["one"], read.ports["other"]), (8200, 8200));
        assert_eq!(read.ports.len(), base.ports.len() + 2);
    }
}

#[test]
fn a_file_of_both_sides_has_the_entries_of_both() {
    let both = "file a managed 1 2\nfile a managed 3 4\nfile a managed 1 2\nkey b c 5\nkey b c 6\n";
    let read = FilesLock::read(both).unwrap();
    assert_eq!(read.files["a"].len(), 2);
    assert_eq!(read.keys[&("b".to_owned(), "c".to_owned())].len(), 2);
    assert_eq!(FilesLock::read(&read.render()), Ok(read));
}

#[test]
fn a_broken_lock_is_said_to_be_broken() {
    let text = locks(&examples()[0]).root.render();
    let problem = |text: &str| Root::read(text).unwrap_err().problem;
    let newer = text.replacen("format 2", "format 3\nsomething new", 1);
    let format = "3".to_owned();
    assert_eq!(problem(&newer), Problem::Format { format });
    let twice = text.replacen("format 2", "format 2\npartitions 3", 1);
    assert!(matches!(problem(&twice), Problem::Contradiction { .. }));
    let port = text.replacen("\nport ", "\nport x 70000\nport ", 1);
    assert!(matches!(problem(&port), Problem::Entry { .. }));
    assert_eq!(problem(""), Problem::Missing { entry: "format" });
    let no_tool = text.replacen("tool ", "# ", 1);
    assert_eq!(problem(&no_tool), Problem::Missing { entry: "tool" });
}

#[test]
fn a_context_has_promises_that_can_be_kept() {
    let problem = |text: &str| ContextLock::read("a/lock", text).unwrap_err().problem;
    let later = |line, kind: &str| {
        let kind = kind.to_owned();
        Problem::Later { line, kind }
    };
    assert_eq!(problem("release 1"), later(1, "release"));
    let released = "# head\nstep 0001_initial ab released";
    assert_eq!(problem(released), later(2, "step"));
    let twice = "handler policy.A policy.a\nhandler policy.A policy.b\n";
    let Problem::Contradiction { says, .. } = problem(twice) else {
        panic!("two ids are taken for one");
    };
    assert_eq!(says, ["policy.a", "policy.b"]);
    for broken in [
        "handler A a",
        "event A 1 1 ab",
        "op 0001",
        "what",
        "step \"a",
    ] {
        assert!(
            matches!(problem(broken), Problem::Entry { line: 1 }),
            "{broken}"
        );
    }
}

static SOME: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| locks(&examples()[0]).render());

proptest! {
    #[test]
    fn no_lock_is_too_broken_to_be_reported(changes in prop::collection::vec(change(), 1..12)) {
        let changed = |text: &str| changes.iter().fold(text.to_owned(), |text, change| change.apply(&text));
        if let Err(error) = read(&SOME, changed) {
            prop_assert!(!error.to_string().is_empty());
            prop_assert!(!error.help().is_empty());
        }
    }
}
