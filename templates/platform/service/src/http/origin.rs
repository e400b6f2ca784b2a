//! Where a request comes from: what its headers say of correlation and repetition.

use axum::http::{HeaderMap, StatusCode};
use uuid::Uuid;

use super::Problem;
use crate::telemetry;
use platform_contract::value::{CorrelationId, NoCorrelationId, Timestamp};
use platform_runtime::context::{Caller, Context};
use platform_runtime::decision::Decision;
use platform_runtime::unit_of_work::idempotency;

/// The header with the id that all messages share which one request set off: taken from a request,
/// sent with the answer.
pub(super) const CORRELATION: &str = "x-correlation-id";
/// The key of a request that may be sent again (draft-ietf-httpapi-idempotency-key-header-07).
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The longest key, in bytes.
const KEY_LIMIT: usize = 255;

/// The correlation id of a request.
#[derive(Debug, Clone)]
pub struct Correlation(pub(super) CorrelationId);

impl Correlation {
    /// The one in the headers; a new one when there is none, or none that [`check`] lets pass.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = given(headers).and_then(Result::ok);
        Self(given.unwrap_or_else(CorrelationId::generate))
    }
}

/// The correlation id in the headers.
fn given(headers: &HeaderMap) -> Option<Result<CorrelationId, NoCorrelationId>> {
    let mut values = headers.get_all(CORRELATION).iter();
    let (first, second) = (values.next()?, values.next());
    let text = first.to_str().unwrap_or_default();
    Some(second.map_or_else(|| text.parse(), |_| Err(NoCorrelationId)))
}

/// Refuses a correlation id that cannot be handed on as it is: another in its place would be found
/// by nobody.
///
/// # Errors
/// 400, with what it must be.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    match given(headers) {
        Some(Err(error)) => Err(bad_header(format!("`X-Correlation-Id` {error}"))),
        _ => Ok(()),
    }
}

/// The `Idempotency-Key` of a request: any text of ASCII, in quotes or without.
///
/// # Errors
/// 400 when it is empty or too long, or several in one line.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default().trim();
    let key = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(text),
    };
    let key = key.filter(|key| (1..=KEY_LIMIT).contains(&key.len()) && !key.contains('"'));
    let refused = || {
        bad_header(format!(
            "`Idempotency-Key` must have 1 to {KEY_LIMIT} characters of ASCII, \
             in quotes or without, and no quotes among them"
        ))
    };
    key.map(Some).ok_or_else(refused)
}

/// The answer to a header that cannot be read.
pub(super) fn bad_header(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-header", detail)
}

/// The context of a command that came by HTTP.
pub(super) fn context<D: 'static, C: Decision<D>>(
    headers: &HeaderMap,
    correlation: &Correlation,
    target: Option<Uuid>,
    key: Option<&str>,
) -> Context {
    let caller = Caller::Anonymous;
    let command_id = match key {
        Some(key) => idempotency::command_id::<D, C>(caller.key(), target, key),
        None => Uuid::now_v7(),
    };
    let mut context = Context::new(caller, Timestamp::now(), command_id, correlation.0.clone());
    // Who does not trace hands on what he got.
    let given = || telemetry::incoming(headers).map(str::to_owned);
    context.traceparent = telemetry::traceparent().or_else(given);
    context
}
