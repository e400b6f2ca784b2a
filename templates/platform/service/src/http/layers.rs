//! What happens around every request: correlation, trace, log, metric, time limit.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus::{HistogramVec, register_histogram_vec};
use tracing::Instrument;

use super::Problem;
use super::body::Reading;
use super::origin::{CORRELATION, Correlation};
use super::problem::UnavailableDependency;
use crate::telemetry;
use platform_runtime::Runtime;

/// What one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest body, in bytes.
    pub body: usize,
    /// The longest time from the first byte of the request's head to the answer's.
    pub time: Duration,
}

static SECONDS: LazyLock<Option<HistogramVec>> = LazyLock::new(|| {
    register_histogram_vec!(
        "microdb_http_request_seconds",
        "Time from a request to its answer",
        &["method", "route", "status"]
    )
    .ok()
});

/// Runs a request with all of it.
pub(super) async fn observe(
    State(limits): State<Limits>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let correlation = Correlation::of(request.headers());
    let reading = Reading::default();
    let extensions = request.extensions_mut();
    extensions.insert(correlation.clone());
    extensions.insert(reading.clone());
    let method = method(request.method());
    let route = route(&request);
    let span = tracing::info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        correlation = %correlation.0,
        http.response.status_code = tracing::field::Empty,
    );
    telemetry::follow(&span, telemetry::incoming(request.headers()));
    let mut response = within(limits.time, &reading, next.run(request))
        .instrument(span.clone())
        .await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    let took = started.elapsed();
    span.in_scope(|| tracing::debug!(method, route, status = status.as_u16(), ?took, "answered"));
    if let Some(seconds) = &*SECONDS {
        let labels = [method, &route, status.as_str()];
        seconds
            .with_label_values(&labels)
            .observe(took.as_secs_f64());
    }
    if let Ok(value) = HeaderValue::from_str(correlation.0.as_str()) {
        response.headers_mut().insert(CORRELATION, value);
    }
    response
}

/// The method, when it is one of those that HTTP knows: callers may make up others, as many as they
/// like.
fn method(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let known = KNOWN.into_iter().find(|known| *known == method.as_str());
    known.unwrap_or("other")
}

/// Tells of what was out when a request was to be answered.
pub(super) async fn tell_of_outages(
    State(runtime): State<Arc<Runtime>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if let Some(UnavailableDependency { dependency, why }) = response.extensions().get() {
        runtime.outages.of(*dependency).failed_request(why, || {
            tracing::warn!(error = why, "a request could not be answered")
        });
    }
    response
}

/// The route's pattern, which has few values, rather than the path, which has many.
fn route(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned())
}

async fn within(
    time: Duration,
    reading: &Reading,
    answer: impl Future<Output = Response>,
) -> Response {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer,
        Err(_) if reading.is_going_on() => body_too_slow(),
        Err(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "it took too long, and may yet take effect: \
             to send it again safely, use an `Idempotency-Key`",
        )
        .into_response(),
    }
}

/// The answer to a caller whose body did not come in time. The rest of it would be taken for the
/// next request (RFC 9110, section 15.5.9).
fn body_too_slow() -> Response {
    let problem = Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body-too-slow",
        "the body did not arrive in time; nothing was done",
    );
    ([(header::CONNECTION, "close")], problem).into_response()
}
