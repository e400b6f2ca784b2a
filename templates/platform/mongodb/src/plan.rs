//! What write sets come to: which documents are locked and changed, and what else has to hold.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::Document;
use platform_ports::engine::{Check, CommitError, DocumentWrite, WriteSet};

use super::addresses::{addresses, carrier, document_address, guards};
use super::document_state::DocumentState;
use super::documents::{encoded, name_of};
use super::error::{Error, is_true};
use super::fields::{APPLIED_SEQUENCES, GUARDS, ID, OFFSETS, REQUESTS_MOVED, STANDALONE_OUTBOX};
use super::intents::is_removed;
use super::predicates::Predicate;
use super::resolve::Participants;
use super::store::{Address, Store};
use super::{outbox, progress, rows, shards};

/// How many bytes an aggregate's document with its waiting messages has at most: well below what
/// MongoDB takes (16 MiB), for a transaction keeps what it prepares in the document, too.
const MOST_BYTES: usize = 6 << 20;

/// What write sets come to.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) states: BTreeMap<Address, DocumentState>,
    /// With the numbers of their write sets.
    pub(super) predicates: Vec<(usize, Predicate)>,
    /// The place in the order of commits.
    pub(super) position: i64,
}

impl Plan {
    /// The documents that it has to do with.
    pub(super) fn taking_part(&self) -> impl Iterator<Item = (&Address, &DocumentState)> {
        self.states.iter().filter(|(_, state)| state.takes_part())
    }

    /// The same by their collections, in the order in which they are locked.
    pub(super) fn by_collection(&self) -> BTreeMap<&str, Vec<(&Address, &DocumentState)>> {
        let mut collections: BTreeMap<&str, Vec<(&Address, &DocumentState)>> = BTreeMap::new();
        for (address, state) in self.taking_part() {
            collections
                .entry(&address.0)
                .or_default()
                .push((address, state));
        }
        collections
    }

    /// The same as the record of a transaction lists them.
    pub(super) fn participants(&self) -> Vec<Participants> {
        let collections = self.by_collection().into_iter();
        collections
            .map(|(collection, states)| {
                let mut participants = Participants {
                    collection: collection.to_owned(),
                    ..Participants::default()
                };
                for ((_, key), state) in states {
                    match is_removed(state) {
                        true => participants.drop.push(key.clone()),
                        false => participants.keep.push(key.clone()),
                    }
                }
                participants
            })
            .collect()
    }

    /// Whether the document is one that this plan itself changes.
    pub(super) fn is_own(&self, document: &Document, collection: &str) -> bool {
        let key = document.get_str(ID).unwrap_or_default();
        let address = (collection.to_owned(), key.to_owned());
        self.states
            .get(&address)
            .is_some_and(DocumentState::takes_part)
    }
}

/// A failure of one of several write sets.
pub(super) type WriteSetError = (usize, CommitError);

impl Store {
    /// Reads what write sets touch, and holds their conditions against it.
    pub(super) async fn plan(&self, writes: &[WriteSet]) -> Result<Plan, WriteSetError> {
        let failed = |error: Error| (0, CommitError::from(error));
        let addresses = writes.iter().flat_map(|write| addresses(self, write));
        let mut states = self
            .read_states(addresses.collect())
            .await
            .map_err(failed)?;
        let moved = self.moved(writes, |holder| {
            let seen = states.get(holder).and_then(|state| state.seen.as_ref());
            seen.is_some_and(|seen| is_true(seen, REQUESTS_MOVED))
        });
        let more: BTreeSet<Address> = moved.chain(shards::ids(states.iter())).collect();
        if !more.is_empty() {
            states.extend(self.read_states(more).await.map_err(failed)?);
        }
        let messages: usize = writes.iter().map(|write| write.events.len()).sum();
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        let mut planner = Planner {
            store: self,
            next: self.clock.take(messages + 1),
            written_at: self.clock.time(),
            plan: Plan {
                states,
                predicates: Vec::new(),
                position: 0,
            },
        };
        let mut messages = 0;
        for (at, write) in writes.iter().enumerate() {
            planner.add(at, write).map_err(|why| (at, why))?;
            if write.events.is_empty() {
                continue;
            }
            // A message of an aggregate that is saved with it can wait nowhere else.
            let loose = write
                .events
                .iter()
                .filter(|event| carrier(write, event).0 == STANDALONE_OUTBOX);
            let ids: Vec<String> = loose.map(|event| event.id.to_string()).collect();
            let waits =
                !ids.is_empty() && self.waits(&ids).await.map_err(|error| (at, error.into()))?;
            if waits {
                return Err((at, CommitError::Conflict));
            }
            messages += write.events.len() as u64;
            let room = self.has_room(messages).await;
            if !room.map_err(|error| (at, error.into()))? {
                return Err((at, CommitError::OutboxFull));
            }
        }
        planner.claim_ids()?;
        planner.plan.position = planner.next;
        Ok(planner.plan)
    }
}

/// Write sets on their way to become a plan.
pub(super) struct Planner<'a> {
    pub(super) store: &'a Store,
    next: i64,
    written_at: i64,
    pub(super) plan: Plan,
}

impl Planner<'_> {
    fn add(&mut self, at: usize, write: &WriteSet) -> Result<(), CommitError> {
        for check in &write.checks {
            self.check(at, check)?;
        }
        for save in &write.saves {
            self.save(at, save)?;
        }
        self.events(at, write)?;
        for advance in &write.applied_sequences {
            let key =
                progress::sequence_key(&advance.handler, advance.generation, advance.aggregate);
            let state = self.state(APPLIED_SEQUENCES, key);
            match progress::advanced_sequence(advance, state.now.as_ref())? {
                Some(applied) => state.change(at, Some(applied)),
                None => return Err(CommitError::Conflict),
            }
        }
        for one in &write.documents {
            self.document(at, one)?;
        }
        for offset in &write.offsets {
            let state = self.state(OFFSETS, progress::offset_key(offset));
            let moved = progress::advanced_offset(offset, state.now.as_ref());
            state.change(at, Some(moved));
        }
        // Others with conditions on sets have to see these changes, or come before as a whole.
        for key in guards(write) {
            self.state(GUARDS, key).locked = true;
        }
        Ok(())
    }

    /// The document of a collection under a key.
    pub(super) fn state(&mut self, collection: &str, key: String) -> &mut DocumentState {
        self.state_at((collection.to_owned(), key))
    }

    /// The document at a place.
    pub(super) fn state_at(&mut self, address: Address) -> &mut DocumentState {
        self.plan.states.entry(address).or_default()
    }

    fn check(&mut self, at: usize, check: &Check) -> Result<(), CommitError> {
        match check {
            Check::Version {
                schema,
                generation,
                id,
                version,
            } => {
                let state = self.state(schema.table, rows::key(schema, *generation, *id));
                state.locked = true;
                if rows::version(state.now.as_ref())? != *version {
                    return Err(CommitError::Conflict);
                }
            }
            Check::Answer { find, rows } => {
                let changed = self.plan.states.iter();
                let mut changed = changed.filter(|(_, state)| state.changed);
                // Among several write sets: what those before do to an answer is not worked out.
                if changed.any(|((table, _), _)| table == find.schema.table) {
                    return Err(CommitError::Conflict);
                }
                let (find, rows) = (Box::new(find.clone()), rows.clone());
                self.plan
                    .predicates
                    .push((at, Predicate::Answer { find, rows }));
            }
            Check::EmptyGroup { collection, group } => {
                let in_group = |now: &Document| now.get_str("group").is_ok_and(|one| one == group);
                let predicate = Predicate::Empty {
                    collection: *collection,
                    group: group.clone(),
                    changed: self.changed(name_of(*collection), in_group),
                };
                self.plan.predicates.push((at, predicate));
            }
        }
        Ok(())
    }

    /// What is made of documents of a collection: whether it is `so`.
    pub(super) fn changed(
        &self,
        name: &str,
        so: impl Fn(&Document) -> bool,
    ) -> BTreeMap<String, bool> {
        let states = self.plan.states.iter();
        let changed = states.filter(|((collection, _), state)| state.changed && collection == name);
        changed
            .map(|((_, key), state)| (key.clone(), state.live().is_some_and(&so)))
            .collect()
    }

    fn events(&mut self, at: usize, write: &WriteSet) -> Result<(), CommitError> {
        for event in &write.events {
            let message = outbox::encoded(event, self.next, self.written_at)?;
            self.next += 1;
            let (collection, key) = carrier(write, event);
            let state = self.state(&collection, key);
            if collection == STANDALONE_OUTBOX {
                // It waits already, or was given twice.
                if state.now.is_some() {
                    return Err(CommitError::Conflict);
                }
                state.change(at, Some(Document::new()));
            }
            if state.carries(&event.id.to_string()) {
                return Err(CommitError::Conflict);
            }
            state.push.push(message);
        }
        for state in self.plan.states.values() {
            if !state.push.is_empty() && state.at == at && state.bytes()? > MOST_BYTES {
                return Err(CommitError::OutboxFull);
            }
        }
        Ok(())
    }

    fn document(&mut self, at: usize, write: &DocumentWrite) -> Result<(), CommitError> {
        match self.store.answer_holder(write) {
            Some(holder) => self.answer(at, holder, write),
            None => self.document_at(at, document_address(write), write),
        }
    }

    /// A change of a document that has a place of its own.
    pub(super) fn document_at(
        &mut self,
        at: usize,
        address: Address,
        write: &DocumentWrite,
    ) -> Result<(), CommitError> {
        let state = self.state_at(address);
        let version = rows::version(state.live())?;
        let (expected, to) = match write {
            DocumentWrite::Put {
                expected, document, ..
            } => (*expected, Some(encoded(document, expected + 1)?)),
            DocumentWrite::Delete { expected, .. } => (*expected, None),
        };
        // What is not there cannot be deleted, whatever version it should have.
        if version != expected || (to.is_none() && state.live().is_none()) {
            return Err(CommitError::Conflict);
        }
        state.change(at, to);
        Ok(())
    }
}
