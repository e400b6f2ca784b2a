//! The migrations that a database has had, held against those that a program knows.

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::{Document, Migration, NEW, OpenError, shape};

/// The migrations that were applied: the hash of each, by its name.
pub type Applied = BTreeMap<String, String>;

/// Refuses a database that is newer than what is known, and migrations that were edited.
pub fn check<'m>(
    applied: &Applied,
    known: impl Iterator<Item = &'m Migration>,
) -> Result<(), OpenError> {
    let known: BTreeMap<&str, &Migration> = known.map(|one| (one.name, one)).collect();
    for (name, hash) in applied.iter().filter(|(name, _)| !shape::is_part(name)) {
        match known.get(name.as_str()) {
            None => return Err(OpenError::Newer(name.clone())),
            Some(migration) if hash_of(migration) != *hash => {
                return Err(OpenError::Edited(name.clone()));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The first of the known migrations that was not applied.
pub fn pending<'m>(
    applied: &Applied,
    mut known: impl Iterator<Item = &'m Migration>,
) -> Option<&'m Migration> {
    known.find(|one| !applied.contains_key(one.name))
}

/// Refuses as [`check`] does, and also a database that lacks a migration.
pub fn check_complete<'m>(
    applied: &Applied,
    known: impl Iterator<Item = &'m Migration> + Clone,
) -> Result<(), OpenError> {
    check(applied, known.clone())?;
    match pending(applied, known) {
        Some(migration) => Err(OpenError::Pending(migration.name.to_owned())),
        None => Ok(()),
    }
}

/// Tells texts apart; line endings, which git may change, do not count.
pub fn hash_of(migration: &Migration) -> String {
    let text = migration.text.replace("\r\n", "\n");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes()).to_string()
}

/// The mark of a database that is new, which its very first migration makes in the same instant.
pub fn mark() -> Document {
    Document {
        key: NEW.to_owned(),
        group: NEW.to_owned(),
        position: 0,
        due: None,
        version: 1,
        body: json!({ "new": true }),
    }
}
