//! What has to happen to a workspace so that it is what was rendered: decided file by file, by whose
//! it is, before anything is touched.

mod gone;
mod keys;
mod managed;
mod manifest;
mod refused;
mod seeded;

use std::collections::{BTreeMap, BTreeSet};

use super::disk::Disk;
use super::error::SyncError;
use super::essence;
use crate::lock::{Entry, FilesLock, hash};
use crate::plan::Class;
use crate::render::Rendered;

pub use keys::keys;
pub use refused::Refused;

/// What happens to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its path in the workspace, with slashes.
    pub path: String,
    /// Whose it is.
    pub class: Class,
    /// What happens.
    pub action: Action,
    /// What stands there; `None` where nothing does.
    pub before: Option<Vec<u8>>,
    /// What is going to stand there.
    pub after: Option<Vec<u8>>,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It is written where there was none.
    Create,
    /// It is written anew.
    Update,
    /// It goes.
    Delete,
    /// The user's bytes come from there.
    Move {
        /// The path that they leave.
        from: String,
    },
}

impl Action {
    /// As `plan` spells it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Move { .. } => "move",
        }
    }
}

/// What is to be compared.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Every file as it was rendered, by path.
    pub files: &'a BTreeMap<String, Rendered>,
    /// Those that differ from what was rendered the last time, formatted.
    pub formatted: &'a BTreeMap<String, Vec<u8>>,
    /// Where files of the user's go whose constructs are called something else now.
    pub moved: &'a [(String, String)],
    /// The contexts that there are.
    pub contexts: BTreeSet<&'a str>,
    /// Files, or folders of them, whose edits are given up.
    pub discard: &'a [String],
}

/// What has to happen.
#[derive(Debug, Default)]
pub struct Comparison {
    /// Step by step.
    pub steps: Vec<Step>,
    /// What keeps it from happening.
    pub refused: Vec<Refused>,
    /// What stays although nothing needs it, or as the user wants it: worth a line.
    pub kept: Vec<String>,
    /// What the lock says of files afterwards; its facts are left to others.
    pub files: FilesLock,
}

/// Which of the rendered files have to be formatted: what they were the last time is not enough to tell
/// what is to stand there.
///
/// # Errors
/// When the disk refuses.
pub fn outdated(
    files: &BTreeMap<String, Rendered>,
    (lock, disk): (&FilesLock, &Disk),
    discard: &[String],
) -> Result<BTreeSet<String>, SyncError> {
    let mut outdated = BTreeSet::new();
    for (path, file) in files {
        let same = match lock.files.get(path).map(Vec::as_slice) {
            Some([entry]) => {
                let is_rendered = entry.rendered == hash(&file.content);
                let is_there = file.class == Class::Seeded || disk.is_there(path)?;
                is_rendered && is_there && !is_in(path, discard)
            }
            _ => false,
        };
        if !same {
            outdated.insert(path.clone());
        }
    }
    Ok(outdated)
}

/// Whether a path is one of those, or lies in one of them.
fn is_in(path: &str, those: &[String]) -> bool {
    those.iter().any(|it| {
        let rest = path.strip_prefix(it.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Compares what was rendered with the lock and the disk.
///
/// # Errors
/// When the disk refuses to be read.
pub fn compare(
    wanted: &Wanted<'_>,
    (lock, disk): (&FilesLock, &Disk),
) -> Result<Comparison, SyncError> {
    let mut comparing = Comparing {
        wanted,
        lock,
        disk,
        done: Comparison::default(),
    };
    comparing.moves()?;
    for file in wanted.files.values() {
        match file.class {
            Class::Managed | Class::AppendOnly | Class::Ejected => comparing.managed(file)?,
            Class::Seeded => comparing.seeded(file)?,
            Class::Keyed => comparing.manifest(file)?,
        }
    }
    comparing.gone()?;
    comparing.done.steps.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(comparing.done)
}

/// A comparison on its way.
struct Comparing<'a> {
    wanted: &'a Wanted<'a>,
    lock: &'a FilesLock,
    disk: &'a Disk,
    done: Comparison,
}

impl<'a> Comparing<'a> {
    /// What the lock says of a file.
    fn entries(&self, path: &str) -> &'a [Entry] {
        self.lock.files.get(path).map_or(&[], Vec::as_slice)
    }

    /// Notes what is kept of a file from now on.
    fn enter(&mut self, path: &str, entry: Entry) {
        self.done.files.files.insert(path.to_owned(), vec![entry]);
    }

    /// What is to stand there: formatted where it was, and as it was rendered otherwise.
    fn content(&self, file: &'a Rendered) -> &'a [u8] {
        let formatted = self.wanted.formatted.get(&file.path);
        formatted.map_or(&file.content, |content| content)
    }

    fn entry(&self, file: &Rendered, content: &[u8]) -> Entry {
        Entry {
            class: file.class,
            rendered: hash(&file.content),
            written: essence(&file.path, content),
        }
    }

    fn step(&mut self, file: &Rendered, action: Action, before: Option<Vec<u8>>, after: Vec<u8>) {
        // Layout alone is nothing to write for.
        if before.as_ref() == Some(&after) {
            return;
        }
        self.done.steps.push(Step {
            path: file.path.clone(),
            class: file.class,
            action,
            before,
            after: Some(after),
        });
    }
}
