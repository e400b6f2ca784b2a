//! Answers to requests with a key, kept in the document of the aggregate that was asked: so a unit of
//! work of such a request is one write of one document, as one without a key is.
//!
//! The key of an answer names its aggregate. Where nothing is under the id, because a creation was
//! refused, a document of version 0 holds the answer, and goes with it. A document holds a number of
//! answers, of a size; when there would be more, the older half moves into the collection
//! `microdb_requests`, in the transaction of the answer that comes.

use mongodb::bson::{Bson, Document, doc};
use platform_contract::value::Timestamp;
use platform_ports::engine::{self, DocumentWrite, Documents, WriteSet};
use uuid::Uuid;

use super::addresses::document_address;
use super::documents::{decoded, name_of};
use super::error::{Error, is_true, unsigned};
use super::fields::{ID, INTENT_ID, REQUESTS, REQUESTS_DUE, REQUESTS_MOVED, STANDALONE_OUTBOX};
use super::rows::is_live;
use super::search::Search;
use super::store::{Address, Store, all};

/// The answers that a document holds.
pub(super) fn answers(document: &Document) -> impl Iterator<Item = &Document> {
    let list = document.get_array(REQUESTS).ok().into_iter().flatten();
    list.filter_map(Bson::as_document)
}

impl Store {
    /// The document that holds the answer under a key: that of the aggregate which the key names.
    pub(super) fn answer_holder_of(&self, collection: Documents, key: &str) -> Option<Address> {
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
        has_moved: impl Fn(&Address) -> bool,
    ) -> impl Iterator<Item = Address> {
        let all = writes.iter().flat_map(|write| &write.documents);
        let moved = all.filter(move |write| {
            self.answer_holder(write)
                .is_some_and(|holder| has_moved(&holder))
        });
        moved.map(document_address)
    }

    /// The document that holds the answer which is written, if it is one.
    pub(super) fn answer_holder(&self, write: &DocumentWrite) -> Option<Address> {
        let (collection, key) = named(write);
        self.answer_holder_of(collection, key)
    }

    /// The answer that an aggregate's document holds; `None` when it may be elsewhere.
    pub(super) async fn held_answer(
        &self,
        (table, id): &Address,
        key: &str,
    ) -> Result<Option<Option<engine::Document>>, Error> {
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
            Some(answer) => Ok(Some(Some(decoded(answer)?))),
            None if is_true(document, REQUESTS_MOVED) => Ok(None),
            None => Ok(Some(None)),
        }
    }

    /// All answers to what an aggregate was asked: those in its document, and those that have moved.
    pub(super) async fn requests(
        &self,
        table: &str,
        id: Uuid,
    ) -> Result<Vec<engine::Document>, Error> {
        let mut found = Vec::new();
        if self.aggregates().any(|one| one == table) {
            let search = Search {
                projection: doc! { REQUESTS: 1, INTENT_ID: 1 },
                ..Search::all(doc! { ID: id.to_string() })
            };
            for document in self.read(table, &search).await? {
                let held: Result<Vec<_>, _> = answers(&document).map(decoded).collect();
                found.extend(held?);
            }
        }
        let (from, to) = (format!("{table}/{id}/"), format!("{table}/{id}0"));
        let moved = Search::all(doc! { ID: { "$gt": from, "$lt": to } });
        let moved = self.read(name_of(Documents::Requests), &moved).await?;
        let moved = moved.iter().filter(|stored| is_live(stored));
        let moved: Result<Vec<_>, _> = moved.map(decoded).collect();
        found.extend(moved?);
        Ok(found)
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
    pub(super) async fn held_answers(&self) -> Result<u64, Error> {
        let mut count = 0;
        self.roll_forward_answers().await?;
        for table in self.aggregates() {
            let steps = vec![
                doc! { "$match": { REQUESTS_DUE: { "$exists": true } } },
                doc! { "$unwind": "$_requests" },
                doc! { "$count": "count" },
            ];
            let counted = self.majority(table).aggregate(steps).await?;
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
        names.filter(|name| *name != STANDALONE_OUTBOX && self.shard_of(name).is_none())
    }

    /// Applies what was committed and not yet applied to the documents that hold answers.
    pub(super) async fn roll_forward_answers(&self) -> Result<(), Error> {
        for table in self.aggregates() {
            self.roll_forward_in(table).await?;
        }
        Ok(())
    }
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
