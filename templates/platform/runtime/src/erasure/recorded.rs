//! What is to be erased, as documents.

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use platform_contract::value::Timestamp;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError, Generation,
};

/// The group of all that is to be erased.
const GROUP: &str = "erasures";

/// How much is worked off in one go.
const AT_ONCE: u32 = 50;

/// After how long it is tried again where something was under way, in milliseconds; twice as long each time.
const FIRST_PAUSE_MS: u64 = 1_000;
const MAX_PAUSE_MS: u64 = 60_000;

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
pub(super) struct OpenErasure {
    pub erasure: Erasure,
    document: Document,
}

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
}

impl OpenErasure {
    /// Those that are due, the oldest first.
    pub async fn due(engine: &dyn Engine, now: Timestamp) -> Result<Vec<Self>, EngineError> {
        let query = DocumentsQuery {
            collection: Documents::Cursors,
            group: Some(GROUP.to_owned()),
            due_by: Some(now),
            heads_only: false,
            after: None,
            limit: AT_ONCE,
        };
        let documents = engine.documents(&query).await?.into_iter();
        let open = |document: Document| match Erasure::deserialize(&document.body) {
            Ok(erasure) => Ok(Self { erasure, document }),
            Err(error) => {
                let why = format!("erasure {}: {error}", document.key);
                Err(EngineError::Corrupt(why))
            }
        };
        documents.map(open).collect()
    }

    /// The write that forgets it: it is done.
    pub fn done(self) -> DocumentWrite {
        DocumentWrite::Delete {
            collection: Documents::Cursors,
            key: self.document.key,
            expected: self.document.version,
        }
    }

    /// The write that puts it off.
    pub fn postponed(self, now: Timestamp) -> DocumentWrite {
        let tries = u32::try_from(self.document.position).unwrap_or(u32::MAX);
        let pause = FIRST_PAUSE_MS.saturating_mul(1 << tries.min(16));
        DocumentWrite::Put {
            collection: Documents::Cursors,
            expected: self.document.version,
            document: Document {
                position: self.document.position.saturating_add(1),
                due: Some(now.plus_millis(pause.min(MAX_PAUSE_MS))),
                ..self.document
            },
        }
    }
}
