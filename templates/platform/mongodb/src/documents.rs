//! The runtime's collections of documents, and leases, which are documents too.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document as Stored, doc};
use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, Documents, DocumentsQuery, EngineError};
use serde_json::json;
use uuid::Uuid;

use super::error::{Error, corrupt, duplicate, number, signed, text, unsigned};
use super::fields::{ID, INTENT, LIVE, POSITION, REVISION, VERSION};
use super::rows::is_live;
use super::search::Search;
use super::store::{Store, all, locking_transaction};

/// The collection of MongoDB.
pub(super) fn name_of(collection: Documents) -> &'static str {
    match collection {
        Documents::Requests => "microdb_requests",
        Documents::Commands => "microdb_commands",
        Documents::Parked => "microdb_parked",
        Documents::DeadLetters => "microdb_dead_letters",
        Documents::Blocks => "microdb_blocks",
        Documents::Jobs => "microdb_jobs",
        Documents::Cursors => "microdb_cursors",
        Documents::Projections => "microdb_projections",
        Documents::Leases => LEASES,
    }
}

const LEASES: &str = "microdb_leases";

/// What a document is stored as, at this version.
pub(super) fn encoded(document: &Document, version: u64) -> Result<Stored, EngineError> {
    Ok(doc! {
        LIVE: true,
        "group": &document.group,
        "position": document.position,
        "due": document.due.map(Timestamp::as_microseconds),
        VERSION: signed(version)?,
        "body": document.body.to_string(),
    })
}

/// The document that is stored so.
pub(super) fn decoded(stored: &Stored) -> Result<Document, EngineError> {
    Ok(Document {
        key: text(stored, ID)?.to_owned(),
        group: text(stored, "group")?.to_owned(),
        position: number(stored, "position").ok_or_else(|| corrupt("position"))?,
        due: number(stored, "due").and_then(Timestamp::from_microseconds),
        version: unsigned(stored, VERSION)?,
        body: serde_json::from_str(text(stored, "body")?).map_err(|_| corrupt("body"))?,
    })
}

impl Store {
    /// A document.
    pub(super) async fn document(
        &self,
        collection: Documents,
        key: &str,
    ) -> Result<Option<Document>, Error> {
        if let Some(holder) = self.answer_holder_of(collection, key)
            && let Some(answer) = self.held_answer(&holder, key).await?
        {
            return Ok(answer);
        }
        let search = Search::all(doc! { ID: key });
        let found = self.read(name_of(collection), &search).await?;
        let live = found.iter().find(|stored| is_live(stored));
        Ok(live.map(decoded).transpose()?)
    }

    /// How many documents there are.
    pub(super) async fn count(&self, collection: Documents) -> Result<u64, Error> {
        let name = name_of(collection);
        self.roll_forward_in(name).await?;
        let live = doc! { LIVE: true };
        let mut count = self.majority(name).count_documents(live).await?;
        if collection == Documents::Requests {
            count += self.held_answers().await?;
        }
        Ok(count)
    }

    /// Documents by due time, group, position and key; by key alone when paging.
    pub(super) async fn documents(&self, query: &DocumentsQuery) -> Result<Vec<Document>, Error> {
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let name = name_of(query.collection);
        self.roll_forward_in(name).await?;
        let mut held = Vec::new();
        if query.collection == Documents::Requests {
            self.roll_forward_answers().await?;
            held = self.with_held_answers(&all_of(query), query.due_by);
        }
        let found = self.majority(name).aggregate(steps(query, held)).await?;
        let found = all(found).await?;
        Ok(found.iter().map(decoded).collect::<Result<_, _>>()?)
    }

    /// Takes or renews a lease; whether `owner` has it now.
    pub(super) async fn lease(&self, name: &str, owner: Uuid, millis: u64) -> Result<bool, Error> {
        loop {
            // What is over now is over when the write comes.
            let now = self.now().await?;
            let body = json!({ "owner": owner }).to_string();
            let free = doc! { ID: name, INTENT: { "$exists": false }, "$or": [
                { "due": { "$lte": now.as_microseconds() } },
                { "body": &body },
            ] };
            let taken = doc! {
                "$set": {
                    LIVE: true,
                    "group": name,
                    "position": 0_i64,
                    "due": now.plus_millis(millis).as_microseconds(),
                    "body": &body,
                    REVISION: ObjectId::new(),
                    POSITION: self.clock.take(1),
                },
                "$inc": { VERSION: 1_i64 },
            };
            let collection = self.collection(LEASES);
            match collection.update_one(free, taken).upsert(true).await {
                Ok(_) => return Ok(true),
                // It is there, and another's.
                Err(error) if duplicate(&error).is_some() => {}
                Err(error) => return Err(error.into()),
            }
            let there = collection.find_one(doc! { ID: name }).await?;
            match there.as_ref().and_then(locking_transaction) {
                Some(Bson::ObjectId(tx)) => {
                    let address = (LEASES.to_owned(), name.to_owned());
                    self.resolve(tx, &[address]).await?;
                }
                _ => return Ok(false),
            }
        }
    }
}

fn all_of(query: &DocumentsQuery) -> Stored {
    let mut all = doc! { LIVE: true };
    if let Some(group) = &query.group {
        all.insert("group", group);
    }
    all
}

/// The steps of a list, with those that add what other collections hold.
fn steps(query: &DocumentsQuery, held: Vec<Stored>) -> Vec<Stored> {
    let mut wanted = Stored::new();
    if let Some(due_by) = query.due_by {
        wanted.insert("due", doc! { "$lte": due_by.as_microseconds() });
    }
    if let Some(after) = &query.after {
        wanted.insert(ID, doc! { "$gt": after });
    }
    let mut steps = vec![doc! { "$match": all_of(query) }];
    steps.extend(held);
    if query.heads_only {
        steps.push(doc! { "$sort": { "group": 1, "position": 1, ID: 1 } });
        steps.push(doc! { "$group": { ID: "$group", "head": { "$first": "$$ROOT" } } });
        steps.push(doc! { "$replaceRoot": { "newRoot": "$head" } });
    }
    steps.push(doc! { "$match": wanted });
    steps.push(match query.after {
        Some(_) => doc! { "$sort": { ID: 1 } },
        None => doc! { "$sort": { "due": 1, "group": 1, "position": 1, ID: 1 } },
    });
    steps.push(doc! { "$limit": i64::from(query.limit) });
    steps
}
