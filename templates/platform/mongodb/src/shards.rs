//! Collections that a cluster divides by a member of their rows rather than by their ids.
//!
//! The index `microdb_shard` of a collection names the member. A row keeps its value for good, whatever
//! else becomes of it, and every write that is bound to a row says it. In such a collection MongoDB keeps
//! no id the only one: whoever makes a row writes its id into `microdb_ids` in the same transaction, and
//! whoever has found nothing under an id locks it there.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::{CommitError, EngineError};

use super::document_state::DocumentState;
use super::error::Error;
use super::fields::{IDS, LIVE, REVISION};
use super::intents::bound;
use super::plan::{Plan, Planner, WriteSetError};
use super::rows::is_live;
use super::store::{Address, Store};

/// Where it is written that an id is in use.
fn id_address((table, id): &Address) -> Address {
    (IDS.to_owned(), format!("{table}/{id}"))
}

/// Whether nothing is there in a collection that does not keep ids apart.
fn is_nothing_apart(state: &DocumentState) -> bool {
    state.shard.is_some() && state.seen.is_none()
}

impl Store {
    /// The member by which a collection is divided.
    pub(super) fn shard_of(&self, collection: &str) -> Option<&String> {
        self.shards.get(collection)
    }

    /// Brings what is left of deleted rows into the shards in which a transaction makes them again, for
    /// nothing that is unique can be kept for them from elsewhere; whether there were such.
    pub(super) async fn move_remains(&self, plan: &Plan) -> Result<bool, Error> {
        let mut any = false;
        for (address, state) in plan.taking_part() {
            if let (Some(mut to), Some(bound)) = (state.moves_to(), bound(address, state)) {
                to.insert(REVISION, ObjectId::new());
                let collection = self.collection(&address.0);
                collection.update_one(bound, doc! { "$set": to }).await?;
                any = true;
            }
        }
        Ok(any)
    }
}

/// The addresses of ids under which nothing is.
pub(super) fn ids<'a>(
    states: impl Iterator<Item = (&'a Address, &'a DocumentState)>,
) -> impl Iterator<Item = Address> {
    let nothing = states.filter(|(_, state)| is_nothing_apart(state));
    nothing.map(|(address, _)| id_address(address))
}

impl DocumentState {
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

impl Planner<'_> {
    /// Makes sure that ids of rows that are made, and those under which nothing is to be, stay unused by
    /// others.
    pub(super) fn claim_ids(&mut self) -> Result<(), WriteSetError> {
        let states = self.plan.states.iter();
        let nothing = states.filter(|(_, state)| state.takes_part() && is_nothing_apart(state));
        let nothing: Vec<Address> = nothing.map(|(address, _)| address.clone()).collect();
        for address in nothing {
            let state = self.state_at(address.clone());
            let (at, is_made) = (state.at, state.changed);
            if !is_made {
                state.locked = false;
            }
            let id = self.state_at(id_address(&address));
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
