//! Applies what is planned: as one write, when it is about one document, or as a transaction.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use platform_ports::engine::{CommitError, EngineError, WriteSet};
use platform_ports::fail_point;

use super::document_state::DocumentState;
use super::error::{BulkWriteOutcome, Error, duplicate};
use super::fields::{CLAIMS, ID, OUTBOX, TRANSACTIONS};
use super::intents::{bound, chunks, intent, prepared, stub};
use super::plan::{Plan, WriteSetError};
use super::resolve::{COMMITTED, PENDING, Participants};
use super::store::{Address, Store, locking_transaction};

/// The pauses before write sets are planned anew because others were faster, as often as that is tried;
/// with jitter, so that competitors fall out of step.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(1))
    .with_max_delay(Duration::from_millis(20))
    .with_max_times(49)
    .with_jitter();

/// What came of a plan.
enum PlanOutcome {
    /// It is applied.
    Applied,
    /// Something moved since it was read; nothing is applied.
    Retry,
}

impl Store {
    /// Applies write sets, all or none.
    pub(super) async fn commit(&self, writes: &[WriteSet]) -> Result<(), WriteSetError> {
        let mut pauses = PAUSES.build();
        loop {
            let plan = self.plan(writes).await?;
            fail_point::reach("mongodb.planned").await;
            match self.apply_plan(&plan).await? {
                PlanOutcome::Applied => return Ok(()),
                PlanOutcome::Retry => {
                    let pause = pauses.next().ok_or((0, CommitError::Conflict))?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    async fn apply_plan(&self, plan: &Plan) -> Result<PlanOutcome, WriteSetError> {
        let states: Vec<(&Address, &DocumentState)> = plan.taking_part().collect();
        match states.as_slice() {
            [] => {
                self.check(plan).await?;
                Ok(PlanOutcome::Applied)
            }
            [(address, state)] if plan.predicates.is_empty() => {
                self.single(plan, address, state).await
            }
            _ => self.transaction(plan).await,
        }
    }

    async fn check(&self, plan: &Plan) -> Result<(), WriteSetError> {
        for (at, predicate) in &plan.predicates {
            let holds = self.hold(predicate).await;
            holds.map_err(|why| (*at, why))?;
        }
        Ok(())
    }

    /// One write of one document, bound to its revision, is all.
    async fn single(
        &self,
        plan: &Plan,
        address: &Address,
        state: &DocumentState,
    ) -> Result<PlanOutcome, WriteSetError> {
        if !state.changed {
            return Ok(PlanOutcome::Applied);
        }
        let collection = self.collection(&address.0);
        let failed = |error: mongodb::error::Error| (state.at, Error::from(error).into());
        let written = match (bound(address, state), state.fields(plan.position)) {
            (None, None) => return Ok(PlanOutcome::Applied),
            (None, Some(mut fields)) => {
                fields.insert(ID, &address.1);
                if !state.push.is_empty() {
                    fields.insert(OUTBOX, &state.push);
                }
                collection.insert_one(fields).await.map(|_| 1)
            }
            (Some(bound), None) => {
                let deleted = collection.delete_one(bound).await;
                deleted.map(|deleted| deleted.deleted_count)
            }
            (Some(bound), Some(fields)) => {
                let mut update = doc! { "$set": fields };
                let pushes = state.pushes().into_iter();
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
            Ok(0) => Ok(PlanOutcome::Retry),
            Ok(_) => Ok(PlanOutcome::Applied),
            Err(error) => match duplicate(&error) {
                Some(index) => self.taken(plan, &address.0, &index).await,
                None => Err(failed(error)),
            },
        }
    }

    /// The protocol for several documents; see the module.
    async fn transaction(&self, plan: &Plan) -> Result<PlanOutcome, WriteSetError> {
        let engine = |error: Error| (0, CommitError::from(error));
        if self.move_remains(plan).await.map_err(engine)? {
            return Ok(PlanOutcome::Retry);
        }
        let tx = ObjectId::new();
        let participants = plan.participants();
        let listed: Vec<Document> = participants.iter().map(Participants::to_document).collect();
        let record = doc! { ID: tx, "state": PENDING, "at": self.clock.time(), "parts": listed };
        let records = self.collection(TRANSACTIONS);
        let inserted = records.insert_one(record).await;
        inserted.map_err(|error| engine(error.into()))?;
        fail_point::reach("mongodb.recorded").await;
        let prepared = self.prepare(tx, plan).await;
        if !matches!(prepared, Ok(PlanOutcome::Applied)) {
            // When this fails, too, whoever meets what is left does it.
            self.abandon(tx, &participants).await;
            return prepared;
        }
        let undecided = doc! { ID: tx, "state": PENDING };
        let commit = doc! { "$set": { "state": COMMITTED } };
        let decided = records.update_one(undecided, commit).await;
        // Without an answer nobody knows, until somebody meets one of the documents.
        let decided = decided.map_err(|error| engine(error.into()))?;
        if decided.matched_count == 0 {
            self.abandon(tx, &participants).await;
            return Ok(PlanOutcome::Retry);
        }
        fail_point::reach("mongodb.committed").await;
        if let Err(error) = self.apply(tx, &participants).await {
            tracing::warn!(%error, "what is committed is applied when it is met");
        }
        Ok(PlanOutcome::Applied)
    }

    async fn prepare(&self, tx: ObjectId, plan: &Plan) -> Result<PlanOutcome, WriteSetError> {
        match self.lock(tx, plan).await? {
            PlanOutcome::Applied => fail_point::reach("mongodb.locked").await,
            PlanOutcome::Retry => return Ok(PlanOutcome::Retry),
        }
        self.check(plan).await?;
        fail_point::reach("mongodb.checked").await;
        Ok(PlanOutcome::Applied)
    }

    async fn abandon(&self, tx: ObjectId, all: &[Participants]) {
        let ended = self.abort(tx).await;
        // Somebody else may have aborted it while documents were still being locked.
        let undone = self.roll_back(tx, all).await;
        if let Err(error) = ended.map(|_| ()).and(undone) {
            tracing::debug!(%error, "documents are given back when they are met");
        }
    }

    /// Puts what is intended into all documents, in their order.
    async fn lock(&self, tx: ObjectId, plan: &Plan) -> Result<PlanOutcome, WriteSetError> {
        for (collection, states) in plan.by_collection() {
            let mut updates = Vec::new();
            let mut inserts = Vec::new();
            for (address, state) in states {
                let intent = intent(tx, state, plan.position);
                match bound(address, state) {
                    Some(bound) => {
                        let set = prepared(state, intent);
                        updates.push(doc! { "q": bound, "u": { "$set": set } });
                    }
                    None => inserts.push(stub(address, state, intent)),
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
                        BulkWriteOutcome::Matched(matched) if matched == count => {}
                        BulkWriteOutcome::Matched(_) => return Ok(PlanOutcome::Retry),
                        BulkWriteOutcome::Duplicate(index) => {
                            return self.taken(plan, collection, &index).await;
                        }
                    }
                    fail_point::reach("mongodb.locked-some").await;
                }
            }
        }
        Ok(PlanOutcome::Applied)
    }

    /// What it means that a unique index has the value already.
    async fn taken(
        &self,
        plan: &Plan,
        collection: &str,
        index: &str,
    ) -> Result<PlanOutcome, WriteSetError> {
        match index {
            "microdb_outbox_id" => return Err((0, CommitError::Conflict)),
            // Somebody else was faster to make the document.
            "_id_" => return Ok(PlanOutcome::Retry),
            _ => {}
        }
        let mut is_known = false;
        for ((table, key), state) in plan.taking_part() {
            let Some(schema) = state.schema.filter(|_| table == collection) else {
                continue;
            };
            let mut constraints = schema.unique.iter();
            let unique = constraints.find(|unique| format!("{table}_{}_key", unique.name) == index);
            is_known |= unique.is_some();
            let (seen, now) = state.claims();
            let (Some(unique), false) = (unique, seen == now) else {
                continue;
            };
            let claims = now.get_array(unique.name).cloned().unwrap_or_default();
            let owner = doc! { format!("{CLAIMS}.{}", unique.name): { "$in": claims } };
            let owner = doc! { "$and": [owner, { ID: { "$ne": key } }] };
            let found = self.collection(table).find_one(owner).await;
            let Some(owner) = found.map_err(|error| (state.at, Error::from(error).into()))? else {
                continue;
            };
            match locking_transaction(&owner) {
                // Its owner may be about to give it up, or not to get it.
                Some(Bson::ObjectId(tx)) if !plan.is_own(&owner, table) => {
                    let id = owner.get_str(ID).unwrap_or_default().to_owned();
                    let settled = self.resolve(tx, &[(table.clone(), id)]).await;
                    settled.map_err(|error| (state.at, error.into()))?;
                }
                _ => return Err((state.at, CommitError::Taken(unique.name))),
            }
        }
        match is_known {
            true => Ok(PlanOutcome::Retry),
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
