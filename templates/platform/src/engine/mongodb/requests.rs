//! Answers to requests with a key, kept in the document of the aggregate that was asked: so a unit of
//! work of such a request is one write of one document, as one without a key is.
//!
//! The key of an answer names its aggregate. Where nothing is under the id, because a creation was
//! refused, a document of version 0 holds the answer, and goes with it. A document holds a number of
//! answers, of a size; when there would be more, those that have served their time are taken out, and if
//! that is not enough the older half moves into the collection `microdb_requests`, in the transaction of
//! the answer that comes.

use mongodb::bson::{Bson, Document, doc};
use uuid::Uuid;

use super::cells::Cell;
use super::documents::{decoded, encoded, name_of};
use super::error::{is_true, number, unsigned};
use super::fields::{
    CLAIMS, ID, INTENT_ID, LIVE, LOOSE, REQUESTS, REQUESTS_DUE, REQUESTS_MOVED, VERSION,
};
use super::places::document_place;
use super::plan::Planning;
use super::rows;
use super::search::Search;
use super::store::{Place, Store, all};
use crate::engine::{CommitError, DocumentWrite, Documents, EngineError, WriteSet};
use crate::value::Timestamp;

/// How many answers a document holds at most.
const MOST: usize = 64;

/// How many bytes of answers a document holds at most, and how large one of them may be.
const MOST_BYTES: usize = 256 << 10;
const LARGEST: usize = 64 << 10;

/// The answers that a document holds.
pub(super) fn answers(document: &Document) -> impl Iterator<Item = &Document> {
    let list = document.get_array(REQUESTS).ok().into_iter().flatten();
    list.filter_map(Bson::as_document)
}

/// What becomes of the answers that a document holds.
pub(super) enum Answers {
    /// These come to them.
    More(Vec<Document>),
    /// They become these.
    Others(Vec<Document>),
}

impl Cell {
    /// The answers as they will be, to be changed.
    fn answers(&mut self) -> &mut Vec<Document> {
        let seen = self.seen.as_ref();
        self.answers
            .get_or_insert_with(|| seen.into_iter().flat_map(answers).cloned().collect())
    }

    /// What becomes of the answers; `None`: they stay.
    pub(super) fn changed_answers(&self) -> Option<Answers> {
        let now = self.answers.as_ref()?;
        let Some(seen) = &self.seen else {
            return Some(Answers::Others(now.clone()));
        };
        let before: Vec<&Document> = answers(seen).collect();
        let stay = now.iter().take(before.len()).eq(before.iter().copied());
        match now.get(before.len()..).filter(|_| stay) {
            Some([]) => None,
            Some(more) => Some(Answers::More(more.to_vec())),
            None => Some(Answers::Others(now.clone())),
        }
    }

    /// Notes that the answers change, whatever else does, and whether some are elsewhere from now on;
    /// what there is for answers alone goes with the last of them.
    fn change_answers(&mut self, at: usize, moved: bool) {
        if !self.changed {
            let kept = self.seen.as_ref().map(kept);
            self.change(at, Some(kept.unwrap_or_else(|| doc! { VERSION: 0_i64 })));
        }
        self.at = at;
        if let (Some(now), true) = (&mut self.now, moved) {
            now.insert(REQUESTS_MOVED, true);
        }
        let mut all = self.seen.iter().chain(&self.now);
        let has_moved = all.any(|one| is_true(one, REQUESTS_MOVED));
        let is_nothing = |now: &Document| number(now, VERSION) == Some(0);
        let goes = !has_moved && self.now.as_ref().is_some_and(is_nothing);
        if goes && self.answers().is_empty() {
            self.now = None;
        }
    }
}

/// What a write of a document leaves as it is, besides what no write sets.
fn kept(seen: &Document) -> Document {
    let stays = |name: &str| !name.starts_with('_') || [LIVE, CLAIMS].contains(&name);
    let fields = seen.iter().filter(|(name, _)| stays(name));
    fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl Store {
    /// The document that holds the answer under a key: that of the aggregate which the key names.
    pub(super) fn holder_of(&self, collection: Documents, key: &str) -> Option<Place> {
        if collection != Documents::Requests {
            return None;
        }
        let (table, rest) = key.split_once('/')?;
        let (id, _) = rest.split_once('/')?;
        let is_aggregate = self.aggregates().any(|one| one == table);
        (is_aggregate && Uuid::try_parse(id).is_ok()).then(|| (table.to_owned(), id.to_owned()))
    }

    /// Answers that write sets are about and that may have moved out of their documents.
    pub(super) fn moved(
        &self,
        writes: &[WriteSet],
        has_moved: impl Fn(&Place) -> bool,
    ) -> impl Iterator<Item = Place> {
        let all = writes.iter().flat_map(|write| &write.documents);
        let moved =
            all.filter(move |write| self.holder(write).is_some_and(|holder| has_moved(&holder)));
        moved.map(document_place)
    }

    /// The document that holds the answer which is written, if it is one.
    pub(super) fn holder(&self, write: &DocumentWrite) -> Option<Place> {
        let (collection, key) = named(write);
        self.holder_of(collection, key)
    }

    /// The answer that an aggregate's document holds; `None` when it may be elsewhere.
    pub(super) async fn held_answer(
        &self,
        (table, id): &Place,
        key: &str,
    ) -> Result<Option<Option<crate::engine::Document>>, EngineError> {
        let search = Search {
            projection: doc! {
                REQUESTS: { "$elemMatch": { ID: key } },
                REQUESTS_MOVED: 1,
                INTENT_ID: 1,
            },
            ..Search::all(doc! { ID: id })
        };
        let found = self.read(table, &search).await?;
        let Some(document) = found.first() else {
            return Ok(Some(None));
        };
        match answers(document).next() {
            Some(answer) => decoded(answer).map(|answer| Some(Some(answer))),
            None if is_true(document, REQUESTS_MOVED) => Ok(None),
            None => Ok(Some(None)),
        }
    }

    /// What adds the answers in documents of aggregates to those of their own collection, as steps that
    /// follow the choice of `all` there.
    pub(super) fn with_held_answers(
        &self,
        all: &Document,
        due_by: Option<Timestamp>,
    ) -> Vec<Document> {
        let due = match due_by {
            Some(due_by) => doc! { "$lte": due_by.as_microseconds() },
            None => doc! { "$exists": true },
        };
        let tables = self.aggregates();
        let steps = tables.map(|table| {
            doc! { "$unionWith": { "coll": table, "pipeline": [
                { "$match": { REQUESTS_DUE: &due } },
                { "$unwind": "$_requests" },
                { "$replaceRoot": { "newRoot": "$_requests" } },
                { "$match": all },
            ] } }
        });
        steps.collect()
    }

    /// How many answers documents of aggregates hold.
    pub(super) async fn held_answers(&self) -> Result<u64, EngineError> {
        let mut count = 0;
        self.finish_answers().await?;
        for table in self.aggregates() {
            let steps = vec![
                doc! { "$match": { REQUESTS_DUE: { "$exists": true } } },
                doc! { "$unwind": "$_requests" },
                doc! { "$count": "count" },
            ];
            let counted = self.settled(table).aggregate(steps).await?;
            for counted in all(counted).await? {
                count += unsigned(&counted, "count")?;
            }
        }
        Ok(count)
    }

    /// The collections whose documents hold answers: those of aggregates. Where a member of the rows
    /// decides the shard, there is no place for an answer before there is a row, and none for any.
    fn aggregates(&self) -> impl Iterator<Item = &str> {
        let names = self.outboxes.iter().map(String::as_str);
        names.filter(|name| *name != LOOSE && self.shard_of(name).is_none())
    }

    /// Applies what was committed and not yet applied to the documents that hold answers.
    pub(super) async fn finish_answers(&self) -> Result<(), EngineError> {
        for table in self.aggregates() {
            self.finish_in(table).await?;
        }
        Ok(())
    }
}

impl Planning<'_> {
    /// A change of an answer that an aggregate's document holds, or would.
    pub(super) fn answer(
        &mut self,
        at: usize,
        holder: Place,
        write: &DocumentWrite,
    ) -> Result<(), CommitError> {
        let elsewhere = document_place(write);
        let key = elsewhere.1.clone();
        let moved = self.plan.cells.get(&elsewhere);
        if moved.is_some_and(|cell| cell.live().is_some()) {
            return self.document_at(at, elsewhere, write);
        }
        let answers = self.cell_at(holder.clone()).answers();
        let found = answers
            .iter()
            .position(|answer| answer.get_str(ID).is_ok_and(|id| id == key));
        let known = found.and_then(|index| answers.get(index));
        let version = rows::version(known)?;
        match (write, found) {
            (
                DocumentWrite::Put {
                    expected, document, ..
                },
                found,
            ) if *expected == version => {
                let mut answer = encoded(document, version + 1)?;
                answer.insert(ID, &key);
                match found.and_then(|index| answers.get_mut(index)) {
                    Some(before) => *before = answer,
                    None => self.hold(at, &holder, answer)?,
                }
            }
            (DocumentWrite::Delete { expected, .. }, Some(index)) if *expected == version => {
                answers.remove(index);
            }
            _ => return Err(CommitError::Conflict),
        }
        self.cell_at(holder).change_answers(at, false);
        Ok(())
    }

    /// Puts an answer into the document, and others out of it when they get too many.
    fn hold(&mut self, at: usize, holder: &Place, answer: Document) -> Result<(), CommitError> {
        let now = self.store.clock.time();
        let answers = self.cell_at(holder.clone()).answers();
        let mut out = Vec::new();
        if size(&answer)? > LARGEST {
            out.push(answer);
        } else {
            answers.push(answer);
            if is_full(answers)? {
                answers.retain(|answer| number(answer, "due").is_none_or(|due| due > now));
                if is_full(answers)? || answers.len() > MOST / 2 {
                    out.extend(answers.drain(..answers.len() / 2));
                }
            }
        }
        if out.is_empty() {
            return Ok(());
        }
        for mut answer in out {
            let Some(Bson::String(key)) = answer.remove(ID) else {
                continue;
            };
            let elsewhere = (name_of(Documents::Requests).to_owned(), key);
            self.cell_at(elsewhere).change(at, Some(answer));
        }
        self.cell_at(holder.clone()).change_answers(at, true);
        Ok(())
    }
}

fn is_full(answers: &[Document]) -> Result<bool, CommitError> {
    let sizes: Result<Vec<usize>, CommitError> = answers.iter().map(size).collect();
    Ok(answers.len() > MOST || sizes?.iter().sum::<usize>() > MOST_BYTES)
}

fn size(answer: &Document) -> Result<usize, CommitError> {
    let bytes = answer.to_vec();
    let bytes = bytes.map_err(|error| EngineError::Corrupt(error.to_string()))?;
    Ok(bytes.len())
}

/// The collection and the key of what is written.
fn named(write: &DocumentWrite) -> (Documents, &str) {
    match write {
        DocumentWrite::Put {
            collection,
            document,
            ..
        } => (*collection, &document.key),
        DocumentWrite::Delete {
            collection, key, ..
        } => (*collection, key),
    }
}
