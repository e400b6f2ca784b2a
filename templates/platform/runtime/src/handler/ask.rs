//! Asking the owner of an aggregate for what is missing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::reactor::Scope;
use crate::recovery_request::RecoveryRequester;
use platform_contract::envelope::Control;
use platform_ports::broker::BrokerError;
use platform_ports::engine::{Document, DocumentWrite, Documents, DocumentsQuery, EngineError};
use platform_ports::outage::{Cause, Dependency};

/// How long an answer may take before the same is asked for again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an answer is known for one.
const REMEMBERED: Duration = Duration::from_secs(600);
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
    at: HashMap<Uuid, Lately>,
}

#[derive(Debug, Clone, Copy)]
struct Lately {
    at: Instant,
    request: Uuid,
    resend: bool,
}

impl Asked {
    /// What to ask for now about a gap before `from`, if anything, and under which id. A projection for
    /// which nothing comes asks for a snapshot the next time: the events may be gone from the owner's log.
    pub fn gap(&mut self, scope: &Scope, aggregate: Uuid, from: u64) -> Option<(Uuid, Ask)> {
        let now = Instant::now();
        let before = self.at.get(&aggregate).copied();
        let age = before.map(|before| now.duration_since(before.at));
        if age.is_some_and(|age| age < PATIENCE) {
            return None;
        }
        let in_vain = before.is_some_and(|before| before.resend);
        let lately = age.is_some_and(|age| age < 2 * PATIENCE);
        let snapshot = in_vain && lately && scope.about.projection.is_some();
        self.at
            .retain(|_, lately| now.duration_since(lately.at) < REMEMBERED);
        let lately = Lately {
            at: now,
            request: Uuid::now_v7(),
            resend: !snapshot,
        };
        self.at.insert(aggregate, lately);
        let ask = if snapshot {
            Ask::Snapshot(aggregate)
        } else {
            Ask::Resend(aggregate, from)
        };
        Some((lately.request, ask))
    }

    /// Whether a state of an aggregate, told because of a request, is the answer to one for events: the
    /// owner does not have them.
    pub fn is_answered(&self, aggregate: Uuid, request: Uuid) -> bool {
        let lately = self.at.get(&aggregate);
        lately.is_some_and(|lately| lately.resend && lately.request == request)
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
    let asking = RecoveryRequester {
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

impl Cause for AskError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Engine(error) => error.cause(),
            Self::Broker(error) => error.cause(),
        }
    }
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
        let recorded = Recorded::read(&document);
        send_as(scope, recorded.request, recorded.ask).await?;
        let delete = DocumentWrite::Delete {
            collection: Documents::Cursors,
            key: document.key,
            expected: document.version,
        };
        // Whoever else has sent it meanwhile used the same id, so it is done once.
        let _ = engine
            .commit(platform_ports::engine::WriteSet {
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

impl Recorded {
    /// What a document says; who cannot tell what was asked for asks for everything.
    fn read(document: &Document) -> Self {
        Self::deserialize(&document.body).unwrap_or_else(|error| {
            let (key, body) = (&document.key, &document.body);
            tracing::error!(key, %body, %error, "a request cannot be read; all is asked for instead");
            Self {
                request: document.group.parse().unwrap_or_else(|_| Uuid::now_v7()),
                ask: Ask::Everything,
            }
        })
    }
}

fn prefix(scope: &Scope) -> String {
    format!("ask/{}", scope.prefix())
}
