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

use super::message::Message;
use super::metrics;
use super::reactor::Scope;
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

/// What a row of [`Documents::Blocks`] says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Block {
    pub handler: String,
    pub generation: Generation,
    pub aggregate: Uuid,
    /// The place of the next message in the queue.
    pub tail: i64,
    /// When the first message that was not handled was recorded, or else read.
    pub since: Timestamp,
    /// Whether an operator has let the queue go; what is left of it is then worked off by the
    /// consumer as well.
    pub released: bool,
}

/// What a document of [`Documents::DeadLetters`] says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Letter {
    pub message: Message,
    /// Why it could not be handled; absent: it waits behind one that could not.
    pub failure: Option<String>,
    pub attempts: u32,
    pub since: Timestamp,
}

/// The end of a queue, to which a batch appends.
#[derive(Debug)]
pub(super) struct Queue {
    block: Block,
    /// The version of the row; 0: it is new.
    stored: u64,
    appended: Vec<Letter>,
}

impl Queue {
    /// The one of an aggregate, if it is blocked.
    pub async fn load(scope: &Scope, aggregate: Uuid) -> Result<Option<Self>, EngineError> {
        let found = block(&*scope.runtime.engine, &scope.group(aggregate)).await?;
        Ok(found.map(|(block, stored)| Self {
            block,
            stored,
            appended: Vec::new(),
        }))
    }

    /// A new one.
    pub fn new(scope: &Scope, aggregate: Uuid, since: Timestamp) -> Self {
        let block = Block {
            handler: scope.about.handler.to_owned(),
            generation: scope.generation,
            aggregate,
            tail: 0,
            since,
            released: false,
        };
        Self {
            block,
            stored: 0,
            appended: Vec::new(),
        }
    }

    /// Appends a message.
    pub fn append(&mut self, letter: Letter) {
        count(&self.block.handler);
        self.appended.push(letter);
    }

    /// What has to be written.
    pub fn writes(mut self, group: &str) -> Vec<DocumentWrite> {
        if self.appended.is_empty() {
            return Vec::new();
        }
        let mut writes = Vec::new();
        for letter in self.appended {
            let position = self.block.tail;
            self.block.tail += 1;
            writes.push(DocumentWrite::Put {
                collection: Documents::DeadLetters,
                expected: 0,
                document: Document {
                    key: format!("{group}/{position:012}"),
                    group: group.to_owned(),
                    position,
                    due: None,
                    version: 0,
                    body: json!(letter),
                },
            });
        }
        writes.push(put_block(group, &self.block, self.stored));
        writes
    }
}

/// Counts a dead letter of a handler.
pub(super) fn count(handler: &str) {
    DEAD_LETTERS.with_label_values(&[handler]).inc();
}

/// The row that blocks a key, and its version.
pub(super) async fn block(
    engine: &dyn Engine,
    group: &str,
) -> Result<Option<(Block, u64)>, EngineError> {
    let document = engine.document(Documents::Blocks, group).await?;
    document
        .map(|document| {
            let block = Block::deserialize(&document.body)
                .map_err(|error| EngineError::Corrupt(format!("block {group}: {error}")))?;
            Ok((block, document.version))
        })
        .transpose()
}

/// Writes the row again, and so locks it.
pub(super) fn put_block(group: &str, block: &Block, expected: u64) -> DocumentWrite {
    DocumentWrite::Put {
        collection: Documents::Blocks,
        expected,
        document: Document {
            key: group.to_owned(),
            group: block.handler.clone(),
            position: 0,
            due: None,
            version: 0,
            body: json!(block),
        },
    }
}

/// The first message of a queue, and its document.
pub(super) async fn head(
    engine: &dyn Engine,
    group: &str,
) -> Result<Option<(Document, Letter)>, EngineError> {
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
        .map(|document| Ok((letter(&document)?, document)))
        .transpose()
        .map(|found| found.map(|(letter, document)| (document, letter)))
}

/// What a document of [`Documents::DeadLetters`] says.
pub(super) fn letter(document: &Document) -> Result<Letter, EngineError> {
    Letter::deserialize(&document.body)
        .map_err(|error| EngineError::Corrupt(format!("dead letter {}: {error}", document.key)))
}
