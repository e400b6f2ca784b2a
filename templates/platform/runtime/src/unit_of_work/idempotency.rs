//! Requests that say by a key that they are the same one as before: the `Idempotency-Key` of HTTP
//! (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! The outcome is stored under the key in the transaction of the command, so that there is no
//! instant at which one is there without the other. After a day it goes. What a key has created has
//! its id from the key, so of such a request a fingerprint stays as long as the aggregate or its
//! tombstone: the same request is answered with the aggregate as it is by then, another one refused.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::attempt::done;
use super::executor::target;
use super::striped_lock::StripedLock;
use super::{CommandExecutor, CommandKind, from_row, refusals};
use crate::decision::{Aggregate, Decision};
use crate::erasure::ERASED;
use crate::{ExecuteError, Executed, Request, Runtime};
use platform_contract::AggregateType;
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, DocumentWrite, Documents, Engine, EngineError, Found};

/// How long an outcome is kept at least, in milliseconds: a day.
pub const KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// Refusals of requests that their callers may mend and send again under the same key: nothing
/// happened.
const MENDABLE: [&str; 2] = [refusals::INVALID, refusals::VERSION_MISMATCH];

/// Requests with the same key take turns within this process.
static TURNS: StripedLock = StripedLock::new();

/// What became of a request with a key.
#[derive(Debug)]
pub enum IdempotencyOutcome {
    /// The outcome of this request, or of the one before it.
    Executed(Executed),
    /// The key was used before, for a request with another body.
    KeyReused,
}

/// What is stored under a key.
#[derive(Serialize, Deserialize)]
struct StoredOutcome {
    /// Nil, when it was erased.
    fingerprint: Uuid,
    /// Whether the request created the aggregate that has its id from the key.
    #[serde(default)]
    created: bool,
    /// `None` when it has served its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Executed>,
}

/// The id of the command that a caller's key stands for: for that command and target only.
pub fn command_id<D: 'static, C: Decision<D>>(
    caller: &str,
    target: Option<Uuid>,
    key: &str,
) -> Uuid {
    let parts = json!([C::CONTEXT, C::NAME, caller, target, key]);
    Uuid::new_v5(&Uuid::NAMESPACE_URL, parts.to_string().as_bytes())
}

/// Carries out a command unless it was before. Its context's `command_id` is the one of its key.
///
/// # Errors
/// As [`Executor::execute`](crate::Executor::execute).
pub async fn execute<D: 'static, C: Decision<D>>(
    runtime: &Runtime,
    request: &Request,
) -> Result<IdempotencyOutcome, ExecuteError> {
    let command = request.context.command_id;
    let table = <C::Aggregate as Aggregate>::SCHEMA.table;
    let keyed = KeyedRequest {
        id: target(request),
        key: format!("{table}/{}/{command}", target(request)),
        fingerprint: fingerprint(&request.input),
        creates: !C::Kind::ON_EXISTING,
    };
    let engine = &*runtime.engine;
    let _turn = TURNS.lock(command).await;
    if let Some(outcome) = keyed.stored_outcome::<C::Aggregate>(engine).await? {
        return Ok(outcome);
    }
    let record = |outcome: &Executed| keyed.record(outcome);
    match CommandExecutor::<D, C>::run(runtime, request, Some(&record)).await {
        // Another process may have been in the way with the same request.
        Err(ExecuteError::Contended) => keyed
            .stored_outcome::<C::Aggregate>(engine)
            .await?
            .ok_or(ExecuteError::Contended),
        outcome => outcome.map(IdempotencyOutcome::Executed),
    }
}

/// A request with a key.
struct KeyedRequest {
    /// The aggregate that it is on, or creates.
    id: Uuid,
    /// The key of its record.
    key: String,
    fingerprint: Uuid,
    creates: bool,
}

impl KeyedRequest {
    /// What became of the request before this one; `None`: there was none.
    async fn stored_outcome<A: Aggregate>(
        &self,
        engine: &dyn Engine,
    ) -> Result<Option<IdempotencyOutcome>, EngineError> {
        let document = engine.document(Documents::Requests, &self.key).await?;
        let Some(document) = document else {
            return Ok(None);
        };
        let before: StoredOutcome = serde_json::from_value(document.body).map_err(|error| {
            EngineError::Corrupt(format!("the outcome of request {}: {error}", self.key))
        })?;
        if before.fingerprint != self.fingerprint && !before.fingerprint.is_nil() {
            return Ok(Some(IdempotencyOutcome::KeyReused));
        }
        let outcome = match before.outcome {
            Some(outcome) => outcome,
            None => current_outcome::<A>(engine, self.id).await?,
        };
        Ok(Some(IdempotencyOutcome::Executed(outcome)))
    }

    /// The document that keeps an outcome, if it is kept.
    fn record(&self, outcome: &Executed) -> Option<DocumentWrite> {
        let created = match outcome {
            Executed::Done { .. } => self.creates,
            Executed::Refused(refused) if MENDABLE.contains(&refused.name.as_str()) => return None,
            Executed::Refused(_) => false,
        };
        let stored = StoredOutcome {
            fingerprint: self.fingerprint,
            created,
            outcome: Some(outcome.clone()),
        };
        Some(DocumentWrite::Put {
            collection: Documents::Requests,
            expected: 0,
            document: Document {
                key: self.key.clone(),
                group: String::new(),
                position: 0,
                // By the clock that goes on, not by the one that decisions are told.
                due: Some(Timestamp::now().plus_millis(KEPT_MS)),
                version: 0,
                body: json!(stored),
            },
        })
    }
}

/// The outcome of a creation whose own is no longer kept.
async fn current_outcome<A: Aggregate>(
    engine: &dyn Engine,
    id: Uuid,
) -> Result<Executed, EngineError> {
    match engine.load(A::SCHEMA, 0, id).await? {
        Found::Live(row) => done(&from_row::<A>(row)?),
        Found::Deleted(_) | Found::Nothing => {
            Ok(Executed::Refused(refusals::deleted(A::Type::NAME)))
        }
    }
}

/// What becomes of a record that has served its time: of a creation the fingerprint stays.
pub fn expired(mut record: Document) -> DocumentWrite {
    let collection = Documents::Requests;
    match StoredOutcome::deserialize(&record.body) {
        Ok(stored) if stored.created => {
            record.due = None;
            record.body = json!(StoredOutcome {
                outcome: None,
                ..stored
            });
            DocumentWrite::Put {
                collection,
                expected: record.version,
                document: record,
            }
        }
        Ok(_) | Err(_) => DocumentWrite::Delete {
            collection,
            key: record.key,
            expected: record.version,
        },
    }
}

/// What becomes of a record when its aggregate is deleted at a version, of which `schema` tells what is
/// personal: the views in it are emptied, and no request is told from it by its fingerprint any more, which is
/// made of personal data. `None`: it stays.
pub fn emptied(mut record: Document, schema: &Schema, version: u64) -> Option<DocumentWrite> {
    let mut remembered = StoredOutcome::deserialize(&record.body).ok()?;
    match &mut remembered.outcome {
        Some(Executed::Done { version: later, .. }) if *later > version => return None,
        Some(Executed::Done {
            view: Some(view), ..
        }) => {
            let mut members: Map<String, Value> = serde_json::from_str(view).unwrap_or_default();
            schema.emptied(&mut members);
            *view = json!(members).to_string();
        }
        Some(Executed::Refused(refused)) => {
            ERASED.clone_into(&mut refused.detail);
            refused.violations.clear();
        }
        Some(Executed::Done { view: None, .. }) | None => {}
    }
    remembered.fingerprint = Uuid::nil();
    let body = json!(remembered);
    if record.body == body {
        return None;
    }
    record.body = body;
    Some(DocumentWrite::Put {
        collection: Documents::Requests,
        expected: record.version,
        document: record,
    })
}

/// The same for inputs that say the same, whatever the order and spacing of their members.
fn fingerprint(input: &Value) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), input.to_string().as_bytes())
}
