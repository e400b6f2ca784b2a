//! What becomes of transactions whose documents somebody meets.

use std::time::{Duration, Instant};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::EngineError;
use platform_ports::fail_point;

use super::error::{Failed, corrupt, number};
use super::fields::{ADDED, ID, INTENT, INTENT_ID, STUB, TRANSACTIONS};
use super::store::{Place, Store, all};

/// How long whoever meets an undecided transaction waits before it ends that.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause between two looks at an undecided transaction.
const PAUSE: Duration = Duration::from_millis(4);

/// How old an undecided transaction is before it is cleared away though nobody has met it, in
/// microseconds. Only tidiness hangs on this clock.
const ABANDONED: i64 = 30_000_000;

/// How a record says that it is undecided.
pub(super) const PENDING: &str = "pending";
/// How a record says that its transaction has happened.
pub(super) const COMMITTED: &str = "committed";

/// The documents of a collection that a transaction holds.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) collection: String,
    /// Those that stay, when it happens.
    pub(super) keep: Vec<String>,
    /// Those that go, when it happens.
    pub(super) drop: Vec<String>,
}

impl Part {
    /// As a record has it.
    pub(super) fn to_document(&self) -> Document {
        doc! { "in": &self.collection, "keep": &self.keep, "drop": &self.drop }
    }

    fn of(document: &Document) -> Result<Self, EngineError> {
        let keys = |name: &str| -> Result<Vec<String>, EngineError> {
            let list = document.get_array(name).map_err(|_| corrupt(name))?;
            let texts = list.iter().map(|key| key.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or_else(|| corrupt(name))
        };
        Ok(Self {
            collection: super::error::text(document, "in")?.to_owned(),
            keep: keys("keep")?,
            drop: keys("drop")?,
        })
    }
}

/// The documents a record names.
fn parts(record: &Document) -> Result<Vec<Part>, EngineError> {
    let list = record.get_array("parts").map_err(|_| corrupt("parts"))?;
    let documents = list
        .iter()
        .map(|part| part.as_document().ok_or_else(|| corrupt("parts")));
    documents.map(|part| Part::of(part?)).collect()
}

fn is_committed(record: &Document) -> bool {
    record
        .get_str("state")
        .is_ok_and(|state| state == COMMITTED)
}

impl Store {
    /// Waits for the transaction that holds these documents, and ends it when that takes long.
    pub(super) async fn settle(&self, tx: ObjectId, places: &[Place]) -> Result<(), Failed> {
        let met = Instant::now();
        loop {
            match self.record(tx).await? {
                None => return self.release(tx, places).await,
                Some(record) if is_committed(&record) => return self.finish(tx, &record).await,
                Some(_) if met.elapsed() >= PATIENCE => {
                    self.end(tx).await?;
                }
                Some(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// The record of a transaction; `None` when it is over, or was ended before it happened.
    async fn record(&self, tx: ObjectId) -> Result<Option<Document>, Failed> {
        let settled = self.settled(TRANSACTIONS).find_one(doc! { ID: tx }).await?;
        if settled.is_some() {
            return Ok(settled);
        }
        // A new primary may not know yet how far its majority is: a write finds out, and when there
        // is a record after all and undecided, it is no longer. Of what only the primary has the
        // state is not looked at: it may yet be lost.
        self.end(tx).await?;
        let there = self
            .collection(TRANSACTIONS)
            .find_one(doc! { ID: tx })
            .await?;
        Ok(there.map(|_| Document::new()))
    }

    /// Ends a transaction that has not happened; whether it had not.
    pub(super) async fn end(&self, tx: ObjectId) -> Result<bool, Failed> {
        let undecided = doc! { ID: tx, "state": PENDING };
        let record = self
            .collection(TRANSACTIONS)
            .find_one_and_delete(undecided)
            .await?;
        let Some(record) = record else {
            return Ok(false);
        };
        self.undo(tx, &parts(&record)?).await?;
        Ok(true)
    }

    /// Gives documents back as they were before a transaction that did not happen.
    pub(super) async fn undo(&self, tx: ObjectId, parts: &[Part]) -> Result<(), Failed> {
        for part in parts {
            let all = part.keep.iter().chain(&part.drop).cloned();
            self.undo_in(tx, &part.collection, all.map(Bson::String).collect())
                .await?;
        }
        Ok(())
    }

    async fn release(&self, tx: ObjectId, places: &[Place]) -> Result<(), Failed> {
        for (collection, key) in places {
            self.undo_in(tx, collection, vec![Bson::from(key.as_str())])
                .await?;
        }
        Ok(())
    }

    async fn undo_in(&self, tx: ObjectId, collection: &str, keys: Vec<Bson>) -> Result<(), Failed> {
        let collection = self.collection(collection);
        let held = doc! { ID: { "$in": keys }, INTENT_ID: tx };
        let mut stubs = held.clone();
        stubs.insert(STUB, true);
        collection.delete_many(stubs).await?;
        let before = vec![
            doc! { "$replaceWith": { "$mergeObjects": ["$$ROOT", "$_tx.undo"] } },
            doc! { "$unset": INTENT },
        ];
        collection.update_many(held, before).await?;
        Ok(())
    }

    /// Applies what has happened to all of its documents, and forgets the transaction.
    pub(super) async fn finish(&self, tx: ObjectId, record: &Document) -> Result<(), Failed> {
        self.apply(tx, &parts(record)?).await
    }

    /// The same, the documents being known.
    pub(super) async fn apply(&self, tx: ObjectId, parts: &[Part]) -> Result<(), Failed> {
        for part in parts {
            let collection = self.collection(&part.collection);
            if !part.drop.is_empty() {
                let gone = doc! { ID: { "$in": &part.drop }, INTENT_ID: tx };
                collection.delete_many(gone).await?;
            }
            if !part.keep.is_empty() {
                let kept = doc! { ID: { "$in": &part.keep }, INTENT_ID: tx };
                collection.update_many(kept, after()).await?;
            }
            fail_point::reach("mongodb.applied-some").await;
        }
        self.collection(TRANSACTIONS)
            .delete_one(doc! { ID: tx, "state": COMMITTED })
            .await?;
        Ok(())
    }

    /// Applies those of these transactions that have happened; whether any had.
    pub(super) async fn finish_those(&self, which: Document) -> Result<bool, Failed> {
        let committed = doc! { ID: which, "state": COMMITTED };
        let records = self.settled(TRANSACTIONS).find(committed).await?;
        let records = all(records).await?;
        for record in &records {
            self.finish(id_of(record)?, record).await?;
        }
        Ok(!records.is_empty())
    }

    /// Applies all that has happened, and ends what has been undecided for long.
    pub(super) async fn tidy(&self) -> Result<(), Failed> {
        let records = self.settled(TRANSACTIONS).find(doc! {}).await?;
        for record in all(records).await? {
            let tx = id_of(&record)?;
            let age = self.clock.time() - number(&record, "at").unwrap_or(0);
            if is_committed(&record) {
                self.finish(tx, &record).await?;
            } else if age > ABANDONED {
                self.end(tx).await?;
            }
        }
        Ok(())
    }
}

fn id_of(record: &Document) -> Result<ObjectId, EngineError> {
    record.get_object_id(ID).map_err(|_| corrupt(ID))
}

/// What a document becomes when its transaction happens: the server merges what is prepared in it.
fn after() -> Vec<Document> {
    let with_more = |(list, name): (&str, &str)| {
        let more = doc! { "$ifNull": [format!("${INTENT}.{name}"), []] };
        let all = doc! { "$concatArrays": [{ "$ifNull": [format!("${list}"), []] }, &more] };
        let is_more = doc! { "$gt": [{ "$size": more }, 0] };
        doc! { "$cond": [is_more, { list: all }, {}] }
    };
    let [messages, answers] = ADDED.map(with_more);
    vec![
        doc! { "$replaceWith": { "$mergeObjects": ["$$ROOT", "$_tx.set", messages, answers] } },
        doc! { "$unset": [INTENT, STUB] },
    ]
}
