//! The aggregate that a path names.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use uuid::Uuid;

use super::{Problem, url};
use platform_contract::value;
use platform_runtime::unit_of_work::refusals;

/// The id in a path, read as any id in a query or a body is.
pub struct Target(pub(super) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| url::bad("path"))?;
        let id = value::uuid(&text);
        id.map(Self)
            .ok_or_else(|| refusals::invalid_at("/id", value::NO_UUID).into())
    }
}
