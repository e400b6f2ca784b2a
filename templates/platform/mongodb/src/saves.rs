//! What changes of rows come to.

use mongodb::bson::Document;
use platform_contract::schema::Schema;
use platform_ports::engine::{CommitError, Save, SaveTo};
use uuid::Uuid;

use super::places::{id_of, references};
use super::plan::Planning;
use super::predicates::{Predicate, has};
use super::rows;

impl Planning<'_> {
    /// A change of a row.
    pub(super) fn save(&mut self, at: usize, save: &Save) -> Result<(), CommitError> {
        let id = id_of(save);
        let cell = self.cell(
            save.schema.table,
            rows::key(save.schema, save.generation, id),
        );
        if rows::version(cell.now.as_ref())? != save.expected {
            return Err(CommitError::Conflict);
        }
        cell.schema = Some(save.schema);
        let before = cell.live().cloned();
        match &save.to {
            SaveTo::Live(stored) => {
                let mut row = rows::live(save, stored, before.as_ref())?;
                cell.keep_shard(&mut row)?;
                cell.change(at, Some(row));
                self.references(save, before.as_ref())
            }
            SaveTo::Deleted { version, .. } => {
                let mut tombstone = rows::tombstone(save, *version)?;
                cell.keep_shard(&mut tombstone)?;
                cell.change(at, Some(tombstone));
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
            let cell = self.cell(table, id.to_string());
            cell.locked = true;
            if cell.live().is_none() {
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
