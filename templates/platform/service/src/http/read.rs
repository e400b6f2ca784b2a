//! One aggregate.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::consistency_token::ConsistentReads;
use super::target::Target;
use super::{Problem, tag};
use platform_contract::AggregateType;
use platform_ports::engine::Found;
use platform_runtime::Runtime;
use platform_runtime::decision::Aggregate;
use platform_runtime::unit_of_work::{from_row, refusals};

/// `GET /things/{id}`: what callers are shown of one; 304 when they have it already.
///
/// # Errors
/// 404, 410, and whatever keeps the service from answering.
pub async fn read<A: Aggregate>(
    State(runtime): State<Arc<Runtime>>,
    Target(id): Target,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    match ConsistentReads::of(&runtime, &headers)?
        .load(A::SCHEMA, id)
        .await?
    {
        Found::Nothing => Err(refusals::not_found(A::Type::NAME).into()),
        Found::Deleted(_) => Err(refusals::deleted(A::Type::NAME).into()),
        Found::Live(row) => show(&headers, &from_row::<A>(row)?),
    }
}

/// The answer that shows an aggregate.
///
/// # Errors
/// 400 when `If-None-Match` cannot be read.
pub(super) fn show<A: Aggregate>(headers: &HeaderMap, aggregate: &A) -> Result<Response, Problem> {
    let version = aggregate.version();
    let tag = [(header::ETAG, tag::of(version))];
    if tag::none_match_names(headers, version)? {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, axum::Json(aggregate.view())).into_response())
}
