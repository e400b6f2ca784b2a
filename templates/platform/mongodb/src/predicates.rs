//! Conditions on sets of documents, which no lock of a single document keeps.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::{CommitError, Documents, Find};
use uuid::Uuid;

use super::documents::name_of;
use super::error::Error;
use super::fields::{ID, LIVE};
use super::store::{Store, all};

/// Such a condition.
#[derive(Debug)]
pub(super) enum Predicate {
    /// A search still answers the same.
    Answer {
        /// The search.
        find: Box<Find>,
        /// What it answered.
        rows: Vec<(Uuid, u64)>,
    },
    /// A group has no document.
    Empty {
        /// The collection.
        collection: Documents,
        /// The group.
        group: String,
        /// What write sets before make of documents: whether they are in the group.
        changed: BTreeMap<String, bool>,
    },
    /// Nothing references a row.
    Unreferenced {
        /// The collection of those that might.
        collection: String,
        /// Where they would.
        path: String,
        /// The row.
        id: Uuid,
        /// The table to be named.
        table: &'static str,
        /// What this and write sets before make of documents: whether they reference it.
        changed: BTreeMap<String, bool>,
    },
}

impl Store {
    /// Whether the condition holds for all that has happened so far.
    pub(super) async fn hold(&self, predicate: &Predicate) -> Result<(), CommitError> {
        match predicate {
            Predicate::Answer { find, rows } => {
                self.roll_forward_in(find.schema.table).await?;
                match self.versions(find).await? == *rows {
                    true => Ok(()),
                    false => Err(CommitError::Conflict),
                }
            }
            Predicate::Empty {
                collection,
                group,
                changed,
            } => {
                let found = doc! { "group": group };
                match self.none(name_of(*collection), found, changed).await? {
                    true => Ok(()),
                    false => Err(CommitError::Conflict),
                }
            }
            Predicate::Unreferenced {
                collection,
                path,
                id,
                table,
                changed,
            } => {
                let found = doc! { path: id.to_string() };
                match self.none(collection, found, changed).await? {
                    true => Ok(()),
                    false => Err(CommitError::StillReferenced(table)),
                }
            }
        }
    }

    /// Whether no live document is found, `changed` ones being as it says.
    async fn none(
        &self,
        collection: &str,
        mut found: Document,
        changed: &BTreeMap<String, bool>,
    ) -> Result<bool, Error> {
        if changed.values().any(|found| *found) {
            return Ok(false);
        }
        self.roll_forward_in(collection).await?;
        found.insert(LIVE, true);
        let most = i64::try_from(changed.len()).unwrap_or(i64::MAX - 1) + 1;
        let found = self
            .collection(collection)
            .find(found)
            .projection(doc! { ID: 1 })
            .limit(most)
            .await?;
        let keys = all(found).await?;
        Ok(keys.iter().all(|document| {
            let key = document.get_str(ID).unwrap_or_default();
            changed.contains_key(key)
        }))
    }
}

/// Whether a document has the value at the path, in a list or in entities on the way, too.
pub(super) fn has(document: &Document, path: &str, value: &str) -> bool {
    let (name, rest) = match path.split_once('.') {
        Some((name, rest)) => (name, Some(rest)),
        None => (path, None),
    };
    let matches = |one: &Bson| match (one, rest) {
        (Bson::String(text), None) => text == value,
        (Bson::Document(inner), Some(rest)) => has(inner, rest, value),
        _ => false,
    };
    match document.get(name) {
        Some(Bson::Array(list)) => list.iter().any(matches),
        Some(one) => matches(one),
        None => false,
    }
}
