//! Messages that wait: for one that is missing before them, for a newer version of the program, or
//! for the rest of their own effects.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prometheus::IntCounterVec;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event_handler::HandlerContext;
use super::heads::heads;
use super::message::Message;
use super::metrics;
use platform_contract::envelope::{Change, Envelope};
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError,
};

/// How many waiting messages of a key are looked at in one go.
const AT_ONCE: u32 = 200;

pub(super) static PARKED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_parked_total",
        "Messages that had to wait: for one before them, for an upgrade, or for the rest of their effects.",
    )
});

/// Why a message waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ParkedReason {
    /// One before it is missing.
    Gap,
    /// The same, and the owner has told that it does not have that one any more.
    Lost,
    /// It is the snapshot that the owner sent instead of events that it does not have any more.
    SnapshotInstead,
    /// It is of a newer version than is known here.
    NewerVersion(String),
    /// Part of its effects is still to come.
    Unfinished,
}

/// A message that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ParkedMessage {
    pub message: Message,
    pub reason: ParkedReason,
    /// When it was recorded by its owner: since then, this handler is behind.
    pub since: Timestamp,
}

/// The waiting messages of one aggregate, by sequence, and what becomes of them.
#[derive(Debug, Default)]
pub(super) struct ParkedMessages {
    group: String,
    entries: BTreeMap<u64, Entry>,
    removed: Vec<(String, u64)>,
    /// Whether there are more than were loaded.
    more: bool,
}

#[derive(Debug)]
struct Entry {
    message: ParkedMessage,
    /// The version of its document; absent: it is not written yet.
    stored: Option<u64>,
    /// Whether it says something else by now.
    changed: bool,
}

impl ParkedMessage {
    /// Whether part of its effects is still to come.
    pub fn is_unfinished(&self) -> bool {
        matches!(self.reason, ParkedReason::Unfinished)
    }

    /// Whether it is a snapshot that only stands for events that are missing.
    pub fn is_snapshot_instead(&self) -> bool {
        matches!(self.reason, ParkedReason::SnapshotInstead)
    }
}

impl ParkedMessages {
    /// Those of an aggregate.
    pub async fn load(context: &HandlerContext, aggregate: Uuid) -> Result<Self, EngineError> {
        let group = context.group(aggregate);
        let query = DocumentsQuery {
            collection: Documents::Parked,
            group: Some(group.clone()),
            due_by: None,
            heads_only: false,
            after: None,
            limit: AT_ONCE,
        };
        let documents = context.runtime.engine.documents(&query).await?;
        let more = documents.len() >= AT_ONCE as usize;
        let entries = documents
            .into_iter()
            .map(|document| {
                let entry = Entry {
                    stored: Some(document.version),
                    message: parked_message(&document),
                    changed: false,
                };
                (document.position.cast_unsigned(), entry)
            })
            .collect();
        Ok(Self {
            group,
            entries,
            removed: Vec::new(),
            more,
        })
    }

    /// The one with the lowest sequence.
    pub fn head(&self) -> Option<(u64, &ParkedMessage)> {
        let (sequence, entry) = self.entries.first_key_value()?;
        Some((*sequence, &entry.message))
    }

    /// Lets a message wait; one that waits already goes on waiting.
    pub async fn put(
        &mut self,
        context: &HandlerContext,
        aggregate: Uuid,
        sequence: u64,
        message: ParkedMessage,
    ) -> Result<(), EngineError> {
        if let Some(entry) = self.entries.get_mut(&sequence) {
            if entry.message.is_snapshot_instead() && !message.is_snapshot_instead() {
                (entry.message, entry.changed) = (message, true);
            }
            return Ok(());
        }
        self.group = context.group(aggregate);
        if self.more {
            let engine = &context.runtime.engine;
            let key = self.key(sequence);
            if engine.document(Documents::Parked, &key).await?.is_some() {
                return Ok(());
            }
        }
        let entry = Entry {
            message,
            stored: None,
            changed: true,
        };
        self.entries.insert(sequence, entry);
        PARKED.with_label_values(&[context.descriptor.id]).inc();
        Ok(())
    }

    /// The deletion among them, if there is one.
    pub fn deletion(&self) -> Option<Envelope> {
        let entries = self.entries.values();
        let mut waiting = entries.filter_map(|entry| entry.message.message.envelope().ok());
        waiting.find(|envelope| envelope.change == Change::Deleted)
    }

    /// Whether what is before them is lost.
    pub fn is_lost(&self) -> bool {
        let reason = self.head().map(|(_, message)| &message.reason);
        matches!(
            reason,
            Some(ParkedReason::Lost | ParkedReason::SnapshotInstead)
        )
    }

    /// Notes of the one with the lowest sequence that what is before it is lost.
    pub fn lose_head(&mut self) {
        if let Some(mut head) = self.entries.first_entry() {
            let entry = head.get_mut();
            if matches!(entry.message.reason, ParkedReason::Gap) {
                (entry.message.reason, entry.changed) = (ParkedReason::Lost, true);
            }
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, sequence: u64) -> Option<ParkedMessage> {
        let entry = self.entries.remove(&sequence)?;
        if let Some(version) = entry.stored {
            self.removed.push((self.key(sequence), version));
        }
        Some(entry.message)
    }

    /// Takes all out that have this sequence or a lower one.
    pub fn remove_through(&mut self, sequence: u64) {
        while let Some((lowest, _)) = self.head()
            && lowest <= sequence
        {
            self.remove(lowest);
        }
    }

    /// What has to be written.
    pub fn writes(self) -> Vec<DocumentWrite> {
        let deletes = self
            .removed
            .into_iter()
            .map(|(key, expected)| DocumentWrite::Delete {
                collection: Documents::Parked,
                key,
                expected,
            });
        let changed = self.entries.iter().filter(|(_, entry)| entry.changed);
        let puts = changed.map(|(sequence, entry)| DocumentWrite::Put {
            collection: Documents::Parked,
            expected: entry.stored.unwrap_or(0),
            document: Document {
                key: key(&self.group, *sequence),
                group: self.group.clone(),
                position: sequence.cast_signed(),
                due: None,
                version: 0,
                body: serde_json::json!(entry.message),
            },
        });
        deletes.chain(puts).collect()
    }

    fn key(&self, sequence: u64) -> String {
        key(&self.group, sequence)
    }
}

fn key(group: &str, sequence: u64) -> String {
    format!("{group}/{sequence:020}")
}

/// What a document of [`Documents::Parked`] says. What is none of these becomes a message that nobody
/// can read, and so a dead letter of its key: it stops no other.
pub(super) fn parked_message(document: &Document) -> ParkedMessage {
    ParkedMessage::deserialize(&document.body).unwrap_or_else(|_| {
        let aggregate = document.group.rsplit('/').next().unwrap_or_default();
        ParkedMessage {
            message: Message::unreadable(aggregate, &document.body),
            reason: ParkedReason::Gap,
            since: Timestamp::now(),
        }
    })
}

/// When the first message of an aggregate that waits was recorded.
pub(super) async fn waiting_since(
    engine: &dyn Engine,
    group: &str,
) -> Result<Option<Timestamp>, EngineError> {
    let query = DocumentsQuery {
        collection: Documents::Parked,
        group: Some(group.to_owned()),
        due_by: None,
        heads_only: false,
        after: None,
        limit: 1,
    };
    let head = engine.documents(&query).await?;
    Ok(head.first().map(|document| parked_message(document).since))
}

/// The aggregates of a handler that have waiting messages.
pub(super) async fn keys(context: &HandlerContext) -> Result<Vec<Uuid>, EngineError> {
    let prefix = context.prefix();
    let heads = heads(&*context.runtime.engine, Documents::Parked, &prefix).await?;
    let aggregates = heads
        .iter()
        .filter_map(|head| head.group.strip_prefix(&prefix));
    Ok(aggregates
        .filter_map(|aggregate| aggregate.parse().ok())
        .collect())
}
