//! Asking the owner of an aggregate for what is missing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::reactor::Scope;
use crate::broker::BrokerError;
use crate::engine::{Document, DocumentWrite, Documents, DocumentsQuery, EngineError};
use crate::envelope::Control;
use crate::requests::Asking;

/// How long an answer may take before the same is asked for again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many requests are sent in one go.
const AT_ONCE: u32 = 100;

/// Something missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    /// The events of an aggregate from this sequence on.
    Resend(Uuid, u64),
    /// The state of an aggregate.
    Snapshot(Uuid),
    /// The state of every aggregate.
    Everything,
}

/// What was asked for lately, so that not every message behind a gap asks again.
#[derive(Debug, Default)]
pub(super) struct Asked {
    at: HashMap<Uuid, (Instant, bool)>,
}

impl Asked {
    /// What to ask for now about a gap before `from`, if anything. A projection for which nothing
    /// comes asks for a snapshot the next time: the events may be gone from the owner's log.
    pub fn gap(&mut self, scope: &Scope, aggregate: Uuid, from: u64) -> Option<Ask> {
        let now = Instant::now();
        let before = self.at.get(&aggregate).copied();
        if before.is_some_and(|(at, _)| now.duration_since(at) < PATIENCE) {
            return None;
        }
        let in_vain = before.is_some_and(|(_, resend)| resend);
        let snapshot = in_vain && scope.about.projection.is_some();
        self.at
            .retain(|_, (at, _)| now.duration_since(*at) < 2 * PATIENCE);
        self.at.insert(aggregate, (now, !snapshot));
        Some(if snapshot {
            Ask::Snapshot(aggregate)
        } else {
            Ask::Resend(aggregate, from)
        })
    }
}

/// Sends a request under an id of its own.
pub(super) async fn send(scope: &Scope, ask: Ask) -> Result<(), AskError> {
    send_as(scope, Uuid::now_v7(), ask).await
}

/// Sends a request under this id; the owner does it once, however often it is asked.
pub(super) async fn send_as(scope: &Scope, request: Uuid, ask: Ask) -> Result<(), AskError> {
    let aggregate_type = scope.about.aggregate_type.to_owned();
    let control = match ask {
        Ask::Resend(aggregate, from) => Control::ResendRequest {
            request,
            aggregate_type,
            aggregate,
            from,
        },
        Ask::Snapshot(aggregate) => Control::SnapshotRequest {
            request,
            aggregate_type,
            aggregate: Some(aggregate),
        },
        Ask::Everything => Control::SnapshotRequest {
            request,
            aggregate_type,
            aggregate: None,
        },
    };
    publish(scope, &control).await
}

/// Publishes a request to the owner of the handler's topic.
pub(super) async fn publish(scope: &Scope, control: &Control) -> Result<(), AskError> {
    let runtime = &scope.runtime;
    let asking = Asking {
        system: runtime.system,
        from: runtime.context,
        owner: scope.about.owner,
        partitions: runtime.partitions,
    };
    let now = runtime.engine.now().await?;
    asking.publish(&*runtime.broker, control, now).await?;
    Ok(())
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

/// A request that is recorded in the write set that makes it necessary, and sent afterwards.
pub(super) fn recorded(scope: &Scope, ask: Ask) -> DocumentWrite {
    let request = Uuid::now_v7();
    DocumentWrite::Put {
        collection: Documents::Cursors,
        expected: 0,
        document: Document {
            key: format!("{}{request}", prefix(scope)),
            group: request.to_string(),
            position: 0,
            due: None,
            version: 0,
            body: json!({ "request": request, "ask": ask }),
        },
    }
}

/// Sends what was recorded.
pub(super) async fn send_recorded(scope: &Scope) -> Result<(), AskError> {
    let prefix = prefix(scope);
    let query = DocumentsQuery {
        collection: Documents::Cursors,
        group: None,
        due_by: None,
        heads_only: false,
        after: Some(prefix.clone()),
        limit: AT_ONCE,
    };
    let engine = &scope.runtime.engine;
    for document in engine.documents(&query).await? {
        if !document.key.starts_with(&prefix) {
            break;
        }
        let recorded = Recorded::deserialize(&document.body)
            .map_err(|error| EngineError::Corrupt(format!("{}: {error}", document.key)))?;
        send_as(scope, recorded.request, recorded.ask).await?;
        let delete = DocumentWrite::Delete {
            collection: Documents::Cursors,
            key: document.key,
            expected: document.version,
        };
        // Whoever else has sent it meanwhile used the same id, so it is done once.
        let _ = engine
            .commit(crate::engine::WriteSet {
                documents: vec![delete],
                ..Default::default()
            })
            .await;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Recorded {
    request: Uuid,
    ask: Ask,
}

fn prefix(scope: &Scope) -> String {
    format!("ask/{}", scope.prefix())
}
