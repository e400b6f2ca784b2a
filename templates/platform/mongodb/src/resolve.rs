//! What becomes of transactions whose documents somebody meets.

use std::time::{Duration, Instant};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::EngineError;
use platform_ports::fail_point;

use super::error::{Error, corrupt, number};
use super::fields::{ADDED, ID, INTENT, INTENT_ID, STUB, TRANSACTIONS};
use super::store::{Address, Store, all};

/// How long whoever meets an undecided transaction waits before it aborts that.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause between two looks at an undecided transaction.
const PAUSE: Duration = Duration::from_millis(4);

/// How old an undecided transaction is before the cleanup aborts it though nobody has met it, in
/// microseconds. Nothing but the cleanup hangs on this clock.
const ABANDONED: i64 = 30_000_000;

/// How a record says that it is undecided.
pub(super) const PENDING: &str = "pending";
/// How a record says that its transaction has happened.
pub(super) const COMMITTED: &str = "committed";

/// The documents of a collection that a transaction holds.
#[derive(Debug, Default)]
pub(super) struct Participants {
    pub(super) collection: String,
    /// Those that stay, when it happens.
    pub(super) keep: Vec<String>,
    /// Those that go, when it happens.
    pub(super) drop: Vec<String>,
}

impl Participants {
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
fn participants(record: &Document) -> Result<Vec<Participants>, EngineError> {
    let list = record.get_array("parts").map_err(|_| corrupt("parts"))?;
    let documents = list
        .iter()
        .map(|part| part.as_document().ok_or_else(|| corrupt("parts")));
    documents.map(|part| Participants::of(part?)).collect()
}

fn is_committed(record: &Document) -> bool {
    record
        .get_str("state")
        .is_ok_and(|state| state == COMMITTED)
}

impl Store {
    /// Waits for the transaction that holds these documents, and aborts it when that takes long.
    pub(super) async fn resolve(&self, tx: ObjectId, addresses: &[Address]) -> Result<(), Error> {
        let met = Instant::now();
        loop {
            match self.record(tx).await? {
                None => return self.release(tx, addresses).await,
                Some(record) if is_committed(&record) => {
                    return self.roll_forward(tx, &record).await;
                }
                Some(_) if met.elapsed() >= PATIENCE => {
                    self.abort(tx).await?;
                }
                Some(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// The record of a transaction; `None` when it is over, or was aborted before it happened.
    async fn record(&self, tx: ObjectId) -> Result<Option<Document>, Error> {
        let settled = self
            .majority(TRANSACTIONS)
            .find_one(doc! { ID: tx })
            .await?;
        if settled.is_some() {
            return Ok(settled);
        }
        // A new primary may not know yet how far its majority is: a write finds out, and when there
        // is a record after all and undecided, it is no longer. Of what only the primary has the
        // state is not looked at: it may yet be lost.
        self.abort(tx).await?;
        let there = self
            .collection(TRANSACTIONS)
            .find_one(doc! { ID: tx })
            .await?;
        Ok(there.map(|_| Document::new()))
    }

    /// Aborts a transaction that has not happened; whether it had not.
    pub(super) async fn abort(&self, tx: ObjectId) -> Result<bool, Error> {
        let undecided = doc! { ID: tx, "state": PENDING };
        let record = self
            .collection(TRANSACTIONS)
            .find_one_and_delete(undecided)
            .await?;
        let Some(record) = record else {
            return Ok(false);
        };
        self.roll_back(tx, &participants(&record)?).await?;
        Ok(true)
    }

    /// Gives documents back as they were before a transaction that did not happen.
    pub(super) async fn roll_back(&self, tx: ObjectId, all: &[Participants]) -> Result<(), Error> {
        for participants in all {
            let keys = participants.keep.iter().chain(&participants.drop).cloned();
            self.roll_back_in(
                tx,
                &participants.collection,
                keys.map(Bson::String).collect(),
            )
            .await?;
        }
        Ok(())
    }

    async fn release(&self, tx: ObjectId, addresses: &[Address]) -> Result<(), Error> {
        for (collection, key) in addresses {
            self.roll_back_in(tx, collection, vec![Bson::from(key.as_str())])
                .await?;
        }
        Ok(())
    }

    async fn roll_back_in(
        &self,
        tx: ObjectId,
        collection: &str,
        keys: Vec<Bson>,
    ) -> Result<(), Error> {
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
    pub(super) async fn roll_forward(&self, tx: ObjectId, record: &Document) -> Result<(), Error> {
        self.apply(tx, &participants(record)?).await
    }

    /// The same, the documents being known.
    pub(super) async fn apply(&self, tx: ObjectId, all: &[Participants]) -> Result<(), Error> {
        for participants in all {
            let collection = self.collection(&participants.collection);
            if !participants.drop.is_empty() {
                let gone = doc! { ID: { "$in": &participants.drop }, INTENT_ID: tx };
                collection.delete_many(gone).await?;
            }
            if !participants.keep.is_empty() {
                let kept = doc! { ID: { "$in": &participants.keep }, INTENT_ID: tx };
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
    pub(super) async fn roll_forward_those(&self, which: Document) -> Result<bool, Error> {
        let committed = doc! { ID: which, "state": COMMITTED };
        let records = self.majority(TRANSACTIONS).find(committed).await?;
        let records = all(records).await?;
        for record in &records {
            self.roll_forward(id_of(record)?, record).await?;
        }
        Ok(!records.is_empty())
    }

    /// Applies all that has happened, and aborts what has been undecided for long.
    pub(super) async fn cleanup(&self) -> Result<(), Error> {
        let records = self.majority(TRANSACTIONS).find(doc! {}).await?;
        for record in all(records).await? {
            let tx = id_of(&record)?;
            let age = self.clock.time() - number(&record, "at").unwrap_or(0);
            if is_committed(&record) {
                self.roll_forward(tx, &record).await?;
            } else if age > ABANDONED {
                self.abort(tx).await?;
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
