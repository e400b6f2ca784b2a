//! `.microdb/files.lock`: what the tool wrote, so that a later run can tell what somebody else did.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{LockError, Problem};
use super::line::{line, lines, words};
use super::written;
use crate::plan::Class;

const HEADER: &str =
    "# Written by `cargo microdb`. Commit it, never edit it, no need to review it.";

/// What is kept of files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FilesLock {
    /// What was written, by path: once, or once for each side of a merge.
    pub files: BTreeMap<String, Vec<Entry>>,
    /// The tool's own keys of manifests, by path and key; the hash of each value, or one for each side
    /// of a merge.
    pub keys: BTreeMap<(String, String), BTreeSet<String>>,
    /// The description, by the path of each fact in TOML; the value is written as in TOML too.
    pub facts: BTreeMap<String, String>,
}

/// What was written of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub class: Class,
    /// The hash of the rendering, before it was formatted.
    pub rendered: String,
    /// The hash of what was written, as far as more than its layout goes.
    pub written: String,
}

impl FilesLock {
    /// The path of the file.
    pub const PATH: &'static str = ".microdb/files.lock";

    /// Reads the text of the file. After a merge of two branches a file may have an entry of each.
    ///
    /// # Errors
    /// When it is not one that [`Self::render`] gives, or two that were merged.
    pub fn read(text: &str) -> Result<Self, LockError> {
        let mut lock = Self::default();
        for (number, line) in lines(text) {
            lock.entry(line).ok_or_else(|| LockError {
                path: Self::PATH.to_owned(),
                problem: Problem::Entry { line: number },
            })?;
        }
        Ok(lock)
    }

    /// Takes an entry; `None` when it is none.
    fn entry(&mut self, line: &str) -> Option<()> {
        if let Some(fact) = line.strip_prefix("fact ") {
            let (path, value) = fact.split_once(" = ")?;
            self.facts.insert(path.to_owned(), value.to_owned());
            return Some(());
        }
        let words = words(line)?;
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["file", path, class, rendered, written] => {
                let entry = Entry {
                    class: Class::named(class)?,
                    rendered: rendered.to_owned(),
                    written: written.to_owned(),
                };
                let known = self.files.entry(path.to_owned()).or_default();
                if !known.contains(&entry) {
                    known.push(entry);
                }
            }
            ["key", path, key, hash] => {
                let key = (path.to_owned(), key.to_owned());
                self.keys.entry(key).or_default().insert(hash.to_owned());
            }
            _ => return None,
        }
        Some(())
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let files = self.files.iter().flat_map(|(path, entries)| {
            entries.iter().map(move |entry| {
                let class = entry.class.as_str();
                line(["file", path, class, &entry.rendered, &entry.written])
            })
        });
        let keys = self.keys.iter().flat_map(|((path, key), hashes)| {
            let hashes = hashes.iter();
            hashes.map(move |hash| line(["key", path, key, hash]))
        });
        let facts = self.facts.iter();
        let facts = facts.map(|(path, value)| format!("fact {path} = {value}"));
        written(HEADER, files.chain(keys).chain(facts))
    }

    /// The description as it was, in one file and in the order of names.
    pub fn description(&self) -> String {
        let facts = self.facts.iter();
        facts
            .map(|(path, value)| format!("{path} = {value}\n"))
            .collect()
    }
}
