//! Two generated workspaces, file by file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::normal::normal;

/// How many lines are shown before and behind the first that differs.
const AROUND: usize = 4;

/// The width up to which rustfmt lays code out.
const WIDTH: usize = 100;

/// What is not compared: the runtime, and what holds hashes of files.
const SET_ASIDE: [&str; 2] = ["platform/", "microdb.lock"];

/// What differs, in order of paths.
pub fn differences(old: &Path, new: &Path) -> Vec<String> {
    if let Err(said) = rustfmt(&["--check"], &[new]) {
        return vec![format!("--- it is not formatted\n{said}")];
    }
    let [one, other] = [old, new].map(files);
    rustfmt(&[], &[old, new]).unwrap();
    let [one, other] = [(old, one), (new, other)].map(|(folder, files)| renewed(folder, files));
    let mut paths: Vec<&String> = one.keys().chain(other.keys()).collect();
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .filter_map(|path| match (one.get(path), other.get(path)) {
            (Some(one), Some(other)) => difference(path, one, other),
            (Some(_), None) => Some(format!("--- {path} is missing")),
            _ => Some(format!("--- {path} is new")),
        })
        .collect()
}

/// The files by path; those of Rust are in their normal form, on the disk too.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(now) = open.pop() {
        for entry in fs::read_dir(now).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                open.push(path);
            } else if !SET_ASIDE.iter().any(|aside| name.starts_with(aside)) {
                let mut text = fs::read_to_string(&path).unwrap();
                if is_rust(&name) {
                    text = normal(&text);
                    fs::write(&path, &text).unwrap();
                }
                files.insert(name, text);
            }
        }
    }
    files
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// Runs rustfmt over the crates in the folders, all but the runtime; what is no root of one, its root
/// leads to.
fn rustfmt(arguments: &[&str], folders: &[&Path]) -> Result<(), String> {
    let crates = folders.iter().flat_map(|folder| {
        let members = ["contracts", "services"].map(|members| folder.join(members));
        let members = members.into_iter().flat_map(|members| {
            let entries = fs::read_dir(members).into_iter().flatten();
            entries.map(|entry| entry.unwrap().path())
        });
        members.chain([folder.join("dev")]).collect::<Vec<_>>()
    });
    let roots = crates.flat_map(|folder| {
        let roots = ["src/lib.rs", "src/main.rs", "tests/failures.rs"];
        roots.map(|root| folder.join(root))
    });
    let output = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .args(arguments)
        .args(roots.filter(|root| root.exists()))
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&said).into_owned()),
    }
}

/// The files with what is on the disk of those of Rust.
fn renewed(folder: &Path, mut files: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for (path, text) in files.iter_mut().filter(|(path, _)| is_rust(path)) {
        *text = fs::read_to_string(folder.join(path)).unwrap();
    }
    files
}

/// Whether two texts are the same but for how they are laid out, where names are so long that rustfmt
/// gives up.
fn are_alike(one: &str, other: &str) -> bool {
    let is_wide = |text: &str| text.lines().any(|line| line.chars().count() > WIDTH);
    let is_layout = |c: &char| c.is_whitespace() || *c == ',';
    let bare = |text: &str| text.chars().filter(|c| !is_layout(c)).collect::<String>();
    (is_wide(one) || is_wide(other)) && bare(one) == bare(other)
}

/// The first lines of a file that differ.
fn difference(path: &str, one: &str, other: &str) -> Option<String> {
    if is_rust(path) && are_alike(one, other) {
        return None;
    }
    let [one, other] = [one, other].map(|text| text.lines().collect::<Vec<_>>());
    let same = one
        .iter()
        .zip(&other)
        .take_while(|(one, other)| one == other);
    let same = same.count();
    if one.len() == same && other.len() == same {
        return None;
    }
    let shown = |lines: &[&str], from: usize, sign: &str| -> String {
        let end = lines.len().min(same + AROUND);
        let lines = lines[from.min(end)..end].iter();
        lines.map(|line| format!("{sign} {line}\n")).collect()
    };
    let start = same.saturating_sub(AROUND);
    let before: String = one[start..same]
        .iter()
        .map(|line| format!("  {line}\n"))
        .collect();
    Some(format!(
        "--- {path}:{}\n{before}{}{}",
        same + 1,
        shown(&one, same, "-"),
        shown(&other, same, "+")
    ))
}
