//! The queue of a blocked key: the message that could not be handled, and those behind it.
//!
//! A key is blocked as long as its row in [`Documents::Blocks`] is there. Whoever appends to the
//! queue or takes from it raises the row's version in the same write, so consumer and operator
//! cannot pass each other; and the row goes only in a write that sees the queue empty.

use std::sync::LazyLock;

use prometheus::IntCounterVec;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::event_handler::HandlerContext;
use super::message::Message;
use super::metrics;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError, Generation,
};

pub(super) static DEAD_LETTERS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_dead_letters_total",
        "Messages, commands and jobs that could not be handled, with messages that had to queue behind one.",
    )
});

/// What a row of [`Documents::Blocks`] says: a key is blocked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BlockedKey {
    pub handler: String,
    pub generation: Generation,
    pub aggregate: Uuid,
    /// The position of the next message in the queue.
    pub tail: i64,
    /// When the first message that was not handled was recorded, or else read.
    pub since: Timestamp,
    /// Whether an operator has released the queue; what is left of it is then worked off by the
    /// consumer as well.
    pub released: bool,
}

/// What a document of [`Documents::DeadLetters`] says: a message in the queue of a blocked key. What an
/// operator is shown of it is a [`DeadLetter`](super::dead_letters::DeadLetter).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct QueuedMessage {
    pub message: Message,
    /// Why it could not be handled; absent: it waits behind one that could not.
    pub failure: Option<String>,
    pub attempts: u32,
    pub since: Timestamp,
}

/// The queue of a blocked key, to which a batch appends.
#[derive(Debug)]
pub(super) struct BlockedQueue {
    blocked_key: BlockedKey,
    /// The version of the row; 0: it is new.
    stored: u64,
    appended: Vec<QueuedMessage>,
}

impl BlockedQueue {
    /// The one of an aggregate, if it is blocked.
    pub async fn load(
        context: &HandlerContext,
        aggregate: Uuid,
    ) -> Result<Option<Self>, EngineError> {
        let found = blocked_key(&*context.runtime.engine, &context.group(aggregate)).await?;
        Ok(found.map(|(blocked_key, stored)| Self {
            blocked_key,
            stored,
            appended: Vec::new(),
        }))
    }

    /// A new one.
    pub fn new(context: &HandlerContext, aggregate: Uuid, since: Timestamp) -> Self {
        let blocked_key = BlockedKey {
            handler: context.descriptor.id.to_owned(),
            generation: context.generation,
            aggregate,
            tail: 0,
            since,
            released: false,
        };
        Self {
            blocked_key,
            stored: 0,
            appended: Vec::new(),
        }
    }

    /// Appends a message.
    pub fn append(&mut self, queued: QueuedMessage) {
        count(&self.blocked_key.handler);
        self.appended.push(queued);
    }

    /// What has to be written.
    pub fn writes(mut self, group: &str) -> Vec<DocumentWrite> {
        if self.appended.is_empty() {
            return Vec::new();
        }
        let mut writes = Vec::new();
        for queued in self.appended {
            let position = self.blocked_key.tail;
            self.blocked_key.tail += 1;
            writes.push(DocumentWrite::Put {
                collection: Documents::DeadLetters,
                expected: 0,
                document: Document {
                    key: format!("{group}/{position:012}"),
                    group: group.to_owned(),
                    position,
                    due: None,
                    version: 0,
                    body: json!(queued),
                },
            });
        }
        writes.push(put_blocked_key(group, &self.blocked_key, self.stored));
        writes
    }
}

/// Counts a dead letter of a handler.
pub(super) fn count(handler: &str) {
    DEAD_LETTERS.with_label_values(&[handler]).inc();
}

/// The row that blocks a key, and its version.
pub(super) async fn blocked_key(
    engine: &dyn Engine,
    group: &str,
) -> Result<Option<(BlockedKey, u64)>, EngineError> {
    let document = engine.document(Documents::Blocks, group).await?;
    document
        .map(|document| {
            let blocked_key = BlockedKey::deserialize(&document.body)
                .map_err(|error| EngineError::Corrupt(format!("block {group}: {error}")))?;
            Ok((blocked_key, document.version))
        })
        .transpose()
}

/// Writes the row again, and so locks it.
pub(super) fn put_blocked_key(
    group: &str,
    blocked_key: &BlockedKey,
    expected: u64,
) -> DocumentWrite {
    DocumentWrite::Put {
        collection: Documents::Blocks,
        expected,
        document: Document {
            key: group.to_owned(),
            group: blocked_key.handler.clone(),
            position: 0,
            due: None,
            version: 0,
            body: json!(blocked_key),
        },
    }
}

/// The first message of a queue, and its document.
pub(super) async fn head(
    engine: &dyn Engine,
    group: &str,
) -> Result<Option<(Document, QueuedMessage)>, EngineError> {
    let query = DocumentsQuery {
        collection: Documents::DeadLetters,
        group: Some(group.to_owned()),
        due_by: None,
        heads_only: false,
        after: None,
        limit: 1,
    };
    let first = engine.documents(&query).await?.pop();
    first
        .map(|document| Ok((queued_message(&document)?, document)))
        .transpose()
        .map(|found| found.map(|(queued, document)| (document, queued)))
}

/// What a document of [`Documents::DeadLetters`] says.
pub(super) fn queued_message(document: &Document) -> Result<QueuedMessage, EngineError> {
    QueuedMessage::deserialize(&document.body)
        .map_err(|error| EngineError::Corrupt(format!("dead letter {}: {error}", document.key)))
}
