//! Files of the tool's: rewritten, unless somebody edited them.

use super::{Action, Comparing, Refused, is_in};
use crate::lock::Entry;
use crate::plan::Class;
use crate::render::Rendered;
use crate::workspace::error::SyncError;
use crate::workspace::essence;

impl<'a> Comparing<'a> {
    /// Decides on a file of the tool's.
    pub(super) fn managed(&mut self, file: &'a Rendered) -> Result<(), SyncError> {
        let entries = self.entries(&file.path);
        let discarded = is_in(&file.path, self.wanted.discard);
        if let [
            Entry {
                class: Class::Ejected,
                ..
            },
            ..,
        ] = entries
            && !discarded
        {
            self.enter(&file.path, entries[0].clone());
            return Ok(());
        }
        let before = self.disk.read(&file.path)?;
        let Some(stands) = before else {
            let content = self.content(file).to_vec();
            self.enter(&file.path, self.entry(file, &content));
            self.step(file, Action::Create, None, content);
            return Ok(());
        };
        let found = essence(&file.path, &stands);
        let is_formatted = self.wanted.formatted.contains_key(&file.path);
        let new = is_formatted.then(|| self.entry(file, self.content(file)));
        let is_new = new.as_ref().is_some_and(|new| new.written == found);
        // Both sides of a merge wrote it: what git made of that is nobody's.
        let is_ours = entries.len() > 1 || entries.iter().any(|entry| entry.written == found);
        match new {
            None if is_ours => self.enter(&file.path, entries[0].clone()),
            Some(new) if is_new => self.enter(&file.path, new),
            Some(new) if is_ours || discarded => {
                self.enter(&file.path, new);
                self.step(
                    file,
                    Action::Update,
                    Some(stands),
                    self.content(file).to_vec(),
                );
            }
            _ => {
                let path = file.path.clone();
                self.done.refused.push(match entries.is_empty() {
                    true => Refused::Occupied { path },
                    false => Refused::Edited { path },
                });
            }
        }
        Ok(())
    }
}
