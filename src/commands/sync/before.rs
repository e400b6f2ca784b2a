//! The description as it was, and what its change asks of the user.

use std::collections::BTreeMap;

use super::super::{Failure, Shell};
use super::changes::Changes;
use super::open::Opened;
use crate::changes::{Duty, Files, duties};
use crate::description;
use crate::lock::FilesLock;
use crate::model::{Given, System};
use crate::plan::{self, Class};
use crate::render::{self, Rendered};
use crate::source::Sources;
use crate::validation::{self, Options};
use crate::workspace::{Action, Disk};

/// The system that a lock's facts describe; `None` when this version cannot make sense of them.
pub(in super::super) fn system_of(lock: &FilesLock, given: &Given) -> Option<System> {
    let text = lock.description();
    let mut sources = Sources::literal([("microdb.toml", text.as_str())]);
    let (description, _) = description::read(&mut sources);
    let valid = validation::validate(&description, &Options::default()).ok()?;
    let mut system = valid.system;
    system.give(given);
    Some(system)
}

/// What the user has to change, between an old description and the opened one.
///
/// # Errors
/// When the disk cannot be read, or the program is defective.
pub(in super::super) fn left_to_user(
    shell: Shell,
    opened: &Opened,
    (old, changes): (&System, &Changes),
) -> Result<Vec<Duty>, Failure> {
    if changes.steps.is_empty() {
        return Ok(Vec::new());
    }
    let before = seeded(shell, old)?;
    let moved: BTreeMap<&str, &str> = changes
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Move { from } => Some((step.path.as_str(), from.as_str())),
            _ => None,
        })
        .collect();
    let mut texts = Vec::new();
    for (path, file) in &changes.rendered {
        if file.class != Class::Seeded || !path.ends_with(".rs") {
            continue;
        }
        let was = moved.get(path.as_str()).copied().unwrap_or(path);
        let (Some(old), Some(stands)) = (before.get(was), text(&opened.disk, was)) else {
            continue;
        };
        texts.push((path, old, String::from_utf8_lossy(&file.content), stands));
    }
    let files: Vec<Files<'_>> = texts
        .iter()
        .map(|(path, old, new, stands)| Files {
            path,
            old,
            new,
            stands,
        })
        .collect();
    Ok(duties(old, &opened.system, &files))
}

/// The files of users' Rust as they would be written for a system, by path.
pub(in super::super) fn seeded(
    shell: Shell,
    system: &System,
) -> Result<BTreeMap<String, String>, Failure> {
    let files: Vec<_> = plan::plan(system)
        .into_iter()
        .filter(|file| file.class == Class::Seeded && file.path.ends_with(".rs"))
        .collect();
    let files = render::render(&files, &Default::default())
        .map_err(|error| shell.error(&error.to_string(), None))?;
    let text = |file: Rendered| {
        (
            file.path,
            String::from_utf8_lossy(&file.content).into_owned(),
        )
    };
    let users = files.into_iter().filter(|file| file.class == Class::Seeded);
    Ok(users.map(text).collect())
}

fn text(disk: &Disk, path: &str) -> Option<String> {
    disk.text(path).ok().flatten()
}
