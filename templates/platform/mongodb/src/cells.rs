//! The documents a write set reads, locks and changes, as they are and as they will be.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_contract::schema::Schema;
use platform_ports::engine::EngineError;

use super::answers::Answers;
use super::error::{Failed, number, text};
use super::fields::{CLAIMS, ID, OUTBOX, POSITION, REQUESTS};
use super::rows::is_live;
use super::store::{Place, Store, all, holder};

/// How often documents are looked at that always somebody else holds.
const LOOKS: u32 = 100;

/// A document of a write set.
#[derive(Debug, Default)]
pub(super) struct Cell {
    /// As it was read.
    pub(super) seen: Option<Document>,
    /// As it will be, without the runtime's own fields but those that every write sets.
    pub(super) now: Option<Document>,
    /// Whether it is written.
    pub(super) changed: bool,
    /// Whether it has to stay as it was read.
    pub(super) locked: bool,
    /// Messages it will carry besides.
    pub(super) push: Vec<Document>,
    /// Answers to requests as it will hold them, once they are looked at.
    pub(super) answers: Option<Vec<Document>>,
    /// The member that decides the shard of such documents.
    pub(super) shard: Option<String>,
    /// Of what it is a row.
    pub(super) schema: Option<&'static Schema>,
    /// The number of the write set that changed it last.
    pub(super) at: usize,
}

impl Cell {
    /// Notes what it will be.
    pub(super) fn change(&mut self, at: usize, to: Option<Document>) {
        self.now = to;
        self.changed = true;
        self.at = at;
    }

    /// What is there, when it is no remains.
    pub(super) fn live(&self) -> Option<&Document> {
        self.now.as_ref().filter(|now| is_live(now))
    }

    /// Whether the transaction has anything to do with it.
    pub(super) fn takes_part(&self) -> bool {
        self.changed || self.locked
    }

    /// Whether a message with this id is in it.
    pub(super) fn carries(&self, id: &str) -> bool {
        let waiting = self.seen.iter().flat_map(super::outbox::messages);
        let mut all = waiting.chain(&self.push);
        all.any(|message| message.get_str("id").is_ok_and(|one| one == id))
    }

    /// All fields as a write sets them: what is no more becomes `null`.
    pub(super) fn fields(&self, position: i64) -> Option<Document> {
        let mut fields = self.now.clone()?;
        let seen = self.seen.iter().flat_map(Document::keys);
        for name in seen.filter(|name| !name.starts_with('_')) {
            if !fields.contains_key(name) {
                fields.insert(name, Bson::Null);
            }
        }
        if let Some(Answers::Others(answers)) = self.changed_answers() {
            fields.insert(REQUESTS, answers);
        }
        fields.insert(super::fields::REVISION, ObjectId::new());
        fields.insert(POSITION, position);
        Some(fields)
    }

    /// What is added to lists that the document has already.
    pub(super) fn pushes(&self) -> Vec<(&'static str, Vec<Document>)> {
        let mut pushes = Vec::new();
        if !self.push.is_empty() {
            pushes.push((OUTBOX, self.push.clone()));
        }
        if let Some(Answers::More(answers)) = self.changed_answers() {
            pushes.push((REQUESTS, answers));
        }
        pushes
    }

    /// The claims as they are and as they will be.
    pub(super) fn claims(&self) -> (Document, Document) {
        let of = |document: &Option<Document>| {
            let claims = document
                .as_ref()
                .and_then(|document| document.get_document(CLAIMS).ok());
            claims.cloned().unwrap_or_default()
        };
        (of(&self.seen), of(&self.now))
    }
}

/// What both have of each constraint.
pub(super) fn both(seen: &Document, now: &Document) -> Document {
    let names: BTreeSet<&String> = seen.keys().chain(now.keys()).collect();
    let mut both = Document::new();
    for name in names {
        let claims = [seen, now]
            .into_iter()
            .filter_map(|one| one.get_array(name).ok());
        let mut all: Vec<Bson> = Vec::new();
        for claim in claims.flatten() {
            if !all.contains(claim) {
                all.push(claim.clone());
            }
        }
        both.insert(name, all);
    }
    both
}

impl Store {
    /// Reads documents when nobody holds them; what holds one is waited for.
    pub(super) async fn cells(
        &self,
        places: BTreeSet<Place>,
    ) -> Result<BTreeMap<Place, Cell>, Failed> {
        let mut by_collection: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (collection, key) in &places {
            let keys = by_collection.entry(collection.clone()).or_default();
            keys.push(key.clone());
        }
        let mut cells: BTreeMap<Place, Cell> = BTreeMap::new();
        for place in places {
            let shard = self.shard_of(&place.0).cloned();
            let cell = Cell {
                shard,
                ..Cell::default()
            };
            cells.insert(place, cell);
        }
        for (collection, keys) in by_collection {
            for document in self.free(&collection, &keys).await? {
                let place = (collection.clone(), text(&document, ID)?.to_owned());
                self.clock.see(number(&document, POSITION).unwrap_or(0));
                let cell = cells.entry(place).or_default();
                cell.now = Some(document.clone());
                cell.seen = Some(document);
            }
        }
        Ok(cells)
    }

    async fn free(&self, collection: &str, keys: &[String]) -> Result<Vec<Document>, Failed> {
        for _ in 0..LOOKS {
            let there = doc! { ID: { "$in": keys } };
            let found = self.collection(collection).find(there).await?;
            let found = all(found).await?;
            let mut held: BTreeMap<ObjectId, Vec<Place>> = BTreeMap::new();
            for document in &found {
                if let Some(Bson::ObjectId(tx)) = holder(document) {
                    let place = (collection.to_owned(), text(document, ID)?.to_owned());
                    held.entry(tx).or_default().push(place);
                }
            }
            if held.is_empty() {
                return Ok(found);
            }
            for (tx, places) in held {
                self.settle(tx, &places).await?;
            }
        }
        let why = format!("documents of `{collection}` are always held by somebody");
        Err(EngineError::Unavailable(why).into())
    }
}
