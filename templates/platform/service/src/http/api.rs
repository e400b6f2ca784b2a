//! All that a service answers by HTTP: its own routes, and those every service has.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::admission::Admission;
use super::health::{self, Readiness};
use super::{Limits, Problem, Routes, consistency_token, docs, intake, layers};
use crate::telemetry;
use platform_runtime::Runtime;

/// What a service answers by HTTP.
pub struct Api {
    /// Its own routes.
    pub routes: Routes,
    /// Its description in OpenAPI, as JSON.
    pub openapi: &'static str,
    /// What one request may take.
    pub limits: Limits,
    /// Who is let in.
    pub admission: Admission,
    /// Whether its metrics are here too, since operators have no port of their own.
    pub metrics: bool,
    /// Whether it can serve.
    pub readiness: Arc<dyn Readiness>,
}

impl Api {
    /// All routes.
    pub fn router(self, runtime: Arc<Runtime>) -> Router {
        let openapi = self.openapi;
        let json = [(header::CONTENT_TYPE, "application/json")];
        let common = match self.metrics {
            true => operators_routes(),
            false => health_routes(),
        };
        let common = common
            .route("/openapi.json", get(move || async move { (json, openapi) }))
            .merge(docs::routes())
            .method_not_allowed_fallback(other_method)
            .with_state(self.readiness);
        let own = self
            .routes
            .fallback(unknown)
            .method_not_allowed_fallback(other_method);
        let own = self
            .admission
            .before_commands(own)
            .layer(DefaultBodyLimit::max(self.limits.body))
            .layer(middleware::from_fn_with_state(
                Arc::clone(&runtime),
                consistency_token::send,
            ))
            .layer(middleware::from_fn_with_state(self.limits, intake::check))
            .layer(middleware::from_fn_with_state(
                Arc::clone(&runtime),
                layers::tell_of_outages,
            ))
            .layer(middleware::from_fn_with_state(self.limits, layers::observe))
            .with_state(runtime);
        self.admission.before_all(own.merge(common))
    }
}

/// All that answers as long as the service cannot be opened.
pub fn starting(readiness: Arc<dyn Readiness>, admission: &Admission) -> Router {
    let routes = health_routes()
        .method_not_allowed_fallback(other_method)
        .with_state(readiness)
        .fallback(|| async { not_open() });
    admission.before_all(routes)
}

/// All that answers on a port of operators' own.
pub fn operators(readiness: Arc<dyn Readiness>, admission: &Admission) -> Router {
    let routes = operators_routes()
        .with_state(readiness)
        .fallback(unknown)
        .method_not_allowed_fallback(other_method);
    admission.before_all(routes)
}

fn operators_routes() -> Router<Arc<dyn Readiness>> {
    health_routes().route("/metrics", get(telemetry::metrics))
}

fn health_routes() -> Router<Arc<dyn Readiness>> {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
}

fn not_open() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "starting",
        "the service is starting; `/health/ready` says what it waits for",
    )
}

/// The answer at a path that nothing has. `OPTIONS *` asks whether the service is there at all.
async fn unknown(method: Method, uri: Uri) -> Response {
    if method == Method::OPTIONS && uri.path() == "*" {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-route",
        "nothing is found at this path; `/docs` shows what there is",
    )
    .into_response()
}

/// The answer to a method that a path has no handler for. The router adds to it, in `Allow`, those
/// that it has: the whole answer to `OPTIONS` (RFC 9110, section 9.3.7).
async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "this path does not know the method; `/docs` shows what there is",
    )
    .into_response()
}
