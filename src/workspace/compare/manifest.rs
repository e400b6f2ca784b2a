//! Manifests, which are both's: the tool changes its own keys only.

use std::collections::BTreeSet;

use toml_edit::DocumentMut;

use super::keys::{Key, graft, hashed, keys, leaves, remove, set, shown};
use super::{Action, Comparing, Refused, is_in};
use crate::lock::hash;
use crate::render::Rendered;
use crate::workspace::error::SyncError;
use crate::workspace::line_ends::with_line_ends_of;

impl<'a> Comparing<'a> {
    /// Decides on a manifest.
    pub(super) fn manifest(&mut self, file: &'a Rendered) -> Result<(), SyncError> {
        let entries = self.entries(&file.path);
        let rendered = String::from_utf8_lossy(&file.content).into_owned();
        self.enter(&file.path, self.entry(file, &file.content));
        for (key, hash) in keys(&rendered) {
            let key = (file.path.clone(), key);
            self.done.files.keys.insert(key, BTreeSet::from([hash]));
        }
        let Some(stands) = self.disk.read(&file.path)? else {
            self.step(file, Action::Create, None, file.content.clone());
            return Ok(());
        };
        let is_same = matches!(entries, [entry] if entry.rendered == hash(&file.content));
        let discarded = is_in(&file.path, self.wanted.discard);
        if is_same && !discarded {
            self.enter(&file.path, entries[0].clone());
            return Ok(());
        }
        if entries.is_empty() && !discarded {
            let path = file.path.clone();
            self.done.refused.push(Refused::Occupied { path });
            return Ok(());
        }
        if discarded || self.is_as_written(&file.path, &stands) {
            self.step(file, Action::Update, Some(stands), file.content.clone());
            return Ok(());
        }
        match self.with_keys(file, &String::from_utf8_lossy(&stands)) {
            Ok((text, yours)) => {
                let yours = yours
                    .iter()
                    .map(|key| format!("`{key}` of `{}`", file.path));
                self.done.kept.extend(yours);
                let text = with_line_ends_of(&stands, &text);
                self.step(file, Action::Update, Some(stands), text);
            }
            Err(error) => self.done.refused.push(Refused::NoToml {
                path: file.path.clone(),
                why: error.message().to_owned(),
            }),
        }
        Ok(())
    }

    /// The user's manifest with the tool's keys as they are rendered now, and the keys that the user gave
    /// other values, which stay.
    fn with_keys(
        &self,
        file: &Rendered,
        stands: &str,
    ) -> Result<(String, Vec<String>), toml_edit::TomlError> {
        let mut document: DocumentMut = stands.parse()?;
        let rendered: DocumentMut = String::from_utf8_lossy(&file.content).parse()?;
        let wanted = leaves(rendered.as_table());
        let is_now = leaves(document.as_table());
        let none = BTreeSet::new();
        let known = |key: &Key| {
            let key = (file.path.clone(), shown(key));
            self.lock.keys.get(&key).unwrap_or(&none)
        };
        let mut yours = Vec::new();
        for (key, value) in &wanted {
            let (was, new) = (known(key), hashed(value));
            let now = is_now.get(key).map(hashed);
            if was.len() == 1 && was.contains(&new) || now.as_ref() == Some(&new) {
                continue;
            }
            graft(document.as_table_mut(), rendered.as_table(), key);
            match now {
                Some(now) if !was.contains(&now) => yours.push(shown(key)),
                _ if !set(document.as_table_mut(), key, value) => yours.push(shown(key)),
                _ => {}
            }
        }
        let gone = is_now.iter().filter(|(key, _)| !wanted.contains_key(*key));
        for (key, value) in gone {
            if known(key).contains(&hashed(value)) {
                remove(document.as_table_mut(), key);
            }
        }
        Ok((document.to_string(), yours))
    }
}
