//! What the tests of descriptions share: cases as folders, and texts that break.

// Each test program uses a part of it.
#![allow(dead_code)]

mod change;

use std::fs;
use std::path::{Path, PathBuf};

#[allow(unused_imports)]
pub use change::change;

/// The folders of `tests/cases/<kind>`.
pub fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(kind);
    let entries = fs::read_dir(folder).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// Compares what `said` says of each case with the file it names; `UPDATE_EXPECT=1` renews that.
pub fn compare(kind: &str, said: impl Fn(&Path) -> (PathBuf, String)) {
    let mut wrong = Vec::new();
    for case in cases(kind) {
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

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
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
