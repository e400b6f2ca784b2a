//! What is asked of every request before anything is done about it, and before its body is read: a
//! caller that waits for `100 Continue` is told at once.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Limits, Problem, origin, repeated, url};

/// The one coding of bodies that is served: none.
const IDENTITY: &str = "identity";

/// Refuses what can be read in two ways, or not at all.
pub(super) async fn check(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let clear = url::check(request.uri())
        .and_then(|()| repeated::check(headers))
        .and_then(|()| origin::check(headers))
        .and_then(|()| length(headers, limits.body));
    if let Err(problem) = clear {
        return problem.into_response();
    }
    match is_coded(headers) {
        true => coded(),
        false => next.run(request).await,
    }
}

/// Refuses a body that says of itself that it is too long.
fn length(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if usize::try_from(length).is_ok_and(|it| it <= limit) => Ok(()),
        None => Ok(()),
        Some(_) => Err(Problem::too_large()),
    }
}

/// Whether the body is in a coding (RFC 9110, section 8.4).
fn is_coded(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    let identity = |value: &HeaderValue| {
        let text = value.to_str().unwrap_or("?");
        let mut codings = text.split(',').map(str::trim);
        codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(IDENTITY))
    };
    !values.all(identity)
}

/// The answer to a body in a coding: with `Accept-Encoding`, so that it is not taken for one about
/// the media type (RFC 9110, section 12.5.3).
fn coded() -> Response {
    let problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-coding",
        "bodies are read as they are, without a `Content-Encoding`",
    );
    ([(header::ACCEPT_ENCODING, IDENTITY)], problem).into_response()
}
