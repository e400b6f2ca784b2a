//! Files of the user's: written once, and moved when what they are about is called something else.

use super::{Action, Comparing, Refused, Step};
use crate::lock::Entry;
use crate::plan::Class;
use crate::render::Rendered;
use crate::workspace::error::SyncError;
use crate::workspace::essence;

impl<'a> Comparing<'a> {
    /// Decides on a file that is the user's once it is there.
    pub(super) fn seeded(&mut self, file: &'a Rendered) -> Result<(), SyncError> {
        if self.done.files.files.contains_key(&file.path) {
            // It was moved there.
            return Ok(());
        }
        // One that was deleted stays so.
        if let [entry, ..] = self.entries(&file.path) {
            self.enter(&file.path, entry.clone());
            return Ok(());
        }
        let content = self.content(file).to_vec();
        self.enter(&file.path, self.entry(file, &content));
        if self.disk.read(&file.path)?.is_none() {
            self.step(file, Action::Create, None, content);
        }
        Ok(())
    }

    /// Moves the files of what is called something else now; their bytes stay.
    pub(super) fn moves(&mut self) -> Result<(), SyncError> {
        for (from, to) in self.wanted.moved {
            let is_meant =
                self.wanted.files.contains_key(to) && !self.wanted.files.contains_key(from);
            let ([entry, ..], []) = (self.entries(from), self.entries(to)) else {
                continue;
            };
            if !is_meant {
                continue;
            }
            let entry = Entry { ..entry.clone() };
            match (self.disk.read(from)?, self.disk.read(to)?) {
                (Some(_), Some(_)) => {
                    let (from, to) = (from.clone(), to.clone());
                    self.done.refused.push(Refused::BothThere { from, to });
                }
                (Some(bytes), None) => {
                    self.enter(to, entry);
                    self.done.steps.push(Step {
                        path: to.clone(),
                        class: Class::Seeded,
                        action: Action::Move { from: from.clone() },
                        before: None,
                        after: Some(bytes),
                    });
                }
                // The user moved it, or deleted it.
                (None, _) => self.enter(to, entry),
            }
        }
        Ok(())
    }

    /// Whether a file is as the tool wrote it.
    pub(super) fn is_as_written(&self, path: &str, content: &[u8]) -> bool {
        let found = essence(path, content);
        self.entries(path)
            .iter()
            .any(|entry| entry.written == found)
    }
}
