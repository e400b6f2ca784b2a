//! Problem details (RFC 9457): every answer that is not the one hoped for.

use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use platform_contract::schema::Violation;
use platform_ports::engine::EngineError;
use platform_ports::outage::{Cause, Dependency};
use platform_runtime::unit_of_work::refusals;
use platform_runtime::{ExecuteError, Refused};

/// The media type of problem details (RFC 9457, section 6.1).
const MEDIA_TYPE: &str = "application/problem+json";
/// What the URIs of problem types start with; after it the name of the refusal, in kebab case.
pub const TYPE_PREFIX: &str = "urn:microdb:problem:";
/// After how many seconds a request may be sent again when the service could not take it.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
const CONTENDED: &str = "too many others are changing the same thing";
const OUTBOX_FULL: &str = "too many messages are waiting for the broker";

/// An answer in the form of problem details.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The status of the answer.
    pub status: StatusCode,
    /// The name of the refusal or error; the type's URI ends with it, in kebab case.
    pub name: String,
    /// A sentence for people.
    pub detail: String,
    /// What is wrong with which member or parameter.
    pub violations: Vec<Violation>,
    /// How many more violations there are.
    pub omitted: usize,
    /// What is out, where that is why.
    pub(super) unavailable: Option<UnavailableDependency>,
}

/// Something that the service stands on was out when it was to answer. It goes with the answer as far as
/// the log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UnavailableDependency {
    /// What.
    pub dependency: Dependency,
    /// What was said of it.
    pub why: String,
}

impl Problem {
    /// A problem without violations.
    pub fn new(status: StatusCode, name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            status,
            name: name.into(),
            detail: detail.into(),
            violations: Vec::new(),
            omitted: 0,
            unavailable: None,
        }
    }

    /// The service cannot take the request now, because of something that is out.
    fn because(error: &(impl Cause + ToString), detail: &str) -> Self {
        let unavailable = error.cause().map(|dependency| UnavailableDependency {
            dependency,
            why: error.to_string(),
        });
        Self {
            unavailable,
            ..Self::unavailable(detail)
        }
    }

    /// The body is too long.
    pub(super) fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "the body is larger than allowed",
        )
    }

    /// The service cannot take the request now; later it can.
    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    /// The service failed; what happened is in its log, and nowhere else.
    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the service failed; its log says more",
        )
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "type": format!("{TYPE_PREFIX}{}", self.name.replace('_', "-")),
            "title": self.name.replace(['_', '-'], " "),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if !self.violations.is_empty() {
            body["violations"] = json!(self.violations);
        }
        if self.omitted > 0 {
            body["omitted"] = json!(self.omitted);
        }
        body
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let declared = refused
            .http
            .and_then(|http| StatusCode::from_u16(http).ok());
        let status = declared.unwrap_or(match refused.name.as_str() {
            refusals::NOT_FOUND => StatusCode::NOT_FOUND,
            refusals::DELETED => StatusCode::GONE,
            refusals::VERSION_MISMATCH => StatusCode::PRECONDITION_FAILED,
            refusals::INVALID => StatusCode::UNPROCESSABLE_ENTITY,
            // Things are not so that it could be done.
            _ => StatusCode::CONFLICT,
        });
        Self {
            status,
            name: refused.name,
            detail: refused.detail,
            violations: refused.violations,
            omitted: refused.omitted,
            unavailable: None,
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::BadCursor => Self::new(
                StatusCode::BAD_REQUEST,
                "bad-cursor",
                "`after` is not a cursor of this list",
            ),
            EngineError::Unavailable(_) => {
                Self::because(&error, "the database is not available at the moment")
            }
            EngineError::OutboxFull => Self::because(&error, OUTBOX_FULL),
            EngineError::HeldUp(_) => Self::unavailable(CONTENDED),
            EngineError::Corrupt(_) => {
                tracing::error!(%error, "the engine failed");
                Self::internal()
            }
        }
    }
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Engine(error) => error.into(),
            ExecuteError::Contended => Self::unavailable(CONTENDED),
            ExecuteError::OutboxFull => Self::because(&error, OUTBOX_FULL),
            ExecuteError::Broken { .. } => {
                tracing::error!(%error, "a decision is broken");
                Self::internal()
            }
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            status => Self::new(status, "bad-body", "the body could not be read"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let media = [(header::CONTENT_TYPE, MEDIA_TYPE)];
        let mut response = (self.status, media, self.body().to_string()).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if let Some(unavailable) = self.unavailable {
            response.extensions_mut().insert(unavailable);
        }
        response
    }
}
