//! Each folder of `tests/cases/new` is a case: `in`, the folder the command runs in; `arguments`,
//! one a line; `stderr`, all that is said. Every case is refused, and changes nothing.
//! `UPDATE_EXPECT=1 cargo test --test new` renews what is said.

use std::fs;
use std::path::Path;

use crate::place::Place;

#[test]
fn every_case_says_what_it_is_expected_to_and_changes_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/new");
    let mut wrong = Vec::new();
    for case in fs::read_dir(folder).unwrap() {
        wrong.extend(check(&case.unwrap().path()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a case.
fn check(case: &Path) -> Vec<String> {
    let place = Place::new();
    if case.join("in").exists() {
        copy(&case.join("in"), &place.path());
    }
    let before = place.tree();
    let arguments = fs::read_to_string(case.join("arguments")).unwrap();
    let done = place.microdb(arguments.lines());
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(case.join("stderr"), done.said()).unwrap();
    }
    let expected = fs::read_to_string(case.join("stderr")).unwrap_or_default();
    let mut wrong = Vec::new();
    let name = case.display();
    if done.said() != expected {
        wrong.push(format!(
            "{name}: expected\n{expected}\nfound\n{}",
            done.said()
        ));
    }
    if done.output.status.code() != Some(2) {
        wrong.push(format!("{name}: ended with {}", done.output.status));
    }
    if place.tree() != before {
        wrong.push(format!("{name}: something was changed"));
    }
    wrong
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).unwrap()),
        }
    }
}
