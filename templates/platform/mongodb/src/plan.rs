//! What write sets come to: which documents are locked and changed, and what else has to hold.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::Document;
use platform_ports::engine::{Check, CommitError, DocumentWrite, EngineError, WriteSet};

use super::cells::Cell;
use super::documents::{encoded, name_of};
use super::error::{Failed, is_true};
use super::fields::{GATES, GUARDS, ID, LOOSE, OFFSETS, REQUESTS_MOVED};
use super::intents::goes;
use super::places::{document_place, guards, home, places};
use super::predicates::Predicate;
use super::resolve::Part;
use super::store::{Place, Store};
use super::{outbox, progress, rows, shards};

/// How many bytes an aggregate's document with its waiting messages has at most: well below what
/// MongoDB takes (16 MiB), for a transaction keeps what it prepares in the document, too.
const MOST_BYTES: usize = 6 << 20;

/// What write sets come to.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) cells: BTreeMap<Place, Cell>,
    /// With the numbers of their write sets.
    pub(super) predicates: Vec<(usize, Predicate)>,
    /// The place in the order of commits.
    pub(super) position: i64,
}

impl Plan {
    /// The documents that it has to do with.
    pub(super) fn taking_part(&self) -> impl Iterator<Item = (&Place, &Cell)> {
        self.cells.iter().filter(|(_, cell)| cell.takes_part())
    }

    /// The same by their collections, in the order in which they are locked.
    pub(super) fn by_collection(&self) -> BTreeMap<&str, Vec<(&Place, &Cell)>> {
        let mut collections: BTreeMap<&str, Vec<(&Place, &Cell)>> = BTreeMap::new();
        for (place, cell) in self.taking_part() {
            collections.entry(&place.0).or_default().push((place, cell));
        }
        collections
    }

    /// The same as the record of a transaction lists them.
    pub(super) fn parts(&self) -> Vec<Part> {
        let parts = self.by_collection().into_iter();
        parts
            .map(|(collection, cells)| {
                let mut part = Part {
                    collection: collection.to_owned(),
                    ..Part::default()
                };
                for ((_, key), cell) in cells {
                    match goes(cell) {
                        true => part.drop.push(key.clone()),
                        false => part.keep.push(key.clone()),
                    }
                }
                part
            })
            .collect()
    }

    /// Whether the document is one that this plan itself changes.
    pub(super) fn is_own(&self, document: &Document, collection: &str) -> bool {
        let key = document.get_str(ID).unwrap_or_default();
        let place = (collection.to_owned(), key.to_owned());
        self.cells.get(&place).is_some_and(Cell::takes_part)
    }
}

/// A failure of one of several write sets.
pub(super) type Failure = (usize, CommitError);

impl Store {
    /// Reads what write sets touch, and holds their conditions against it.
    pub(super) async fn plan(&self, writes: &[WriteSet]) -> Result<Plan, Failure> {
        let failed = |error: Failed| (0, CommitError::from(error));
        let places = writes.iter().flat_map(|write| places(self, write));
        let mut cells = self.cells(places.collect()).await.map_err(failed)?;
        let moved = self.moved(writes, |holder| {
            let seen = cells.get(holder).and_then(|cell| cell.seen.as_ref());
            seen.is_some_and(|seen| is_true(seen, REQUESTS_MOVED))
        });
        let more: BTreeSet<Place> = moved.chain(shards::ids(cells.iter())).collect();
        if !more.is_empty() {
            cells.extend(self.cells(more).await.map_err(failed)?);
        }
        let messages: usize = writes.iter().map(|write| write.events.len()).sum();
        let messages = i64::try_from(messages).unwrap_or(i64::MAX);
        let mut planning = Planning {
            store: self,
            next: self.clock.take(messages + 1),
            written_at: self.clock.time(),
            plan: Plan {
                cells,
                predicates: Vec::new(),
                position: 0,
            },
        };
        let mut messages = 0;
        for (at, write) in writes.iter().enumerate() {
            planning.add(at, write).map_err(|why| (at, why))?;
            if write.events.is_empty() {
                continue;
            }
            // A message of an aggregate that is saved with it can wait nowhere else.
            let loose = write
                .events
                .iter()
                .filter(|event| home(write, event).0 == LOOSE);
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
        planning.claim_ids()?;
        planning.plan.position = planning.next;
        Ok(planning.plan)
    }
}

/// Write sets on their way to become a plan.
pub(super) struct Planning<'a> {
    pub(super) store: &'a Store,
    next: i64,
    written_at: i64,
    pub(super) plan: Plan,
}

impl Planning<'_> {
    fn add(&mut self, at: usize, write: &WriteSet) -> Result<(), CommitError> {
        for check in &write.checks {
            self.check(at, check)?;
        }
        for save in &write.saves {
            self.save(at, save)?;
        }
        self.events(at, write)?;
        for advance in &write.applied_sequences {
            let key = progress::gate_key(&advance.handler, advance.generation, advance.aggregate);
            let cell = self.cell(GATES, key);
            match progress::advanced_gate(advance, cell.now.as_ref())? {
                Some(applied) => cell.change(at, Some(applied)),
                None => return Err(CommitError::Conflict),
            }
        }
        for one in &write.documents {
            self.document(at, one)?;
        }
        for offset in &write.offsets {
            let cell = self.cell(OFFSETS, progress::offset_key(offset));
            let moved = progress::advanced_offset(offset, cell.now.as_ref());
            cell.change(at, Some(moved));
        }
        // Others with conditions on sets have to see these changes, or come before as a whole.
        for key in guards(write) {
            self.cell(GUARDS, key).locked = true;
        }
        Ok(())
    }

    /// The document of a collection under a key.
    pub(super) fn cell(&mut self, collection: &str, key: String) -> &mut Cell {
        self.cell_at((collection.to_owned(), key))
    }

    /// The document at a place.
    pub(super) fn cell_at(&mut self, place: Place) -> &mut Cell {
        self.plan.cells.entry(place).or_default()
    }

    fn check(&mut self, at: usize, check: &Check) -> Result<(), CommitError> {
        match check {
            Check::Version {
                schema,
                generation,
                id,
                version,
            } => {
                let cell = self.cell(schema.table, rows::key(schema, *generation, *id));
                cell.locked = true;
                if rows::version(cell.now.as_ref())? != *version {
                    return Err(CommitError::Conflict);
                }
            }
            Check::Answer { find, rows } => {
                let changed = self.plan.cells.iter();
                let mut changed = changed.filter(|(_, cell)| cell.changed);
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
        let cells = self.plan.cells.iter();
        let changed = cells.filter(|((collection, _), cell)| cell.changed && collection == name);
        changed
            .map(|((_, key), cell)| (key.clone(), cell.live().is_some_and(&so)))
            .collect()
    }

    fn events(&mut self, at: usize, write: &WriteSet) -> Result<(), CommitError> {
        for event in &write.events {
            let message = outbox::encoded(event, self.next, self.written_at)?;
            self.next += 1;
            let (collection, key) = home(write, event);
            let cell = self.cell(&collection, key);
            if collection == LOOSE {
                // It waits already, or was given twice.
                if cell.now.is_some() {
                    return Err(CommitError::Conflict);
                }
                cell.change(at, Some(Document::new()));
            }
            if cell.carries(&event.id.to_string()) {
                return Err(CommitError::Conflict);
            }
            cell.push.push(message);
        }
        for cell in self.plan.cells.values() {
            if !cell.push.is_empty() && cell.at == at && bytes(cell)? > MOST_BYTES {
                return Err(CommitError::OutboxFull);
            }
        }
        Ok(())
    }

    fn document(&mut self, at: usize, write: &DocumentWrite) -> Result<(), CommitError> {
        match self.store.holder(write) {
            Some(holder) => self.answer(at, holder, write),
            None => self.document_at(at, document_place(write), write),
        }
    }

    /// A change of a document that has a place of its own.
    pub(super) fn document_at(
        &mut self,
        at: usize,
        place: Place,
        write: &DocumentWrite,
    ) -> Result<(), CommitError> {
        let cell = self.cell_at(place);
        let version = rows::version(cell.live())?;
        let (expected, to) = match write {
            DocumentWrite::Put {
                expected, document, ..
            } => (*expected, Some(encoded(document, expected + 1)?)),
            DocumentWrite::Delete { expected, .. } => (*expected, None),
        };
        // What is not there cannot be deleted, whatever version it should have.
        if version != expected || (to.is_none() && cell.live().is_none()) {
            return Err(CommitError::Conflict);
        }
        cell.change(at, to);
        Ok(())
    }
}

fn bytes(cell: &Cell) -> Result<usize, CommitError> {
    let documents = cell.seen.iter().chain(&cell.push);
    let sizes = documents.map(|document| document.to_vec().map(|bytes| bytes.len()));
    let sum: Result<usize, _> = sizes.sum();
    sum.map_err(|error| EngineError::Corrupt(error.to_string()).into())
}
