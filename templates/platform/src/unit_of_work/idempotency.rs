//! Requests that say by a key that they are the same one as before: the `Idempotency-Key` of HTTP
//! (draft-ietf-httpapi-idempotency-key-header-07).
//!
//! The outcome is stored under the key in the transaction of the command, so that there is no
//! instant at which one is there without the other.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::stripes::Stripes;
use super::unit::target;
use super::{Unit, Way, refusals};
use crate::decision::{Aggregate, Decision};
use crate::engine::{Document, DocumentWrite, Documents, Engine, EngineError};
use crate::runtime::{ExecuteError, Executed, Request, Runtime};

/// How long an outcome is kept at least, in milliseconds: a day.
pub const KEPT_MS: u64 = 24 * 60 * 60 * 1_000;

/// Requests with the same key take turns within this process.
static TURNS: Stripes = Stripes::new();

/// What became of a request with a key.
#[derive(Debug)]
pub enum Once {
    /// The outcome, of this request or of the one before it.
    Outcome(Executed),
    /// The key was used before, for a request with another body.
    KeyReused,
}

/// What is stored under a key.
#[derive(Serialize, Deserialize)]
struct Remembered {
    fingerprint: Uuid,
    outcome: Executed,
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
/// As [`Executor::execute`](crate::runtime::Executor::execute).
pub(crate) async fn once<D: 'static, C: Decision<D>, W: Way<D, C>>(
    runtime: &Runtime,
    request: &Request,
) -> Result<Once, ExecuteError> {
    let command = request.context.command_id;
    let table = <C::Aggregate as Aggregate>::SCHEMA.table;
    let key = format!("{table}/{}/{command}", target(request));
    let fingerprint = fingerprint(&request.input);
    let _turn = TURNS.lock(command).await;
    if let Some(once) = remembered(&*runtime.engine, &key, fingerprint).await? {
        return Ok(once);
    }
    let record = |outcome: &Executed| remember(request, &key, fingerprint, outcome);
    match Unit::<D, C, W>::run(runtime, request, Some(&record)).await {
        // Another process may have been in the way with the same request.
        Err(ExecuteError::Contended) => remembered(&*runtime.engine, &key, fingerprint)
            .await?
            .ok_or(ExecuteError::Contended),
        outcome => outcome.map(Once::Outcome),
    }
}

async fn remembered(
    engine: &dyn Engine,
    key: &str,
    fingerprint: Uuid,
) -> Result<Option<Once>, EngineError> {
    let document = engine.document(Documents::Requests, key).await?;
    let Some(document) = document else {
        return Ok(None);
    };
    let before: Remembered = serde_json::from_value(document.body)
        .map_err(|error| EngineError::Corrupt(format!("the outcome of request {key}: {error}")))?;
    Ok(Some(if before.fingerprint == fingerprint {
        Once::Outcome(before.outcome)
    } else {
        Once::KeyReused
    }))
}

/// The document that keeps an outcome. An invalid request is not kept: nothing happened, and its
/// caller may send it again under the same key when it is mended.
fn remember(
    request: &Request,
    key: &str,
    fingerprint: Uuid,
    outcome: &Executed,
) -> Option<DocumentWrite> {
    if matches!(outcome, Executed::Refused(refused) if refused.name == refusals::INVALID) {
        return None;
    }
    let remembered = Remembered {
        fingerprint,
        outcome: outcome.clone(),
    };
    Some(DocumentWrite::Put {
        collection: Documents::Requests,
        expected: 0,
        document: Document {
            key: key.to_owned(),
            group: String::new(),
            position: 0,
            due: Some(request.context.now.plus_millis(KEPT_MS)),
            version: 0,
            body: json!(remembered),
        },
    })
}

/// The same for inputs that say the same, whatever the order and spacing of their members.
fn fingerprint(input: &Value) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), input.to_string().as_bytes())
}
