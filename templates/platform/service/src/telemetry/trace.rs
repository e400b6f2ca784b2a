//! Traces that go on in other processes: W3C Trace Context (<https://www.w3.org/TR/trace-context/>).

use std::collections::HashMap;

use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The header, and the key of a propagator's carrier.
const TRACEPARENT: &str = "traceparent";

/// The `traceparent` of a request, when it is one.
pub fn incoming(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    context_of(text)
        .span()
        .span_context()
        .is_valid()
        .then_some(text)
}

fn context_of(traceparent: &str) -> Context {
    let carrier = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// Makes a span a child of the one that `traceparent` names, if any.
pub fn follow(span: &Span, traceparent: Option<&str>) {
    let Some(traceparent) = traceparent else {
        return;
    };
    // Without a layer for traces there is nothing that could be a child.
    let _ = span.set_parent(context_of(traceparent));
}

/// The `traceparent` of the current span, for messages that it sends; `None` when nothing is traced.
pub fn traceparent() -> Option<String> {
    let mut carrier = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut carrier);
    carrier.remove(TRACEPARENT)
}
