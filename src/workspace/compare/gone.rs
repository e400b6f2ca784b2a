//! Files that nothing is generated for any more.

use std::collections::BTreeSet;

use super::{Action, Comparing, Refused, Step};
use crate::plan::Class;
use crate::workspace::error::SyncError;

impl Comparing<'_> {
    /// Decides on every file of the lock that was not rendered, and on what else stands in the folders of
    /// contexts that are gone.
    pub(super) fn gone(&mut self) -> Result<(), SyncError> {
        let moved: BTreeSet<&str> = self
            .done
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::Move { from } => Some(from.as_str()),
                _ => None,
            })
            .collect();
        let gone: Vec<&String> = self.lock.files.keys().collect();
        let gone: Vec<String> = gone
            .into_iter()
            .filter(|path| !self.wanted.files.contains_key(*path) && !moved.contains(path.as_str()))
            .cloned()
            .collect();
        for path in &gone {
            self.gone_file(path)?;
        }
        self.folders(&gone)
    }

    fn gone_file(&mut self, path: &str) -> Result<(), SyncError> {
        let Some(content) = self.disk.read(path)? else {
            return Ok(());
        };
        let class = self
            .entries(path)
            .first()
            .map_or(Class::Managed, |entry| entry.class);
        if class != Class::Ejected && self.is_as_written(path, &content) {
            self.done.steps.push(Step {
                path: path.to_owned(),
                class,
                action: Action::Delete,
                before: Some(content),
                after: None,
            });
            return Ok(());
        }
        let path = path.to_owned();
        match class {
            Class::Seeded | Class::Keyed => self.done.refused.push(Refused::YoursIsGone { path }),
            _ => self.done.kept.push(path),
        }
        Ok(())
    }

    /// A context goes as a folder, whole: what else is in it has to be somewhere else before.
    fn folders(&mut self, gone: &[String]) -> Result<(), SyncError> {
        let contexts: BTreeSet<&str> = gone.iter().filter_map(|path| context_of(path)).collect();
        for context in contexts {
            if self.wanted.contexts.contains(context) {
                continue;
            }
            let mut left = Vec::new();
            for folder in ["services", "contracts"] {
                for path in self.disk.files_in(&format!("{folder}/{context}"))? {
                    let is_lock = path == crate::lock::ContextLock::path(context);
                    let goes = self.done.steps.iter().any(|step| step.path == path);
                    let is_said = self.done.refused.iter().any(|refused| refused.is_of(&path));
                    if !(is_lock || goes || is_said) {
                        left.push(path);
                    }
                }
            }
            if !left.is_empty() {
                let context = context.to_owned();
                self.done
                    .refused
                    .push(Refused::FolderHasMore { context, left });
            }
        }
        Ok(())
    }
}

/// The context in whose folder a file lies.
fn context_of(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    let folder = parts.next()?;
    let context = parts.next()?;
    let is_one = matches!(folder, "services" | "contracts") && context != "shared";
    (is_one && parts.next().is_some()).then_some(context)
}
