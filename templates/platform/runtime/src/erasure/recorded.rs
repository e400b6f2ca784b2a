//! What is to be erased, as documents.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use platform_contract::value::Timestamp;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError, Generation, WriteSet,
};

/// The group of all that is to be erased.
const GROUP: &str = "erasures";

/// How much is worked off in one go.
const AT_ONCE: u32 = 200;

/// After how long it is tried again where something was under way, in milliseconds; twice as long each time.
const FIRST_PAUSE_MS: u64 = 1_000;
pub(super) const MAX_PAUSE_MS: u64 = 60_000;

/// What is to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Erasure {
    /// What the service keeps of an aggregate of its own, up to its deletion.
    Aggregate {
        /// Its kind, in snake case.
        name: String,
        id: Uuid,
        /// The version of its deletion.
        version: u64,
    },
    /// What a handler holds of an aggregate, from before its deletion.
    Handler {
        handler: String,
        generation: Generation,
        aggregate: Uuid,
        /// The sequence of its deletion.
        sequence: u64,
    },
}

/// The document that records it.
#[derive(Debug)]
pub(super) struct OpenErasure(Document);

impl Erasure {
    /// The write that records it.
    pub fn record(&self) -> DocumentWrite {
        DocumentWrite::Put {
            collection: Documents::Cursors,
            expected: 0,
            document: Document {
                key: format!("erasure/{}", Uuid::now_v7()),
                group: GROUP.to_owned(),
                position: 0,
                due: Some(Timestamp::constant(0)),
                version: 0,
                body: json!(self),
            },
        }
    }

    /// Whether a write set records one.
    pub fn is_recorded_by(write: &WriteSet) -> bool {
        write.documents.iter().any(|write| match write {
            DocumentWrite::Put {
                collection: Documents::Cursors,
                document,
                ..
            } => document.group == GROUP,
            _ => false,
        })
    }
}

impl OpenErasure {
    /// Those that are due by then, the oldest first; without a time all, also what was set aside.
    pub async fn list(
        engine: &dyn Engine,
        due_by: Option<Timestamp>,
    ) -> Result<Vec<Self>, EngineError> {
        let query = DocumentsQuery {
            collection: Documents::Cursors,
            group: Some(GROUP.to_owned()),
            due_by,
            heads_only: false,
            after: None,
            limit: AT_ONCE,
        };
        let documents = engine.documents(&query).await?;
        Ok(documents.into_iter().map(Self).collect())
    }

    /// What is to be erased.
    pub fn read(&self) -> Result<Erasure, EngineError> {
        Erasure::deserialize(&self.0.body).map_err(|error| {
            let why = format!("what is to be erased cannot be read: {error}");
            EngineError::Corrupt(why)
        })
    }

    /// What it is found by.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// How long until it is due, in milliseconds; `None`: it was set aside.
    pub fn due_in(&self, now: Timestamp) -> Option<u64> {
        self.0.due.map(|due| due.millis_since(now))
    }

    /// The write that forgets it: it is done.
    pub fn done(self) -> DocumentWrite {
        DocumentWrite::Delete {
            collection: Documents::Cursors,
            key: self.0.key,
            expected: self.0.version,
        }
    }

    /// The write that sets it aside: it is not due any more.
    pub fn set_aside(self) -> DocumentWrite {
        self.due_at(None)
    }

    /// The write that puts it off.
    pub fn postponed(mut self, now: Timestamp) -> DocumentWrite {
        let tries = u32::try_from(self.0.position).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE_MS.saturating_mul(1 << tries.min(16));
        self.0.position = self.0.position.saturating_add(1);
        self.due_at(Some(now.plus_millis(pause.min(MAX_PAUSE_MS))))
    }

    fn due_at(self, due: Option<Timestamp>) -> DocumentWrite {
        DocumentWrite::Put {
            collection: Documents::Cursors,
            expected: self.0.version,
            document: Document { due, ..self.0 },
        }
    }
}
