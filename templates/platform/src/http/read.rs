//! One aggregate.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::command::parse_id;
use super::position::Source;
use super::{Problem, tag};
use crate::contract::AggregateType;
use crate::decision::Aggregate;
use crate::engine::Found;
use crate::runtime::Runtime;
use crate::unit_of_work::{refusals, restore};

/// `GET /things/{id}`: what callers are shown of one; 304 when they have it already.
///
/// # Errors
/// 404, 410, and whatever keeps the service from answering.
pub async fn read<A: Aggregate>(
    State(runtime): State<Arc<Runtime>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = parse_id::<A>(&id)?;
    match Source::of(&runtime, &headers)?.load(A::SCHEMA, id).await? {
        Found::Nothing => Err(refusals::not_found(A::Type::NAME).into()),
        Found::Deleted(_) => Err(refusals::deleted(A::Type::NAME).into()),
        Found::Live(row) => Ok(show(&headers, &restore::<A>(row)?)),
    }
}

/// The answer that shows an aggregate.
pub(super) fn show<A: Aggregate>(headers: &HeaderMap, aggregate: &A) -> Response {
    let version = aggregate.version();
    let tag = [(header::ETAG, tag::of(version))];
    if tag::none_match_names(headers, version) {
        return (StatusCode::NOT_MODIFIED, tag).into_response();
    }
    (tag, axum::Json(aggregate.view())).into_response()
}
