//! A thing to break, and who notices.

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

/// A test of the workspace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catcher {
    /// The folder of its package: `platform`, `services/order`.
    pub package: String,
    /// The integration test it is in; `lib`: the package's unit tests.
    pub program: String,
    /// Its full name.
    pub test: String,
}

/// A change to a file of the workspace, in which the text to be found stands once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    file: String,
    find: String,
    replace: String,
}

/// All cases, by their names.
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
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

impl Case {
    /// On what its test has to notice: the engine that it breaks, or on all, and on the other broker.
    /// A unit test stands on none.
    pub fn stands(&self) -> Vec<Stand> {
        let engine = DATABASES.into_iter().find(|database| {
            let own = format!("/engine/{database}/");
            self.edits.iter().any(|edit| edit.file.contains(&own))
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

/// A workspace with changes, which are taken back when this is dropped.
pub struct Broken {
    /// Files that were changed, with what they were before; in order.
    before: Vec<(PathBuf, String)>,
}

impl Case {
    /// Makes the changes in a workspace.
    pub fn apply(&self, workspace: &Path) -> Result<Broken, String> {
        apply(&self.edits, workspace)
    }
}

/// Makes changes in a workspace.
pub fn apply(edits: &[Edit], workspace: &Path) -> Result<Broken, String> {
    let mut broken = Broken { before: Vec::new() };
    for Edit {
        file,
        find,
        replace,
    } in edits
    {
        let path = workspace.join(file);
        let text = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        let times = text.matches(find.as_str()).count();
        if times != 1 {
            return Err(format!("{file} has {times} times\n{find}"));
        }
        fs::write(&path, text.replace(find, replace)).map_err(|error| error.to_string())?;
        broken.before.push((path, text));
    }
    Ok(broken)
}

impl Drop for Broken {
    fn drop(&mut self) {
        for (path, text) in self.before.iter().rev() {
            fs::write(path, text).expect("a file that could be written before");
        }
    }
}
