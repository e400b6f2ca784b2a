//! Messages on their way out: in the documents of their aggregates, or in a collection of their own
//! when they come without a change.

use std::time::{Duration, Instant};

use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use platform_contract::envelope::Wire;
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, OutboxDepth, OutboxEvent, OutboxRow};
use platform_ports::fail_point;
use uuid::Uuid;

use super::error::{Error, corrupt, is_true, number, signed, text, unsigned};
use super::fields::{OUTBOX, OUTBOX_ID, OUTBOX_POSITION, STANDALONE_OUTBOX};
use super::store::{Store, all};

/// How long a count of messages is good while there are not many.
const COUNTED: Duration = Duration::from_secs(1);

/// What a message is stored as.
pub(super) fn encoded(
    event: &OutboxEvent,
    position: i64,
    written_at: i64,
) -> Result<Document, EngineError> {
    let headers = serde_json::to_string(&event.wire.headers)
        .map_err(|error| EngineError::Corrupt(error.to_string()))?;
    Ok(doc! {
        "id": event.id.to_string(),
        "aggregate_type": &event.aggregate_type,
        "aggregate_id": event.aggregate_id.to_string(),
        "sequence": signed(event.sequence)?,
        "kind": &event.kind,
        "topic": &event.topic,
        "partition": i64::from(event.partition),
        "logged": event.logged,
        "headers": headers,
        "payload": Binary { subtype: BinarySubtype::Generic, bytes: event.wire.payload.clone() },
        "position": position,
        "written_at": written_at,
    })
}

/// The message that is stored so.
pub(super) fn decoded(stored: &Document) -> Result<OutboxEvent, EngineError> {
    let uuid = |name: &str| Uuid::try_parse(text(stored, name)?).map_err(|_| corrupt(name));
    let payload = stored
        .get_binary_generic("payload")
        .map_err(|_| corrupt("payload"))?;
    Ok(OutboxEvent {
        id: uuid("id")?,
        aggregate_type: text(stored, "aggregate_type")?.to_owned(),
        aggregate_id: uuid("aggregate_id")?,
        sequence: unsigned(stored, "sequence")?,
        kind: text(stored, "kind")?.to_owned(),
        topic: text(stored, "topic")?.to_owned(),
        partition: number(stored, "partition")
            .and_then(|partition| u32::try_from(partition).ok())
            .ok_or_else(|| corrupt("partition"))?,
        logged: is_true(stored, "logged"),
        wire: Wire {
            headers: serde_json::from_str(text(stored, "headers")?)
                .map_err(|_| corrupt("headers"))?,
            payload: payload.clone(),
        },
    })
}

fn row(stored: &Document) -> Result<OutboxRow, EngineError> {
    let written_at = number(stored, "written_at").and_then(Timestamp::from_microseconds);
    Ok(OutboxRow {
        position: position(stored)?,
        refused: stored.get_str("refused").ok().map(str::to_owned),
        written_at: written_at.ok_or_else(|| corrupt("written_at"))?,
        event: decoded(stored)?,
    })
}

fn position(stored: &Document) -> Result<i64, EngineError> {
    number(stored, "position").ok_or_else(|| corrupt("position"))
}

/// The messages in a document.
pub(super) fn messages(document: &Document) -> impl Iterator<Item = &Document> {
    let list = document.get_array(OUTBOX).ok().into_iter().flatten();
    list.filter_map(Bson::as_document)
}

impl Store {
    /// The oldest messages of a shard.
    ///
    /// Documents come in the order of the first message of each, so the first messages of all are in
    /// as many documents. That holds for a shard, too: messages of one aggregate are of one shard.
    pub(super) async fn oldest(&self, shard: u32, limit: u32) -> Result<Vec<OutboxRow>, Error> {
        // What has happened is to be found, though whoever did it has not come to apply it.
        self.cleanup().await?;
        let shards = i64::from(self.options.shards);
        let mut filter = doc! { OUTBOX_POSITION: { "$gt": 0_i64 } };
        if shards > 1 {
            let of_shard = doc! { "partition": { "$mod": [shards, i64::from(shard)] } };
            filter.insert(OUTBOX, doc! { "$elemMatch": of_shard });
        }
        let limit = usize::try_from(limit.max(1)).unwrap_or(usize::MAX);
        let mut found: Vec<(i64, Document)> = Vec::new();
        for name in &self.outboxes {
            let documents = self
                .majority(name)
                .find(filter.clone())
                .projection(doc! { OUTBOX: 1 })
                .sort(doc! { OUTBOX_POSITION: 1 })
                .limit(i64::try_from(limit).unwrap_or(i64::MAX))
                .await?;
            for document in all(documents).await? {
                for message in messages(&document) {
                    let partition = number(message, "partition").unwrap_or(0);
                    if partition.checked_rem(shards) == Some(i64::from(shard)) {
                        found.push((position(message)?, message.clone()));
                    }
                }
            }
        }
        found.sort_by_key(|(position, _)| *position);
        let oldest = found.iter().take(limit);
        let rows = oldest.map(|(_, message)| row(message));
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Deletes acknowledged messages; events among them are in the log by then.
    pub(super) async fn acknowledge(&self, ids: &[Uuid]) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        let there = doc! { OUTBOX_ID: { "$in": &ids } };
        let rest = doc! { "$filter": {
            "input": "$_outbox",
            "cond": { "$not": [{ "$in": ["$$this.id", &ids] }] },
        } };
        // An empty list would be a value of the unique index.
        let or_nothing = doc! { "$cond": [
            { "$eq": [{ "$size": "$_outbox" }, 0] },
            "$$REMOVE",
            "$_outbox",
        ] };
        let without = vec![
            doc! { "$set": { OUTBOX: rest } },
            doc! { "$set": { OUTBOX: or_nothing } },
        ];
        for name in &self.outboxes {
            let collection = self.collection(name);
            let documents = collection
                .find(there.clone())
                .projection(doc! { OUTBOX: 1 })
                .await?;
            let documents = all(documents).await?;
            if documents.is_empty() {
                continue;
            }
            let acknowledged = documents.iter().flat_map(messages).filter(|message| {
                let id = message.get_str("id").unwrap_or_default();
                ids.iter().any(|one| one == id)
            });
            self.log(acknowledged).await?;
            fail_point::reach("mongodb.logged").await;
            if name == STANDALONE_OUTBOX {
                collection.delete_many(there.clone()).await?;
            } else {
                collection
                    .update_many(there.clone(), without.clone())
                    .await?;
            }
        }
        self.forget_count();
        Ok(())
    }

    /// The messages that are marked as refused.
    pub(super) async fn refused(&self, limit: u32) -> Result<Vec<OutboxRow>, Error> {
        self.cleanup().await?;
        let marked = doc! { "_outbox.refused": { "$exists": true } };
        let mut found: Vec<OutboxRow> = Vec::new();
        for name in &self.outboxes {
            let documents = self
                .majority(name)
                .find(marked.clone())
                .projection(doc! { OUTBOX: 1 })
                .await?;
            for document in all(documents).await? {
                let rows = messages(&document).map(row);
                found.extend(rows.collect::<Result<Vec<_>, _>>()?);
            }
        }
        found.retain(|row| row.refused.is_some());
        found.sort_by_key(|row| row.position);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Marks a message as refused for good, or frees it.
    pub(super) async fn refuse(&self, id: Uuid, why: Option<&str>) -> Result<(), Error> {
        let change = match why {
            Some(why) => doc! { "$set": { "_outbox.$.refused": why } },
            None => doc! { "$unset": { "_outbox.$.refused": "" } },
        };
        for name in &self.outboxes {
            let there = doc! { OUTBOX_ID: id.to_string() };
            self.collection(name)
                .update_many(there, change.clone())
                .await?;
        }
        Ok(())
    }

    /// How much waits.
    pub(super) async fn depth(&self) -> Result<OutboxDepth, Error> {
        let mut depth = OutboxDepth {
            rows: 0,
            oldest: None,
        };
        let count = vec![
            doc! { "$match": { OUTBOX_POSITION: { "$gt": 0_i64 } } },
            doc! { "$unwind": "$_outbox" },
            doc! { "$group": {
                "_id": null,
                "rows": { "$sum": 1 },
                "oldest": { "$min": "$_outbox.written_at" },
            } },
        ];
        for name in &self.outboxes {
            let counted = self.collection(name).aggregate(count.clone()).await?;
            for counted in all(counted).await? {
                depth.rows += unsigned(&counted, "rows")?;
                let oldest = number(&counted, "oldest").and_then(Timestamp::from_microseconds);
                depth.oldest = match (depth.oldest, oldest) {
                    (Some(one), Some(other)) => Some(one.min(other)),
                    (one, other) => one.or(other),
                };
            }
        }
        Ok(depth)
    }

    /// Whether so many messages more have room. All are counted only where that may matter, or when
    /// the last count is old.
    pub(super) async fn has_room(&self, more: u64) -> Result<bool, Error> {
        let limit = self.options.outbox_limit;
        let known = self.counted.lock().ok().and_then(|counted| *counted);
        if let Some((rows, at)) = known
            && at.elapsed() < COUNTED
            && rows + more <= limit / 2
        {
            self.note_count(rows + more, at);
            return Ok(true);
        }
        let rows = self.depth().await?.rows;
        self.note_count(rows + more, Instant::now());
        Ok(rows + more <= limit)
    }

    fn note_count(&self, rows: u64, at: Instant) {
        if let Ok(mut counted) = self.counted.lock() {
            *counted = Some((rows, at));
        }
    }

    fn forget_count(&self) {
        if let Ok(mut counted) = self.counted.lock() {
            *counted = None;
        }
    }

    /// Whether a message with one of these ids waits anywhere.
    pub(super) async fn waits(&self, ids: &[String]) -> Result<bool, Error> {
        for name in &self.outboxes {
            let there = doc! { OUTBOX_ID: { "$in": ids } };
            let collection = self.collection(name);
            let found = collection.find_one(there).projection(doc! { "_id": 1 });
            if found.await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
