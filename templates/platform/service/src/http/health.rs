//! Whether the process lives, and whether it can serve.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Tells what keeps a service from serving.
#[async_trait]
pub trait Readiness: Send + Sync + 'static {
    /// The reasons, a sentence each; none when it is ready.
    async fn reasons(&self) -> Vec<String>;
}

/// `GET /health/live`: an answer at all is all there is to say.
pub(super) async fn live() -> Response {
    axum::Json(json!({ "status": "live" })).into_response()
}

/// `GET /health/ready`: 200, or 503 with the reasons.
pub(super) async fn ready(State(readiness): State<Arc<dyn Readiness>>) -> Response {
    let reasons = readiness.reasons().await;
    if reasons.is_empty() {
        return axum::Json(json!({ "status": "ready" })).into_response();
    }
    let body = json!({ "status": "not ready", "reasons": reasons });
    (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response()
}
