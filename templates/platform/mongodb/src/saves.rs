//! What changes of rows come to.

use mongodb::bson::Document;
use platform_contract::schema::Schema;
use platform_ports::engine::{CommitError, Save, SaveTo};
use uuid::Uuid;

use super::addresses::{id_of, references};
use super::plan::Planner;
use super::predicates::{Predicate, has};
use super::rows;

impl Planner<'_> {
    /// A change of a row.
    pub(super) fn save(&mut self, at: usize, save: &Save) -> Result<(), CommitError> {
        let id = id_of(save);
        let state = self.state(
            save.schema.table,
            rows::key(save.schema, save.generation, id),
        );
        if rows::version(state.now.as_ref())? != save.expected {
            return Err(CommitError::Conflict);
        }
        state.schema = Some(save.schema);
        let before = state.live().cloned();
        match &save.to {
            SaveTo::Live(stored) => {
                let mut row = rows::live(save, stored, before.as_ref())?;
                state.keep_shard(&mut row)?;
                state.change(at, Some(row));
                self.references(save, before.as_ref())
            }
            SaveTo::Deleted { version, .. } => {
                let mut tombstone = rows::tombstone(save, *version)?;
                state.keep_shard(&mut tombstone)?;
                state.change(at, Some(tombstone));
                self.referrers(at, save.schema, id)
            }
        }
    }

    /// What is newly referenced has to be there, and to stay.
    fn references(&mut self, save: &Save, before: Option<&Document>) -> Result<(), CommitError> {
        for (path, column, id) in references(save) {
            if before.is_some_and(|before| has(before, &path, &id.to_string())) {
                continue;
            }
            let Some(table) = column.references else {
                continue;
            };
            let state = self.state(table, id.to_string());
            state.locked = true;
            if state.live().is_none() {
                return Err(CommitError::MissingReference(column.name, id));
            }
        }
        Ok(())
    }

    /// What is deleted may not be referenced.
    fn referrers(&mut self, at: usize, schema: &Schema, id: Uuid) -> Result<(), CommitError> {
        for referrer in schema.referenced_by {
            let (collection, path) = self.store.path(referrer.table, referrer.column)?;
            let text = id.to_string();
            let predicate = Predicate::Unreferenced {
                changed: self.changed(collection, |now| has(now, path, &text)),
                collection: collection.to_owned(),
                path: path.to_owned(),
                id,
                table: referrer.table,
            };
            self.plan.predicates.push((at, predicate));
        }
        Ok(())
    }
}
