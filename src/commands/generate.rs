//! From a valid system to the files of its workspace, in memory.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::{Failure, Shell};
use crate::description::json_schema;
use crate::lock::{self, Lock};
use crate::model::System;
use crate::plan::{self, Class};
use crate::render::{self, Rendered};
use crate::source::Sources;
use crate::workspace::{self, FormatError};

/// The first line of a description that tells editors its schema.
const SCHEMA_LINE: &str = "#:schema .microdb/schema.json\n";

/// What was generated.
pub(super) struct Generated {
    /// Every file of the workspace, the lock among them.
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
    let mut files = render::render(&plan::plan(system), &plan::crates(system))
        .map_err(|error| shell.error(&error.to_string(), None))?;
    files.push(Rendered {
        path: ".microdb/schema.json".to_owned(),
        class: Class::Managed,
        content: json_schema().into_bytes(),
    });
    let description = description(shell, sources, embedded)?;
    let texts = description.iter().map(|(_, text)| text.as_str());
    let facts = lock::facts(texts).map_err(|error| shell.error(&error.to_string(), None))?;
    files.extend(description.into_iter().map(|(path, text)| Rendered {
        path,
        class: Class::Keyed,
        content: text.into_bytes(),
    }));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    clashes(shell, &files)?;
    let unformatted = workspace::format(path, &mut files, stop).err();
    let lock = Lock::of(system, &files, facts);
    files.push(Rendered {
        path: lock::PATH.to_owned(),
        class: Class::Managed,
        content: lock.render().into_bytes(),
    });
    Ok(Generated { files, unformatted })
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
            text = workspace::embedded(&text)
                .map_err(|error| shell.error(&error.to_string(), None))?;
        }
        let mut path = source.path().to_owned();
        if index == 0 {
            "microdb.toml".clone_into(&mut path);
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
    let twice = files.windows(2).filter_map(|pair| match pair {
        [one, other] if one.path == other.path => Some(one),
        _ => None,
    });
    let mut clashes = twice.chain(files.iter().filter(|file| file.path == lock::PATH));
    match clashes.next() {
        None => Ok(()),
        Some(Rendered { path, .. }) => {
            let message = format!("the description includes `{path}`, which is generated");
            Err(shell.error(&message, Some("give the file another name")))
        }
    }
}
