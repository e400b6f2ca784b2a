//! A thing to break, and who notices.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::stand::{DATABASES, Stand};

/// A file of `tests/cases/mutations`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The name of its file.
    #[serde(skip)]
    pub name: String,
    /// What it breaks.
    pub breaks: String,
    /// Whether it is applied whenever tests run.
    #[serde(default)]
    pub sample: bool,
    /// Which test has to fail.
    pub caught_by: Catcher,
    /// How it breaks it.
    pub edits: Vec<Edit>,
}

/// A test.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catcher {
    /// Its package: `platform-runtime`, `shop-order`.
    pub package: String,
    /// The integration test it is in; `lib`: the package's unit tests.
    pub program: String,
    /// Its full name.
    pub test: String,
}

/// A change to a file, in which the text to be found stands once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Its path in a generated workspace.
    file: String,
    find: String,
    replace: String,
}

/// All cases; those that break the same follow each other, then less is compiled.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/mutations");
    let mut cases: Vec<Case> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let read = toml::from_str(&fs::read_to_string(&path).unwrap());
            Case {
                name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                ..read.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            }
        })
        .collect();
    cases.sort_by_key(|case| (case.edits[0].file.clone(), case.name.clone()));
    cases
}

impl Case {
    /// On what its test has to notice: the engine that it breaks, or on all, and on the other broker.
    /// A unit test stands on none.
    pub fn stands(&self) -> Vec<Stand> {
        let engine = DATABASES.into_iter().find(|database| {
            let own = format!("platform/{database}/");
            self.edits.iter().any(|edit| edit.file.starts_with(&own))
        });
        match (engine, self.caught_by.program.as_str()) {
            (Some(database), _) => vec![Stand::on(database)],
            (None, "lib") => vec![Stand::FILES],
            // Its tests bring a broker's bad days about themselves, by the embedded one.
            (None, "delivery") => DATABASES.map(Stand::on).to_vec(),
            (None, _) => Stand::all(),
        }
    }
}

/// What edits make of the files below a folder.
fn edited(edits: &[Edit], folder: &Path) -> Result<BTreeMap<PathBuf, String>, String> {
    let mut texts = BTreeMap::new();
    for Edit {
        file,
        find,
        replace,
    } in edits
    {
        let path = folder.join(file);
        let text = match texts.remove(&path) {
            Some(text) => text,
            None => fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?,
        };
        let times = text.matches(find.as_str()).count();
        if times != 1 {
            return Err(format!("{file} has {times} times\n{find}"));
        }
        texts.insert(path, text.replace(find, replace));
    }
    Ok(texts)
}

/// Whether edits can be made below a folder.
pub fn fit(edits: &[Edit], folder: &Path) -> Result<(), String> {
    edited(edits, folder).map(drop)
}

/// Makes edits below a folder.
pub fn apply(edits: &[Edit], folder: &Path) -> Result<Broken, String> {
    let mut broken = Broken { before: Vec::new() };
    for (path, text) in edited(edits, folder)? {
        let before = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        fs::write(&path, text).map_err(|error| error.to_string())?;
        broken.before.push((path, before));
    }
    Ok(broken)
}

/// Files that were changed, with what they were before, which they are again when this is dropped.
pub struct Broken {
    before: Vec<(PathBuf, String)>,
}

impl Drop for Broken {
    fn drop(&mut self) {
        for (path, text) in &self.before {
            fs::write(path, text).expect("a file that could be written before");
        }
    }
}
