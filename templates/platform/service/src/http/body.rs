//! Bodies of requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use super::{Problem, json};

/// The JSON in a body; an empty one is an object without members.
pub struct Input(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Input {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let reading = request.extensions().get::<Reading>().cloned();
        let reading = reading.unwrap_or_default();
        reading.0.store(true, Ordering::Relaxed);
        let body = Bytes::from_request(request, state).await;
        reading.0.store(false, Ordering::Relaxed);
        let body = body?;
        if body.is_empty() {
            return Ok(Self(Value::Object(Map::new())));
        }
        json::parse(&body).map(Self)
    }
}

/// Whether a request's body is being read: whoever waits for it waits for the caller.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading(Arc<AtomicBool>);

impl Reading {
    /// Whether it is.
    pub(super) fn is_going_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
