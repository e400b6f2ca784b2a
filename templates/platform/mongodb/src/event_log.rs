//! The log of events. An event is in the outbox first, and goes from there into the log before it
//! leaves the outbox; so whoever reads the log looks into the outbox before, and finds each event in
//! one of them, or in both.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::{Document, doc};
use platform_contract::value::Timestamp;
use platform_ports::engine::{EngineError, OutboxEvent};
use uuid::Uuid;

use super::connect::durable;
use super::error::{Error, is_true, only_duplicates, signed, text, unsigned, written};
use super::fields::{ID, LOG, OUTBOX, OUTBOX_POSITION, STANDALONE_OUTBOX};
use super::outbox::{decoded, encoded, messages};
use super::store::{Store, all};

/// Where an event stands in the log.
fn log_key(aggregate_type: &str, aggregate: &str, sequence: u64) -> String {
    format!("{aggregate_type}/{aggregate}/{sequence:020}")
}

impl Store {
    /// Writes events among these messages into the log; what is there already stays.
    pub(super) async fn log(&self, messages: impl Iterator<Item = &Document>) -> Result<(), Error> {
        let mut events = Vec::new();
        for message in messages {
            if !is_true(message, "logged") || message.contains_key("trimmed") {
                continue;
            }
            let (kind, aggregate) = (
                text(message, "aggregate_type")?,
                text(message, "aggregate_id")?,
            );
            let mut event = doc! { ID: log_key(kind, aggregate, unsigned(message, "sequence")?) };
            event.extend(message.clone());
            events.push(event);
        }
        if events.is_empty() {
            return Ok(());
        }
        let command = doc! {
            "insert": LOG, "documents": events, "ordered": false, "writeConcern": durable(),
        };
        let answer = self.connection.database.run_command(command).await?;
        Ok(only_duplicates(&answer)?)
    }

    /// Events of the log after a place, in the order of aggregates and their sequences.
    pub(super) async fn events(
        &self,
        aggregate_type: &str,
        after: Option<(Uuid, u64)>,
        limit: u32,
    ) -> Result<Vec<OutboxEvent>, Error> {
        let limit_all = i64::from(limit.max(1));
        let mut events = BTreeMap::new();
        self.cleanup().await?;
        for name in &self.outboxes {
            let steps = waiting(aggregate_type, after, limit_all)?;
            let found = self.collection(name).aggregate(steps).await?;
            for message in all(found).await? {
                let event = decoded(&message)?;
                events.insert((event.aggregate_id, event.sequence), event);
            }
        }
        let from = match after {
            Some((aggregate, sequence)) => {
                log_key(aggregate_type, &aggregate.to_string(), sequence)
            }
            None => format!("{aggregate_type}/"),
        };
        let found = self
            .collection(LOG)
            .find(doc! { ID: { "$gt": from, "$lt": format!("{aggregate_type}0") } })
            .sort(doc! { ID: 1 })
            .limit(limit_all)
            .await?;
        for message in all(found).await? {
            let event = decoded(&message)?;
            events.insert((event.aggregate_id, event.sequence), event);
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(events.into_values().take(limit).collect())
    }

    /// Puts events in the place of those that the log has. What is in the outbox is written into the log
    /// before, where it stays as it is put now when it leaves the outbox.
    pub(super) async fn rewrite_events(&self, events: &[OutboxEvent]) -> Result<(), Error> {
        self.log_of(events).await?;
        let updates: Vec<Document> = events
            .iter()
            .map(|event| {
                let aggregate = event.aggregate_id.to_string();
                let key = log_key(&event.aggregate_type, &aggregate, event.sequence);
                let all = encoded(event, 0, 0)?.into_iter();
                let fields: Document = all
                    .filter(|(name, _)| ["kind", "headers", "payload"].contains(&name.as_str()))
                    .collect();
                Ok(doc! { "q": { ID: key }, "u": { "$set": fields } })
            })
            .collect::<Result<_, EngineError>>()?;
        if updates.is_empty() {
            return Ok(());
        }
        let command = doc! { "update": LOG, "updates": updates, "writeConcern": durable() };
        let answer = self.connection.database.run_command(command).await?;
        Ok(written(&answer).map(|_| ())?)
    }

    /// Writes what the outbox has of these aggregates into the log.
    async fn log_of(&self, events: &[OutboxEvent]) -> Result<(), Error> {
        self.cleanup().await?;
        let aggregates: BTreeSet<String> = events
            .iter()
            .map(|event| event.aggregate_id.to_string())
            .collect();
        let aggregates: Vec<String> = aggregates.into_iter().collect();
        for name in &self.outboxes {
            let named_by = match name == STANDALONE_OUTBOX {
                true => "_outbox.aggregate_id",
                false => ID,
            };
            let there = doc! {
                OUTBOX_POSITION: { "$gt": 0_i64 },
                named_by: { "$in": &aggregates },
            };
            let found = self.majority(name).find(there).await?;
            for document in all(found).await? {
                self.log(messages(&document)).await?;
            }
        }
        Ok(())
    }

    /// Deletes events that are older; those still in the outbox are left out of the log from now on.
    pub(super) async fn trim(&self, before: Timestamp) -> Result<u64, Error> {
        let old = doc! { "written_at": { "$lt": before.as_microseconds() } };
        let mut trimmed = self
            .collection(LOG)
            .delete_many(old.clone())
            .await?
            .deleted_count;
        let of_outbox = doc! {
            "written_at": { "$lt": before.as_microseconds() },
            "logged": true,
            "trimmed": { "$exists": false },
        };
        for name in &self.outboxes {
            let collection = self.collection(name);
            let there = doc! { OUTBOX: { "$elemMatch": &of_outbox } };
            let documents = collection.find(there.clone()).await?;
            let documents = all(documents).await?;
            if documents.is_empty() {
                continue;
            }
            let is_old = |message: &&Document| {
                is_true(message, "logged")
                    && !message.contains_key("trimmed")
                    && message
                        .get_i64("written_at")
                        .is_ok_and(|at| at < before.as_microseconds())
            };
            let messages = documents.iter().flat_map(messages);
            trimmed += messages.filter(is_old).count() as u64;
            let left_out = doc! { "$set": { "_outbox.$[old].trimmed": true } };
            collection
                .update_many(there, left_out)
                .array_filters(vec![doc! {
                    "old.written_at": { "$lt": before.as_microseconds() },
                    "old.logged": true,
                }])
                .await?;
        }
        Ok(trimmed)
    }
}

/// Events in the outbox that belong to a page of the log.
fn waiting(
    aggregate_type: &str,
    after: Option<(Uuid, u64)>,
    limit: i64,
) -> Result<Vec<Document>, EngineError> {
    let mut wanted = doc! {
        "aggregate_type": aggregate_type,
        "logged": true,
        "trimmed": { "$exists": false },
    };
    if let Some((aggregate, sequence)) = after {
        let aggregate = aggregate.to_string();
        wanted.insert(
            "$or",
            vec![
                doc! { "aggregate_id": { "$gt": &aggregate } },
                doc! { "aggregate_id": &aggregate, "sequence": { "$gt": signed(sequence)? } },
            ],
        );
    }
    Ok(vec![
        doc! { "$match": { OUTBOX_POSITION: { "$gt": 0_i64 } } },
        doc! { "$unwind": "$_outbox" },
        doc! { "$replaceRoot": { "newRoot": "$_outbox" } },
        doc! { "$match": wanted },
        doc! { "$sort": { "aggregate_id": 1, "sequence": 1 } },
        doc! { "$limit": limit },
    ])
}
