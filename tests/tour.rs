//! `CONTRIBUTING.md` is true: what it names is there, and its exercise does what it says.

mod built;
mod tour {
    pub mod exercise;
}

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use built::PROGRAM;
use tempfile::TempDir;
use tour::exercise::Exercise;

/// The files of a workspace, by their paths.
type Files = BTreeMap<String, String>;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn contributing() -> String {
    fs::read_to_string(repository().join("CONTRIBUTING.md")).unwrap()
}

#[test]
fn every_path_is_there() {
    let text = contributing();
    let hello = generated(Path::new(PROGRAM), "hello");
    let is_there = |path: &&str| {
        let path = path.trim_end_matches('/');
        let inside = format!("{path}/");
        let mut files = hello.keys();
        repository().join(path).exists()
            || files.any(|file| file == path || file.starts_with(&inside))
    };
    let named = paths(&text);
    assert!(named.len() > 30, "only {named:?}");
    let missing: Vec<_> = named.iter().filter(|path| !is_there(path)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The relative paths that a text names, but for what its exercise is about: the inside of a template.
fn paths(text: &str) -> BTreeSet<&str> {
    let (before, exercise) = text.split_once("```diff\n").unwrap();
    let (_, after) = exercise.split_once("```\n").unwrap();
    let is_of_path = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let words = [before, after].into_iter();
    let words = words.flat_map(|text| text.split(move |c| !is_of_path(c)));
    let words = words.map(|word| word.trim_end_matches('.'));
    words
        .filter(|word| word.contains('/') && !word.starts_with('/'))
        .collect()
}

#[test]
fn the_stages_are_those_of_the_sources() {
    let text = contributing();
    let (_, table) = text.split_once("| Stage |").unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let named = rows.map(|row| row.split('`').nth(1).unwrap());
    let named: BTreeSet<_> = named.chain(["commands", "diagnostics"]).collect();
    let folders = fs::read_dir(repository().join("src")).unwrap();
    let folders = folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir());
    let folders: BTreeSet<_> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert!(folders.iter().eq(&named), "{folders:?} {named:?}");
}

#[test]
fn what_is_said_to_stand_in_a_file_does() {
    let text = contributing();
    let hello = generated(Path::new(PROGRAM), "hello");
    let (_, tour) = text.split_once("## A query").unwrap();
    let tour = tour.split("\n## ").next().unwrap();
    let rows = tour.lines().filter(|line| line.starts_with("| "));
    let mut stops = 0;
    for row in rows {
        let quoted: Vec<_> = row.split('`').skip(1).step_by(2).collect();
        // The first row says what the others do.
        let [.., path, line] = quoted[..] else {
            continue;
        };
        let read = || fs::read_to_string(repository().join(path)).expect(path);
        let text = hello.get(path).cloned().unwrap_or_else(read);
        assert!(text.contains(line), "`{line}` is not in {path}");
        stops += 1;
    }
    assert!(stops > 10, "only {stops} stops");
}

#[test]
fn the_exercise_changes_what_it_says_and_nothing_else() {
    let text = contributing();
    let exercise = Exercise::read(&text);
    let place = built::target().join("tour");
    let sources = place.join("source");
    copy_sources(&sources);
    exercise.apply(&sources);
    let before = generated(Path::new(PROGRAM), "shop");
    let after = generated(&built::program(&sources, &place.join("built")), "shop");
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    let policies: BTreeSet<&str> = before
        .keys()
        .map(String::as_str)
        .filter(|path| path.ends_with("/src/generated/policies.rs"))
        .collect();
    assert!(policies.len() > 1, "{policies:?}");
    // The lock has the hashes of files: those of others stay.
    let compared = |path: &str, text: &str| match path {
        ".microdb/files.lock" => without(text, &policies),
        _ => text.to_owned(),
    };
    for (path, text) in &before {
        let is_reworded = policies.contains(path.as_str());
        let expected = match is_reworded {
            true => exercise.reworded(text),
            false => compared(path, text),
        };
        assert_eq!(compared(path, &after[path]), expected, "{path}");
        assert!(!is_reworded || expected != *text, "{path} is as before");
    }
}

/// The lines that name none of these paths.
fn without(text: &str, paths: &BTreeSet<&str>) -> String {
    let names = |line: &&str| paths.iter().any(|path| line.contains(path));
    let lines = text.lines().filter(|line| !names(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// A copy of all that the program is made of.
fn copy_sources(to: &Path) {
    let _ = fs::remove_dir_all(to);
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "benches",
        "examples",
        "src",
        "templates",
    ] {
        copy(&repository().join(name), &to.join(name));
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
        return;
    }
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if name != "target" {
            copy(&from.join(&name), &to.join(&name));
        }
    }
}

/// What a program makes of an example.
fn generated(program: &Path, example: &str) -> Files {
    let folder = TempDir::new().unwrap();
    let output = Command::new(program)
        .args(["microdb", "new", example, "--example", example, "--no-git"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut files = Files::new();
    read(&folder.path().join(example), "", &mut files);
    files
}

fn read(folder: &Path, inside: &str, files: &mut Files) {
    for entry in fs::read_dir(folder.join(inside)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = Path::new(inside).join(name).to_str().unwrap().to_owned();
        if entry.file_type().unwrap().is_dir() {
            read(folder, &path, files);
        } else {
            let bytes = fs::read(entry.path()).unwrap();
            files.insert(path, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}
