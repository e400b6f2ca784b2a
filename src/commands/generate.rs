//! From a valid system to the files of its workspace, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::{Failure, Shell};
use crate::description::json_schema;
use crate::edit;
use crate::lock::{self, Entry, FilesLock, Locks, hash};
use crate::model::System;
use crate::plan::{self, Class};
use crate::render::{self, Rendered};
use crate::source::Sources;
use crate::workspace::{self, FormatError, essence};

/// The first line of a description that tells editors its schema.
const SCHEMA_LINE: &str = "#:schema .microdb/schema.json\n";

/// What was generated.
pub(super) struct Generated {
    /// Every file of the workspace, the locks among them.
    pub(super) files: Vec<Rendered>,
    /// Why not all of its code is formatted; `None` when it is.
    pub(super) unformatted: Option<FormatError>,
}

/// The files of the workspace that is to stand at `path`.
///
/// # Errors
/// When the description includes what is generated, or the program is defective.
pub(super) fn files(
    shell: Shell,
    (system, path): (&System, &Path),
    sources: &Sources,
    embedded: bool,
    stop: &AtomicBool,
) -> Result<Generated, Failure> {
    let mut files = rendered(shell, system)?;
    let hashes: Vec<String> = files.iter().map(|file| hash(&file.content)).collect();
    let description = description(shell, sources, embedded)?;
    let facts = facts(shell, description.iter().map(|(_, text)| text.as_str()))?;
    let unformatted = workspace::format(path, &mut files, stop).err();
    let mut written = FilesLock {
        facts,
        ..FilesLock::default()
    };
    for (file, rendered) in files.iter().zip(hashes) {
        enter(&mut written, file, rendered);
    }
    let locks = Locks::of(system, written, &migrations(&files));
    let locks = locks.render().into_iter();
    let added = description
        .into_iter()
        .map(|(path, text)| (path, Class::Keyed, text))
        .chain(locks.map(|(path, text)| (path, Class::Managed, text)));
    files.extend(added.map(|(path, class, text)| Rendered {
        path,
        class,
        content: text.into_bytes(),
    }));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    clashes(shell, &files)?;
    Ok(Generated { files, unformatted })
}

/// Every file that follows from a system, not formatted, sorted by path.
///
/// # Errors
/// When the program is defective.
pub(super) fn rendered(shell: Shell, system: &System) -> Result<Vec<Rendered>, Failure> {
    let mut files = render::render(&plan::plan(system), &plan::crates(system))
        .map_err(|error| shell.error(&error.to_string(), None))?;
    files.push(Rendered {
        path: ".microdb/schema.json".to_owned(),
        class: Class::Managed,
        content: json_schema().into_bytes(),
    });
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The facts of a description.
///
/// # Errors
/// When a text is not TOML.
pub(super) fn facts<'a>(
    shell: Shell,
    texts: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, Failure> {
    lock::facts(texts).map_err(|error| shell.error(&error.to_string(), None))
}

/// The hash of each migration, by context and name.
pub(super) fn migrations<'a>(
    files: impl IntoIterator<Item = &'a Rendered>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut migrations: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for file in files {
        let parts: Vec<&str> = file.path.split('/').collect();
        if let ["services", context, "migrations", name] = parts[..] {
            let name = name.split('.').next().unwrap_or(name);
            let steps = migrations.entry(context.to_owned()).or_default();
            steps.insert(name.to_owned(), hash(&file.content)[..16].to_owned());
        }
    }
    migrations
}

/// Notes what was written of a file.
fn enter(lock: &mut FilesLock, file: &Rendered, rendered: String) {
    let entry = Entry {
        class: file.class,
        rendered,
        written: essence(&file.path, &file.content),
    };
    lock.files.insert(file.path.clone(), vec![entry]);
    if file.class == Class::Keyed {
        for (key, hash) in workspace::keys(&String::from_utf8_lossy(&file.content)) {
            let key = (file.path.clone(), key);
            lock.keys.insert(key, BTreeSet::from([hash]));
        }
    }
}

/// The files of the description by path, as they stand in the workspace; the root comes first.
fn description(
    shell: Shell,
    sources: &Sources,
    embedded: bool,
) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    for (index, source) in sources.files().iter().enumerate() {
        let mut text = source.text().to_owned();
        if embedded {
            text = edit::embedded(&text).map_err(|error| shell.error(&error.to_string(), None))?;
        }
        let mut path = source.path().to_owned();
        if index == 0 {
            workspace::DESCRIPTION.clone_into(&mut path);
            if !text.contains("#:schema") {
                text.insert_str(0, SCHEMA_LINE);
            }
        }
        files.push((path, text));
    }
    Ok(files)
}

/// Refuses included files that stand where something is generated; the files are sorted.
fn clashes(shell: Shell, files: &[Rendered]) -> Result<(), Failure> {
    let mut twice = files.windows(2).filter_map(|pair| match pair {
        [one, other] if one.path == other.path => Some(one),
        _ => None,
    });
    match twice.next() {
        None => Ok(()),
        Some(Rendered { path, .. }) => {
            let message = format!("the description includes `{path}`, which is generated");
            Err(shell.error(&message, Some("give the file another name")))
        }
    }
}
