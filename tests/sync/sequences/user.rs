//! A user who edits and deletes his files.

use std::collections::{BTreeMap, BTreeSet};

use super::rng::Rng;
use crate::stand::Stand;

/// What he did, as it has to stay.
#[derive(Debug, Default)]
pub struct User {
    /// The bytes of files that he edited.
    edited: BTreeMap<String, String>,
    /// Files that he deleted.
    deleted: BTreeSet<String>,
    /// Whether he wrote into the root's manifest.
    has_manifest: bool,
}

const MANIFEST: &str = "Cargo.toml";
const MINE: &str = "# Mine.\nregex = \"1\"\n";

impl User {
    /// Edits something, or nothing; what, is answered.
    pub fn edit(
        &mut self,
        rng: &mut Rng,
        stand: &Stand,
        classes: &BTreeMap<String, String>,
    ) -> &'static str {
        let seeded = classes
            .iter()
            .filter(|(path, class)| *class == "seeded" && stand.has(path));
        let seeded: Vec<&String> = seeded.map(|(path, _)| path).collect();
        let path = (*rng.pick(&seeded)).clone();
        match rng.below(6) {
            0 | 1 if path.contains("/src/") => {
                stand.append(&path, "\n// Mine  \r\n");
                self.edited.insert(path.clone(), stand.read(&path));
                "user edits a file"
            }
            2 => {
                stand.remove(&path);
                self.edited.remove(&path);
                self.deleted.insert(path);
                "user deletes a file"
            }
            3 if !self.has_manifest => {
                stand.replace(MANIFEST, "serde = {", &format!("{MINE}serde = {{"));
                self.has_manifest = true;
                "user edits the manifest"
            }
            _ => "user does nothing",
        }
    }

    /// His files go where what they are about goes.
    pub fn follow(&mut self, moves: &[(String, String)]) {
        for (from, to) in moves {
            if let Some(text) = self.edited.remove(from) {
                self.edited.insert(to.clone(), text);
            }
            if self.deleted.remove(from) {
                self.deleted.insert(to.clone());
            }
        }
    }

    /// The edited files that a refusal is about.
    pub fn lost(&self, said: &str) -> Vec<String> {
        let of = |path: &&String| {
            said.contains(&format!(
                "`{path}` was edited, and the description no longer has"
            ))
        };
        self.edited.keys().filter(of).cloned().collect()
    }

    /// A file is his no longer.
    pub fn forget(&mut self, path: &str) {
        self.edited.remove(path);
    }

    /// Whether a file is not there because he deleted it.
    pub fn deleted(&self, path: &str) -> bool {
        self.deleted.contains(path)
    }

    /// Whether a manifest has something of his.
    pub fn has_edited(&self, path: &str) -> bool {
        self.has_manifest && path == MANIFEST
    }

    /// Demands that all of his is as he left it; what is about nothing any more is forgotten.
    pub fn is_content(&mut self, stand: &Stand) {
        for (path, text) in &self.edited {
            assert_eq!(stand.read(path), *text, "{path}");
        }
        let classes = super::classes(stand);
        self.deleted.retain(|path| classes.contains_key(path));
        assert!(!self.has_manifest || stand.read(MANIFEST).contains(MINE));
    }
}
