//! What changes in databases.

use serde::Serialize;

use super::without;
use crate::lock::schema_of;
use crate::model::System;

/// The schema of a context that changes.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct SchemaChange {
    /// The context.
    pub context: String,
    /// What its databases have now: members with their kinds, indexes, unique keys.
    pub added: Vec<String>,
    /// What they no longer have so.
    pub removed: Vec<String>,
    /// The migration that makes it so, in the language of the database.
    pub sql: String,
}

pub(super) fn between(old: &System, new: &System) -> Vec<SchemaChange> {
    let mut changes = Vec::new();
    for (name, context) in &new.contexts {
        let has = schema_of(new, context);
        let had = old
            .contexts
            .get(name)
            .map(|context| schema_of(old, context))
            .unwrap_or_default();
        if has != had {
            changes.push(SchemaChange {
                context: name.to_string(),
                added: without(&has, &had).cloned().collect(),
                removed: without(&had, &has).cloned().collect(),
                sql: String::new(),
            });
        }
    }
    changes
}
