//! Messages that wait: for one that is missing before them, for a newer version of the program, or
//! for the rest of their own effects.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prometheus::IntCounterVec;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::heads::heads;
use super::message::Message;
use super::metrics;
use super::reactor::Scope;
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
pub(super) enum Why {
    /// One before it is missing.
    Gap,
    /// The same, and the owner has told that it does not have that one any more.
    Lost,
    /// It tells the state that the owner told instead of events that it does not have any more.
    State,
    /// It is of a newer version than is known here.
    NewerVersion(String),
    /// Part of its effects is still to come.
    Unfinished,
}

/// A message that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub message: Message,
    pub why: Why,
    /// When it was recorded by its owner: since then, this handler is behind.
    pub since: Timestamp,
}

/// The waiting messages of one aggregate, by sequence, and what becomes of them.
#[derive(Debug, Default)]
pub(super) struct Parked {
    group: String,
    entries: BTreeMap<u64, Entry>,
    removed: Vec<(String, u64)>,
    /// Whether there are more than were loaded.
    more: bool,
}

#[derive(Debug)]
struct Entry {
    waiting: Waiting,
    /// The version of its document; absent: it is not written yet.
    stored: Option<u64>,
    /// Whether it says something else by now.
    changed: bool,
}

impl Waiting {
    /// Whether part of its effects is still to come.
    pub fn is_unfinished(&self) -> bool {
        matches!(self.why, Why::Unfinished)
    }

    /// Whether it only stands for events that are missing.
    pub fn is_state(&self) -> bool {
        matches!(self.why, Why::State)
    }
}

impl Parked {
    /// Those of an aggregate.
    pub async fn load(scope: &Scope, aggregate: Uuid) -> Result<Self, EngineError> {
        let group = scope.group(aggregate);
        let query = DocumentsQuery {
            collection: Documents::Parked,
            group: Some(group.clone()),
            due_by: None,
            heads_only: false,
            after: None,
            limit: AT_ONCE,
        };
        let documents = scope.runtime.engine.documents(&query).await?;
        let more = documents.len() >= AT_ONCE as usize;
        let entries = documents
            .into_iter()
            .map(|document| {
                let entry = Entry {
                    stored: Some(document.version),
                    waiting: read(&document),
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
    pub fn head(&self) -> Option<(u64, &Waiting)> {
        let (sequence, entry) = self.entries.first_key_value()?;
        Some((*sequence, &entry.waiting))
    }

    /// Lets a message wait; one that waits already goes on waiting.
    pub async fn put(
        &mut self,
        scope: &Scope,
        aggregate: Uuid,
        sequence: u64,
        waiting: Waiting,
    ) -> Result<(), EngineError> {
        if let Some(entry) = self.entries.get_mut(&sequence) {
            if entry.waiting.is_state() && !waiting.is_state() {
                (entry.waiting, entry.changed) = (waiting, true);
            }
            return Ok(());
        }
        self.group = scope.group(aggregate);
        if self.more {
            let engine = &scope.runtime.engine;
            let key = self.key(sequence);
            if engine.document(Documents::Parked, &key).await?.is_some() {
                return Ok(());
            }
        }
        let entry = Entry {
            waiting,
            stored: None,
            changed: true,
        };
        self.entries.insert(sequence, entry);
        PARKED.with_label_values(&[scope.about.handler]).inc();
        Ok(())
    }

    /// Whether what is before them is lost.
    pub fn is_lost(&self) -> bool {
        let why = self.head().map(|(_, waiting)| &waiting.why);
        matches!(why, Some(Why::Lost | Why::State))
    }

    /// Notes of the one with the lowest sequence that what is before it is lost.
    pub fn lose_head(&mut self) {
        if let Some(mut head) = self.entries.first_entry() {
            let entry = head.get_mut();
            if matches!(entry.waiting.why, Why::Gap) {
                (entry.waiting.why, entry.changed) = (Why::Lost, true);
            }
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, sequence: u64) -> Option<Waiting> {
        let entry = self.entries.remove(&sequence)?;
        if let Some(version) = entry.stored {
            self.removed.push((self.key(sequence), version));
        }
        Some(entry.waiting)
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
                body: serde_json::json!(entry.waiting),
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
pub(super) fn read(document: &Document) -> Waiting {
    Waiting::deserialize(&document.body).unwrap_or_else(|_| {
        let aggregate = document.group.rsplit('/').next().unwrap_or_default();
        Waiting {
            message: Message::unreadable(aggregate, &document.body),
            why: Why::Gap,
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
    Ok(head.first().map(|document| read(document).since))
}

/// The aggregates of a handler that have waiting messages.
pub(super) async fn keys(scope: &Scope) -> Result<Vec<Uuid>, EngineError> {
    let prefix = scope.prefix();
    let heads = heads(&*scope.runtime.engine, Documents::Parked, &prefix).await?;
    let aggregates = heads
        .iter()
        .filter_map(|head| head.group.strip_prefix(&prefix));
    Ok(aggregates
        .filter_map(|aggregate| aggregate.parse().ok())
        .collect())
}
