//! The page that lets people try the operations: Swagger UI, with all it needs in this program.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use utoipa_swagger_ui::{Config, SwaggerFile};

use super::Problem;

/// The page itself.
const PAGE: &str = include_str!("docs.html");
/// What it may load: nothing from elsewhere. Swagger UI places things by styles of its own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

/// The page, and its files below it.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(page))
        .route("/docs/{file}", get(file))
}

async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, PAGE).into_response()
}

async fn file(Path(name): Path<String>) -> Result<Response, Problem> {
    let config = Config::from("openapi.json")
        .use_base_layout()
        .deep_linking(true)
        .display_request_duration(true)
        .try_it_out_enabled(true)
        // Otherwise the description is sent to somebody for an opinion.
        .validator_url("none");
    match utoipa_swagger_ui::serve(&name, Arc::new(config)) {
        Ok(Some(file)) => Ok(answer(file)),
        Ok(None) => Err(unknown()),
        Err(error) => {
            tracing::error!(%error, name, "a file of the page cannot be shown");
            Err(Problem::internal())
        }
    }
}

fn answer(file: SwaggerFile<'static>) -> Response {
    let compressed = file.gzpipped;
    let headers = [
        (header::CONTENT_TYPE, file.content_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let mut response = (headers, file.bytes).into_response();
    if compressed {
        let gzip = HeaderValue::from_static("gzip");
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, gzip);
    }
    response
}

fn unknown() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-route",
        "the page has no such file",
    )
}
