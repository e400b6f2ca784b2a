//! Collections that a cluster divides by a member of their rows rather than by their ids.
//!
//! The index `microdb_shard` of a collection names the member. A row keeps its value for good, whatever
//! else becomes of it, and every write that is bound to a row says it. In such a collection MongoDB keeps
//! no id the only one: whoever makes a row writes its id into `microdb_ids` in the same transaction, and
//! whoever has found nothing under an id locks it there.

use mongodb::bson::{Bson, Document, doc};

use super::cells::Cell;
use super::fields::{IDS, LIVE};
use super::plan::{Failure, Planning};
use super::store::{Place, Store};
use crate::engine::{CommitError, EngineError};

/// Where it is written that an id is in use.
fn id_place((table, id): &Place) -> Place {
    (IDS.to_owned(), format!("{table}/{id}"))
}

/// Whether nothing is there in a collection that does not keep ids apart.
fn is_nothing_apart(cell: &Cell) -> bool {
    cell.shard.is_some() && cell.seen.is_none()
}

impl Store {
    /// The member by which a collection is divided.
    pub(super) fn shard_of(&self, collection: &str) -> Option<&String> {
        self.shards.get(collection)
    }
}

/// The places of ids under which nothing is.
pub(super) fn ids<'a>(
    cells: impl Iterator<Item = (&'a Place, &'a Cell)>,
) -> impl Iterator<Item = Place> {
    let nothing = cells.filter(|(_, cell)| is_nothing_apart(cell));
    nothing.map(|(place, _)| id_place(place))
}

impl Cell {
    /// Gives what the row becomes the value that decides its shard, which it had from the start.
    pub(super) fn keep_shard(&self, to: &mut Document) -> Result<(), CommitError> {
        let Some(member) = &self.shard else {
            return Ok(());
        };
        let Some(before) = self.shard_value(member) else {
            return Ok(());
        };
        match to.get(member) {
            None => to.insert(member, before),
            Some(now) if *now == before => None,
            Some(_) => {
                return Err(EngineError::Corrupt(format!(
                    "`{member}` decides the shard, and cannot change"
                ))
                .into());
            }
        };
        Ok(())
    }

    fn shard_value(&self, member: &str) -> Option<Bson> {
        let before = self.now.as_ref().or(self.seen.as_ref())?;
        before.get(member).cloned()
    }

    /// What else than the id a write says of the row.
    pub(super) fn shard_filter(&self, document: Option<&Document>) -> Document {
        let value = |member: &String| {
            let value = document.and_then(|document| document.get(member));
            Some(doc! { member: value? })
        };
        self.shard.as_ref().and_then(value).unwrap_or_default()
    }
}

impl Planning<'_> {
    /// Makes sure that ids of rows that are made, and those under which nothing is to be, stay unused by
    /// others.
    pub(super) fn claim_ids(&mut self) -> Result<(), Failure> {
        let cells = self.plan.cells.iter();
        let nothing = cells.filter(|(_, cell)| cell.takes_part() && is_nothing_apart(cell));
        let nothing: Vec<Place> = nothing.map(|(place, _)| place.clone()).collect();
        for place in nothing {
            let cell = self.cell_at(place.clone());
            let (at, is_made) = (cell.at, cell.changed);
            if !is_made {
                cell.locked = false;
            }
            let id = self.cell_at(id_place(&place));
            if id.live().is_some() {
                return Err((at, CommitError::Conflict));
            }
            match is_made {
                true => id.change(at, Some(doc! { LIVE: true })),
                false => id.locked = true,
            }
        }
        Ok(())
    }
}
