//! Collections that a cluster divides by a member of their rows rather than by their ids.
//!
//! The index `microdb_shard` of a collection names the member. A row keeps its value for good, whatever
//! else becomes of it, and every write that is bound to a row says it. In such a collection MongoDB keeps
//! no id the only one: whoever makes a row writes its id into `microdb_ids` in the same transaction, and
//! whoever has found nothing under an id locks it there.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::{CommitError, EngineError};

use super::cells::Cell;
use super::error::Failed;
use super::fields::{IDS, LIVE, REVISION};
use super::intents::bound;
use super::plan::{Failure, Plan, Planning};
use super::rows::is_live;
use super::store::{Place, Store};

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

    /// Brings what is left of deleted rows into the shards in which a transaction makes them again, for
    /// nothing that is unique can be kept for them from elsewhere; whether there were such.
    pub(super) async fn move_remains(&self, plan: &Plan) -> Result<bool, Failed> {
        let mut any = false;
        for (place, cell) in plan.taking_part() {
            if let (Some(mut to), Some(bound)) = (cell.moves_to(), bound(place, cell)) {
                to.insert(REVISION, ObjectId::new());
                let collection = self.collection(&place.0);
                collection.update_one(bound, doc! { "$set": to }).await?;
                any = true;
            }
        }
        Ok(any)
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
    /// Gives what the row becomes the value that decides its shard, which it had from the start. What is
    /// made again may have another one.
    pub(super) fn keep_shard(&self, to: &mut Document) -> Result<(), CommitError> {
        let (Some(member), Some(before)) = (&self.shard, &self.now) else {
            return Ok(());
        };
        let value = before.get(member).cloned().unwrap_or(Bson::Null);
        match to.get(member) {
            None => {
                to.insert(member, value);
                Ok(())
            }
            Some(now) if is_live(before) && *now != value => {
                let why = format!("`{member}` decides the shard, and cannot change");
                Err(EngineError::Corrupt(why).into())
            }
            Some(_) => Ok(()),
        }
    }

    /// What decides the shard that a row is made again in, when it was in another one.
    fn moves_to(&self) -> Option<Document> {
        let (seen, now) = (self.seen.as_ref()?, self.now.as_ref()?);
        let (from, to) = (self.shard_filter(Some(seen)), self.shard_filter(Some(now)));
        (self.changed && from != to).then_some(to)
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
