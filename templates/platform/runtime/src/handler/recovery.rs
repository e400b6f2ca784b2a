//! Recovery requests of a handler: it asks the owner of an aggregate for what is missing.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::event_handler::HandlerContext;
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

/// What a handler asks for because it misses something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecoveryRequest {
    /// The events of an aggregate from this sequence on.
    Resend(Uuid, u64),
    /// The state of an aggregate.
    Snapshot(Uuid),
    /// The state of every aggregate.
    AllSnapshots,
}

/// What was asked for lately, so that not every message behind a gap asks again.
#[derive(Debug, Default)]
pub(super) struct RecentRequests {
    by_aggregate: HashMap<Uuid, RecentRequest>,
}

#[derive(Debug, Clone, Copy)]
struct RecentRequest {
    at: Instant,
    id: Uuid,
    resend: bool,
}

impl RecentRequests {
    /// What to ask for now about a gap before `from`, if anything, and under which id. A projection for
    /// which nothing comes asks for a snapshot the next time: the events may be gone from the owner's log.
    pub fn gap(
        &mut self,
        context: &HandlerContext,
        aggregate: Uuid,
        from: u64,
    ) -> Option<(Uuid, RecoveryRequest)> {
        let now = Instant::now();
        let before = self.by_aggregate.get(&aggregate).copied();
        let age = before.map(|before| now.duration_since(before.at));
        if age.is_some_and(|age| age < PATIENCE) {
            return None;
        }
        let in_vain = before.is_some_and(|before| before.resend);
        let recently = age.is_some_and(|age| age < 2 * PATIENCE);
        let snapshot = in_vain && recently && context.descriptor.projection.is_some();
        self.by_aggregate
            .retain(|_, recent| now.duration_since(recent.at) < REMEMBERED);
        let recent = RecentRequest {
            at: now,
            id: Uuid::now_v7(),
            resend: !snapshot,
        };
        self.by_aggregate.insert(aggregate, recent);
        let request = if snapshot {
            RecoveryRequest::Snapshot(aggregate)
        } else {
            RecoveryRequest::Resend(aggregate, from)
        };
        Some((recent.id, request))
    }

    /// Whether a state of an aggregate, told because of a request, is the answer to one for events: the
    /// owner does not have them.
    pub fn is_answered(&self, aggregate: Uuid, request: Uuid) -> bool {
        let recent = self.by_aggregate.get(&aggregate);
        recent.is_some_and(|recent| recent.resend && recent.id == request)
    }
}

/// Sends a request under an id of its own.
pub(super) async fn send(
    context: &HandlerContext,
    request: RecoveryRequest,
) -> Result<(), RecoveryError> {
    send_as(context, Uuid::now_v7(), request).await
}

/// Sends a request under this id; the owner does it once, however often it is asked.
pub(super) async fn send_as(
    context: &HandlerContext,
    id: Uuid,
    request: RecoveryRequest,
) -> Result<(), RecoveryError> {
    let aggregate_type = context.descriptor.aggregate_type.to_owned();
    let control = match request {
        RecoveryRequest::Resend(aggregate, from) => Control::ResendRequest {
            request: id,
            aggregate_type,
            aggregate,
            from,
        },
        RecoveryRequest::Snapshot(aggregate) => Control::SnapshotRequest {
            request: id,
            aggregate_type,
            aggregate: Some(aggregate),
        },
        RecoveryRequest::AllSnapshots => Control::SnapshotRequest {
            request: id,
            aggregate_type,
            aggregate: None,
        },
    };
    publish(context, &control).await
}

/// Publishes a request to the owner of the handler's topic.
pub(super) async fn publish(
    context: &HandlerContext,
    control: &Control,
) -> Result<(), RecoveryError> {
    let runtime = &context.runtime;
    let requester = RecoveryRequester {
        system: runtime.system,
        from: runtime.context,
        owner: context.descriptor.owner,
        partitions: runtime.partitions,
    };
    let now = runtime.engine.now().await?;
    requester.publish(&*runtime.broker, control, now).await?;
    Ok(())
}

/// Why a request was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum RecoveryError {
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl Cause for RecoveryError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Engine(error) => error.cause(),
            Self::Broker(error) => error.cause(),
        }
    }
}

/// A request that is recorded in the write set that makes it necessary, and sent afterwards.
pub(super) fn recorded(context: &HandlerContext, request: RecoveryRequest) -> DocumentWrite {
    let id = Uuid::now_v7();
    DocumentWrite::Put {
        collection: Documents::Cursors,
        expected: 0,
        document: Document {
            key: format!("{}{id}", prefix(context)),
            group: id.to_string(),
            position: 0,
            due: None,
            version: 0,
            body: json!(RecordedRequest { id, request }),
        },
    }
}

/// Sends what was recorded.
pub(super) async fn send_recorded(context: &HandlerContext) -> Result<(), RecoveryError> {
    let prefix = prefix(context);
    let query = DocumentsQuery {
        collection: Documents::Cursors,
        group: None,
        due_by: None,
        heads_only: false,
        after: Some(prefix.clone()),
        limit: AT_ONCE,
    };
    let engine = &context.runtime.engine;
    for document in engine.documents(&query).await? {
        if !document.key.starts_with(&prefix) {
            break;
        }
        let recorded = RecordedRequest::read(&document);
        send_as(context, recorded.id, recorded.request).await?;
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

/// What a document of [`Documents::Cursors`] says of a request.
#[derive(Serialize, Deserialize)]
struct RecordedRequest {
    id: Uuid,
    request: RecoveryRequest,
}

impl RecordedRequest {
    /// What a document says; who cannot tell what was asked for asks for everything.
    fn read(document: &Document) -> Self {
        Self::deserialize(&document.body).unwrap_or_else(|error| {
            let (key, body) = (&document.key, &document.body);
            tracing::error!(key, %body, %error, "a request cannot be read; all is asked for instead");
            Self {
                id: document.group.parse().unwrap_or_else(|_| Uuid::now_v7()),
                request: RecoveryRequest::AllSnapshots,
            }
        })
    }
}

fn prefix(context: &HandlerContext) -> String {
    format!("recovery/{}", context.prefix())
}
