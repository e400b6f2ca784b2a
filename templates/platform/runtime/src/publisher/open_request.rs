//! Recovery requests that were accepted, as documents that say how far each has come.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use platform_contract::envelope::Control;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    CommitError, Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError, WriteSet,
};

/// The group of requests that are under way.
const OPEN: &str = "owner";

/// The group of requests that are done, kept so that they are not done again.
const DONE: &str = "owner-done";

/// How long a request that is done is remembered, in milliseconds.
const REMEMBERED_MS: u64 = 24 * 60 * 60 * 1_000;

/// How many requests are worked on in turn.
pub const AT_ONCE: u32 = 20;

/// A request, and how far it has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestState {
    /// What was asked for.
    pub request: Control,
    /// What comes next.
    pub next: NextStep,
}

/// The next step of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    /// The reset.
    Start,
    /// Snapshots of rows, after this cursor.
    Rows(String),
    /// Snapshots of deleted rows, after this one.
    Deleted(Option<Uuid>),
    /// Events, after this place of the log.
    Log(Uuid, u64),
    /// Markers into every partition.
    Markers,
    /// Nothing: it is done.
    #[default]
    Nothing,
}

/// A request under way, as its document has it.
#[derive(Debug, Clone)]
pub struct OpenRequest {
    /// The request, and how far it has come.
    pub state: RequestState,
    document: Document,
}

impl OpenRequest {
    /// The write that notes what comes next.
    pub fn advanced(&self, next: NextStep, now: Timestamp) -> DocumentWrite {
        let mut document = self.document.clone();
        if next == NextStep::Nothing {
            DONE.clone_into(&mut document.group);
            document.position = now.as_microseconds();
        }
        let request = self.state.request.clone();
        document.body = serde_json::json!(RequestState { request, next });
        DocumentWrite::Put {
            collection: Documents::Cursors,
            expected: document.version,
            document,
        }
    }

    /// The write that lets others go first, while it stays as far as it has come.
    pub fn postponed(&self, now: Timestamp) -> DocumentWrite {
        let mut document = self.document.clone();
        document.position = now.as_microseconds();
        DocumentWrite::Put {
            collection: Documents::Cursors,
            expected: document.version,
            document,
        }
    }
}

/// The write that accepts a request; `None` when it was accepted before.
///
/// # Errors
/// When the engine cannot answer.
pub async fn accept(
    engine: &dyn Engine,
    id: Uuid,
    request: Control,
    now: Timestamp,
) -> Result<Option<DocumentWrite>, EngineError> {
    let key = format!("owner/{id}");
    if engine.document(Documents::Cursors, &key).await?.is_some() {
        return Ok(None);
    }
    let next = NextStep::Start;
    let document = Document {
        key,
        group: OPEN.to_owned(),
        position: now.as_microseconds(),
        due: None,
        version: 0,
        body: serde_json::json!(RequestState { request, next }),
    };
    Ok(Some(DocumentWrite::Put {
        collection: Documents::Cursors,
        expected: 0,
        document,
    }))
}

/// The requests that are under way, oldest first. What cannot be read is forgotten: whoever still waits
/// for it asks again.
///
/// # Errors
/// When the engine cannot answer.
pub async fn list(engine: &dyn Engine) -> Result<Vec<OpenRequest>, CommitError> {
    let (mut open, mut unreadable) = (Vec::new(), WriteSet::default());
    for document in engine.documents(&of_group(OPEN, AT_ONCE)).await? {
        match serde_json::from_value(document.body.clone()) {
            Ok(state) => open.push(OpenRequest { state, document }),
            Err(error) => {
                let (key, body) = (document.key, document.body);
                tracing::error!(key, %body, %error, "a request cannot be read; it is forgotten");
                unreadable.documents.push(DocumentWrite::Delete {
                    collection: Documents::Cursors,
                    key,
                    expected: document.version,
                });
            }
        }
    }
    if !unreadable.documents.is_empty() {
        engine.commit(unreadable).await?;
    }
    Ok(open)
}

/// The writes that delete some of the requests that were done long ago.
///
/// # Errors
/// When the engine cannot answer.
pub async fn expired(
    engine: &dyn Engine,
    now: Timestamp,
) -> Result<Vec<DocumentWrite>, EngineError> {
    let done = engine.documents(&of_group(DONE, 1_000)).await?.into_iter();
    let old = done.filter(|document| {
        Timestamp::from_microseconds(document.position)
            .is_some_and(|done| now.millis_since(done) > REMEMBERED_MS)
    });
    Ok(old
        .map(|document| DocumentWrite::Delete {
            collection: Documents::Cursors,
            key: document.key,
            expected: document.version,
        })
        .collect())
}

fn of_group(group: &str, limit: u32) -> DocumentsQuery {
    DocumentsQuery {
        collection: Documents::Cursors,
        group: Some(group.to_owned()),
        due_by: None,
        heads_only: false,
        after: None,
        limit,
    }
}
