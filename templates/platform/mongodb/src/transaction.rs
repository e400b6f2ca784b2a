//! Applies what is planned: as one write, when it is about one document, or as a transaction.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::{CommitError, EngineError, WriteSet};
use platform_ports::fail_point;

use super::cells::Cell;
use super::error::{Failed, Written, duplicate};
use super::fields::{CLAIMS, ID, OUTBOX, TRANSACTIONS};
use super::intents::{bound, chunks, intent, prepared, stub};
use super::plan::{Failure, Plan};
use super::resolve::{COMMITTED, PENDING, Part};
use super::store::{Place, Store, holder};

/// How often write sets are planned anew because others were faster.
const ATTEMPTS: u32 = 50;

/// The longest pause between two attempts, in milliseconds.
const LONGEST_MS: u64 = 64;

/// What came of a plan.
enum Outcome {
    /// It is applied.
    Done,
    /// Something moved since it was read; nothing is applied.
    Again,
}

impl Store {
    /// Applies write sets, all or none.
    pub(super) async fn commit(&self, writes: &[WriteSet]) -> Result<(), Failure> {
        for attempt in 0..ATTEMPTS {
            let plan = self.plan(writes).await?;
            fail_point::reach("mongodb.planned").await;
            match self.apply_plan(&plan).await? {
                Outcome::Done => return Ok(()),
                Outcome::Again => pause(attempt).await,
            }
        }
        Err((0, CommitError::Conflict))
    }

    async fn apply_plan(&self, plan: &Plan) -> Result<Outcome, Failure> {
        let cells: Vec<(&Place, &Cell)> = plan.taking_part().collect();
        match cells.as_slice() {
            [] => {
                self.check(plan).await?;
                Ok(Outcome::Done)
            }
            [(place, cell)] if plan.predicates.is_empty() => self.single(plan, place, cell).await,
            _ => self.transaction(plan).await,
        }
    }

    async fn check(&self, plan: &Plan) -> Result<(), Failure> {
        for (at, predicate) in &plan.predicates {
            let holds = self.hold(predicate).await;
            holds.map_err(|why| (*at, why))?;
        }
        Ok(())
    }

    /// One write of one document, bound to its revision, is all.
    async fn single(&self, plan: &Plan, place: &Place, cell: &Cell) -> Result<Outcome, Failure> {
        if !cell.changed {
            return Ok(Outcome::Done);
        }
        let collection = self.collection(&place.0);
        let failed = |error: mongodb::error::Error| (cell.at, Failed::from(error).into());
        let written = match (bound(place, cell), cell.fields(plan.position)) {
            (None, None) => return Ok(Outcome::Done),
            (None, Some(mut fields)) => {
                fields.insert(ID, &place.1);
                if !cell.push.is_empty() {
                    fields.insert(OUTBOX, &cell.push);
                }
                collection.insert_one(fields).await.map(|_| 1)
            }
            (Some(bound), None) => {
                let deleted = collection.delete_one(bound).await;
                deleted.map(|deleted| deleted.deleted_count)
            }
            (Some(bound), Some(fields)) => {
                let mut update = doc! { "$set": fields };
                let pushes = cell.pushes().into_iter();
                let pushes: Document = pushes
                    .map(|(list, more)| (list.to_owned(), Bson::from(doc! { "$each": more })))
                    .collect();
                if !pushes.is_empty() {
                    update.insert("$push", pushes);
                }
                let updated = collection.update_one(bound, update).await;
                updated.map(|updated| updated.matched_count)
            }
        };
        match written {
            Ok(0) => Ok(Outcome::Again),
            Ok(_) => Ok(Outcome::Done),
            Err(error) => match duplicate(&error) {
                Some(index) => self.taken(plan, &place.0, &index).await,
                None => Err(failed(error)),
            },
        }
    }

    /// The protocol for several documents; see the module.
    async fn transaction(&self, plan: &Plan) -> Result<Outcome, Failure> {
        let engine = |error: Failed| (0, CommitError::from(error));
        if self.move_remains(plan).await.map_err(engine)? {
            return Ok(Outcome::Again);
        }
        let tx = ObjectId::new();
        let parts = plan.parts();
        let listed: Vec<Document> = parts.iter().map(Part::to_document).collect();
        let record = doc! { ID: tx, "state": PENDING, "at": self.clock.time(), "parts": listed };
        let records = self.collection(TRANSACTIONS);
        let inserted = records.insert_one(record).await;
        inserted.map_err(|error| engine(error.into()))?;
        fail_point::reach("mongodb.recorded").await;
        let prepared = self.prepare(tx, plan).await;
        if !matches!(prepared, Ok(Outcome::Done)) {
            // When this fails, too, whoever meets what is left does it.
            self.abandon(tx, &parts).await;
            return prepared;
        }
        let undecided = doc! { ID: tx, "state": PENDING };
        let commit = doc! { "$set": { "state": COMMITTED } };
        let decided = records.update_one(undecided, commit).await;
        // Without an answer nobody knows, until somebody meets one of the documents.
        let decided = decided.map_err(|error| engine(error.into()))?;
        if decided.matched_count == 0 {
            self.abandon(tx, &parts).await;
            return Ok(Outcome::Again);
        }
        fail_point::reach("mongodb.committed").await;
        if let Err(error) = self.apply(tx, &parts).await {
            tracing::warn!(%error, "what is committed is applied when it is met");
        }
        Ok(Outcome::Done)
    }

    async fn prepare(&self, tx: ObjectId, plan: &Plan) -> Result<Outcome, Failure> {
        match self.lock(tx, plan).await? {
            Outcome::Done => fail_point::reach("mongodb.locked").await,
            Outcome::Again => return Ok(Outcome::Again),
        }
        self.check(plan).await?;
        fail_point::reach("mongodb.checked").await;
        Ok(Outcome::Done)
    }

    async fn abandon(&self, tx: ObjectId, parts: &[Part]) {
        let ended = self.end(tx).await;
        // Somebody else may have ended it while documents were still being locked.
        let undone = self.undo(tx, parts).await;
        if let Err(error) = ended.map(|_| ()).and(undone) {
            tracing::debug!(%error, "documents are given back when they are met");
        }
    }

    /// Puts what is intended into all documents, in their order.
    async fn lock(&self, tx: ObjectId, plan: &Plan) -> Result<Outcome, Failure> {
        for (collection, cells) in plan.by_collection() {
            let mut updates = Vec::new();
            let mut inserts = Vec::new();
            for (place, cell) in cells {
                let intent = intent(tx, cell, plan.position);
                match bound(place, cell) {
                    Some(bound) => {
                        let set = prepared(cell, intent);
                        updates.push(doc! { "q": bound, "u": { "$set": set } });
                    }
                    None => inserts.push(stub(place, cell, intent)),
                }
            }
            for (verb, list, writes) in [
                ("update", "updates", updates),
                ("insert", "documents", inserts),
            ] {
                for some in chunks(writes) {
                    let count = some.len() as u64;
                    let command = doc! { verb: collection, list: some };
                    let written = self.write(command).await;
                    match written.map_err(|error| (0, error.into()))? {
                        Written::Matched(matched) if matched == count => {}
                        Written::Matched(_) => return Ok(Outcome::Again),
                        Written::Duplicate(index) => {
                            return self.taken(plan, collection, &index).await;
                        }
                    }
                    fail_point::reach("mongodb.locked-some").await;
                }
            }
        }
        Ok(Outcome::Done)
    }

    /// What it means that a unique index has the value already.
    async fn taken(&self, plan: &Plan, collection: &str, index: &str) -> Result<Outcome, Failure> {
        match index {
            "microdb_outbox_id" => return Err((0, CommitError::Conflict)),
            // Somebody else was faster to make the document.
            "_id_" => return Ok(Outcome::Again),
            _ => {}
        }
        let mut is_known = false;
        for ((table, key), cell) in plan.taking_part() {
            let Some(schema) = cell.schema.filter(|_| table == collection) else {
                continue;
            };
            let mut constraints = schema.unique.iter();
            let unique = constraints.find(|unique| format!("{table}_{}_key", unique.name) == index);
            is_known |= unique.is_some();
            let (seen, now) = cell.claims();
            let (Some(unique), false) = (unique, seen == now) else {
                continue;
            };
            let claims = now.get_array(unique.name).cloned().unwrap_or_default();
            let owner = doc! { format!("{CLAIMS}.{}", unique.name): { "$in": claims } };
            let owner = doc! { "$and": [owner, { ID: { "$ne": key } }] };
            let found = self.collection(table).find_one(owner).await;
            let Some(owner) = found.map_err(|error| (cell.at, Failed::from(error).into()))? else {
                continue;
            };
            match holder(&owner) {
                // Its owner may be about to give it up, or not to get it.
                Some(Bson::ObjectId(tx)) if !plan.is_own(&owner, table) => {
                    let id = owner.get_str(ID).unwrap_or_default().to_owned();
                    let settled = self.settle(tx, &[(table.clone(), id)]).await;
                    settled.map_err(|error| (cell.at, error.into()))?;
                }
                _ => return Err((cell.at, CommitError::Taken(unique.name))),
            }
        }
        match is_known {
            true => Ok(Outcome::Again),
            // No waiting mends it.
            false => Err((0, unknown(collection, index).into())),
        }
    }
}

/// A unique index that no description has.
fn unknown(collection: &str, index: &str) -> EngineError {
    EngineError::Corrupt(format!(
        "the unique index `{index}` of `{collection}` has the value already"
    ))
}

/// Waits a random time, longer after each attempt, so that competitors fall out of step.
async fn pause(attempt: u32) {
    let longest = LONGEST_MS.min(1 << attempt.min(10));
    let millis = RandomState::new().hash_one(attempt) % longest;
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
