//! What a seeded file imports: collected while its types are written. Generated files import nothing.

use std::collections::BTreeMap;

/// The names a file imports, by path.
#[derive(Debug, Default, Clone)]
pub struct Uses {
    names: BTreeMap<String, Vec<String>>,
    /// Whether nothing is imported: each name is written with its path.
    paths: bool,
}

impl Uses {
    /// Of a file that writes each name with its path.
    pub fn paths() -> Self {
        Self {
            paths: true,
            ..Self::default()
        }
    }

    /// Imports `name` from `path`, and gives back how it is written then.
    pub fn take(&mut self, path: &str, name: &str) -> String {
        if self.paths {
            return format!("{path}::{name}");
        }
        let names = self.names.entry(path.to_owned()).or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
        name.to_owned()
    }

    /// The names that are imported from `path`.
    pub fn names_of(&self, path: &str) -> impl Iterator<Item = &String> {
        self.names.get(path).into_iter().flatten()
    }

    /// Takes back the import of a name that the file itself declares.
    pub fn forget(&mut self, path: &str, name: &str) {
        if let Some(names) = self.names.get_mut(path) {
            names.retain(|known| known != name);
        }
        self.names.retain(|_, names| !names.is_empty());
    }

    /// The same without what `other` imports too: for a module that takes all of its parent.
    #[must_use]
    pub fn without(mut self, other: &Self) -> Self {
        for (path, names) in &other.names {
            for name in names {
                self.forget(path, name);
            }
        }
        self
    }
}
