//! Each folder of `tests/cases/new` and `tests/cases/command-line` is a case: `in`, the folder the
//! command runs in; `arguments`, one a line; `stderr`, all that is said, and `stdout`, all that is
//! printed, where that is something. Cases of `new` are refused; none changes anything.
//! `UPDATE_EXPECT=1 cargo test --test new` renews what is said.

use std::fs;
use std::path::Path;

use crate::place::Place;

#[test]
fn every_case_of_new_is_refused_as_expected() {
    check("new", |code| code == Some(2));
}

#[test]
fn every_case_of_the_command_line_answers_as_expected() {
    check("command-line", |code| matches!(code, Some(0 | 2)));
}

fn check(kind: &str, code: impl Fn(Option<i32>) -> bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut wrong = Vec::new();
    for case in fs::read_dir(folder.join(kind)).unwrap() {
        wrong.extend(problems(&case.unwrap().path(), &code));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a case.
fn problems(case: &Path, code: impl Fn(Option<i32>) -> bool) -> Vec<String> {
    let place = Place::new();
    if case.join("in").exists() {
        copy(&case.join("in"), &place.path());
    }
    let before = place.tree();
    let arguments = fs::read_to_string(case.join("arguments")).unwrap();
    let done = place.microdb(arguments.lines());
    let name = case.display();
    let mut wrong = Vec::new();
    let printed = String::from_utf8_lossy(&done.output.stdout).into_owned();
    for (file, text) in [("stderr", done.said()), ("stdout", printed)] {
        let file = case.join(file);
        if std::env::var_os("UPDATE_EXPECT").is_some() && (file.exists() || !text.is_empty()) {
            fs::write(&file, &text).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        if text != expected {
            wrong.push(format!("{name}: expected\n{expected}\nfound\n{text}"));
        }
    }
    if !code(done.output.status.code()) {
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
