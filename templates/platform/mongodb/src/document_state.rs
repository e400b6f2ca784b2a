//! The documents a write set reads, locks and changes, as they are and as they will be.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_contract::schema::Schema;
use platform_ports::engine::EngineError;

use super::answers::AnswersChange;
use super::error::{Error, number, text};
use super::fields::{CLAIMS, ID, OUTBOX, POSITION, REQUESTS};
use super::rows::is_live;
use super::store::{Address, Store, all, locking_transaction};

/// How often documents are looked at that always somebody else holds.
const READ_ATTEMPTS: u32 = 100;

/// A document of a write set.
#[derive(Debug, Default)]
pub(super) struct DocumentState {
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

impl DocumentState {
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
        if let Some(AnswersChange::Replace(answers)) = self.changed_answers() {
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
        if let Some(AnswersChange::Append(answers)) = self.changed_answers() {
            pushes.push((REQUESTS, answers));
        }
        pushes
    }

    /// How many bytes it has with the messages it will carry.
    pub(super) fn bytes(&self) -> Result<usize, EngineError> {
        let documents = self.seen.iter().chain(&self.push);
        let sizes = documents.map(|document| document.to_vec().map(|bytes| bytes.len()));
        let sum: Result<usize, _> = sizes.sum();
        sum.map_err(|error| EngineError::Corrupt(error.to_string()))
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
    pub(super) async fn read_states(
        &self,
        addresses: BTreeSet<Address>,
    ) -> Result<BTreeMap<Address, DocumentState>, Error> {
        let mut by_collection: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (collection, key) in &addresses {
            let keys = by_collection.entry(collection.clone()).or_default();
            keys.push(key.clone());
        }
        let mut states: BTreeMap<Address, DocumentState> = BTreeMap::new();
        for address in addresses {
            let shard = self.shard_of(&address.0).cloned();
            let state = DocumentState {
                shard,
                ..DocumentState::default()
            };
            states.insert(address, state);
        }
        for (collection, keys) in by_collection {
            for document in self.read_unlocked(&collection, &keys).await? {
                let address = (collection.clone(), text(&document, ID)?.to_owned());
                self.clock.see(number(&document, POSITION).unwrap_or(0));
                let state = states.entry(address).or_default();
                state.now = Some(document.clone());
                state.seen = Some(document);
            }
        }
        Ok(states)
    }

    async fn read_unlocked(
        &self,
        collection: &str,
        keys: &[String],
    ) -> Result<Vec<Document>, Error> {
        for _ in 0..READ_ATTEMPTS {
            let there = doc! { ID: { "$in": keys } };
            let found = self.collection(collection).find(there).await?;
            let found = all(found).await?;
            let mut held: BTreeMap<ObjectId, Vec<Address>> = BTreeMap::new();
            for document in &found {
                if let Some(Bson::ObjectId(tx)) = locking_transaction(document) {
                    let address = (collection.to_owned(), text(document, ID)?.to_owned());
                    held.entry(tx).or_default().push(address);
                }
            }
            if held.is_empty() {
                return Ok(found);
            }
            for (tx, addresses) in held {
                self.resolve(tx, &addresses).await?;
            }
        }
        let why = format!("documents of `{collection}` are always held by somebody");
        Err(EngineError::Unavailable(why).into())
    }
}
