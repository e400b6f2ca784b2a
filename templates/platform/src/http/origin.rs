//! Where a request comes from: what its headers say of correlation and repetition.

use axum::http::{HeaderMap, StatusCode};
use uuid::Uuid;

use super::Problem;
use crate::context::{Caller, Context};
use crate::decision::Decision;
use crate::telemetry;
use crate::unit_of_work::idempotency;
use crate::value::Timestamp;

/// The header with the id that all messages share which one request set off: taken from a request,
/// sent with the answer.
pub(super) const CORRELATION: &str = "x-correlation-id";
/// The key of a request that may be sent again (draft-ietf-httpapi-idempotency-key-header-07).
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest key, in bytes.
const KEY_LIMIT: usize = 255;

/// The correlation id of a request.
#[derive(Debug, Clone, Copy)]
pub struct Correlation(pub(super) Uuid);

impl Correlation {
    /// The one in the headers, or a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(CORRELATION);
        let given = given.and_then(|value| value.to_str().ok()?.parse().ok());
        Self(given.unwrap_or_else(Uuid::now_v7))
    }
}

/// The `Idempotency-Key` of a request: any text of visible ASCII, in quotes or without.
///
/// # Errors
/// 400 when it is empty or too long.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let quoted = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    if key.is_empty() || key.len() > KEY_LIMIT {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-header",
            format!("`Idempotency-Key` must have 1 to {KEY_LIMIT} characters of ASCII"),
        ));
    }
    Ok(Some(key))
}

/// The context of a command that came by HTTP.
pub(super) fn context<D: 'static, C: Decision<D>>(
    headers: &HeaderMap,
    correlation: Correlation,
    target: Option<Uuid>,
    key: Option<&str>,
) -> Context {
    let caller = Caller::Anonymous;
    let command_id = match key {
        Some(key) => idempotency::command_id::<D, C>(caller.key(), target, key),
        None => Uuid::now_v7(),
    };
    let mut context = Context::new(caller, Timestamp::now(), command_id, correlation.0);
    // Who does not trace hands on what he got.
    let given = || telemetry::incoming(headers).map(str::to_owned);
    context.traceparent = telemetry::traceparent().or_else(given);
    context
}
