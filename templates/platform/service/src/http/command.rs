//! Commands.

use std::sync::Arc;

use axum::extract::{Extension, OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use uuid::Uuid;

use super::body::Input;
use super::consistency_token::ChangedAggregate;
use super::origin::{self, Correlation};
use super::target::Target;
use super::{Problem, tag};
use platform_runtime::decision::{Aggregate, Decision, Deletes, Updates};
use platform_runtime::unit_of_work::idempotency::{self, IdempotencyOutcome};
use platform_runtime::unit_of_work::{CommandExecutor, CommandKind};
use platform_runtime::{Executed, Request, Runtime};

/// `POST /things`: creates. 201 with `Location`.
///
/// # Errors
/// The refusals of the command, and whatever keeps the service from carrying it out.
pub async fn create<D: 'static, C: Decision<D>>(
    State(runtime): State<Arc<Runtime>>,
    Extension(correlation): Extension<Correlation>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Input(input): Input,
) -> Result<Response, Problem> {
    const { assert!(!C::Kind::ON_EXISTING, "the command does not create") };
    let command = CommandRequest::new(&runtime, &headers, correlation);
    let outcome = command.run::<D, C>(None, input).await?;
    let id = match &outcome {
        Executed::Done { id, .. } => Some(*id),
        Executed::Refused(_) => None,
    };
    let mut response = answer::<C::Aggregate>(outcome, StatusCode::CREATED)?;
    let location = id.map(|id| HeaderValue::from_str(&location::<D, C>(uri.path(), id)));
    if let Some(Ok(location)) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `POST /things/{id}/mend-thing`: changes. 200 with what it is now.
///
/// # Errors
/// The refusals of the command, and whatever keeps the service from carrying it out.
pub async fn update<D: 'static, C: Decision<D, Kind = Updates<D, C>>>(
    State(runtime): State<Arc<Runtime>>,
    Extension(correlation): Extension<Correlation>,
    Target(target): Target,
    headers: HeaderMap,
    Input(input): Input,
) -> Result<Response, Problem> {
    let command = CommandRequest::new(&runtime, &headers, correlation);
    let outcome = command.run::<D, C>(Some(target), input).await?;
    answer::<C::Aggregate>(outcome, StatusCode::OK)
}

/// `DELETE /things/{id}`: deletes. 204; 200 with what it is when the decision kept it.
///
/// # Errors
/// The refusals of the command, and whatever keeps the service from carrying it out.
pub async fn delete<D: 'static, C: Decision<D, Kind = Deletes<D, C>>>(
    State(runtime): State<Arc<Runtime>>,
    Extension(correlation): Extension<Correlation>,
    Target(target): Target,
    headers: HeaderMap,
    Input(input): Input,
) -> Result<Response, Problem> {
    let command = CommandRequest::new(&runtime, &headers, correlation);
    let outcome = command.run::<D, C>(Some(target), input).await?;
    answer::<C::Aggregate>(outcome, StatusCode::OK)
}

/// A command that came by HTTP.
struct CommandRequest<'a> {
    runtime: &'a Runtime,
    headers: &'a HeaderMap,
    correlation: Correlation,
}

impl<'a> CommandRequest<'a> {
    const fn new(runtime: &'a Runtime, headers: &'a HeaderMap, correlation: Correlation) -> Self {
        Self {
            runtime,
            headers,
            correlation,
        }
    }

    async fn run<D: 'static, C: Decision<D>>(
        &self,
        target: Option<Uuid>,
        input: Value,
    ) -> Result<Executed, Problem> {
        let key = origin::idempotency_key(self.headers)?;
        // Without a key nobody can tell a repetition: a new id each time, later than those before.
        let created = (key.is_none() && !C::Kind::ON_EXISTING).then(Uuid::now_v7);
        let request = Request {
            target: target.or(created),
            new_id: created.is_some(),
            input,
            context: origin::context::<D, C>(self.headers, &self.correlation, target, key),
            with: Vec::new(),
            when_refused: Vec::new(),
            if_version: tag::if_match(self.headers)?,
        };
        if key.is_none() {
            return Ok(CommandExecutor::<D, C>::run(self.runtime, &request, None).await?);
        }
        match idempotency::execute::<D, C>(self.runtime, &request).await? {
            IdempotencyOutcome::Executed(executed) => Ok(executed),
            IdempotencyOutcome::KeyReused => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "the `Idempotency-Key` was used before, with another body",
            )),
        }
    }
}

/// Where what was created is found: below the path it was posted to, without the command's name.
fn location<D: 'static, C: Decision<D>>(path: &str, id: Uuid) -> String {
    let path = path.trim_end_matches('/');
    let collection = match path.rsplit_once('/') {
        Some((before, last)) if is_segment_of(last, C::NAME) => before,
        _ => path,
    };
    format!("{collection}/{id}")
}

/// Whether a segment of a path is this name in kebab case.
fn is_segment_of(segment: &str, name: &str) -> bool {
    let letters = segment.chars().filter(|letter| *letter != '-');
    letters.eq(name.chars().map(|letter| letter.to_ascii_lowercase()))
}

/// The answer to a command; nothing is shown of what was deleted.
fn answer<A: Aggregate>(outcome: Executed, status: StatusCode) -> Result<Response, Problem> {
    match outcome {
        Executed::Done {
            id,
            version,
            view: Some(view),
        } => {
            let json = HeaderValue::from_static("application/json");
            let headers = [
                (header::CONTENT_TYPE, json),
                (header::ETAG, tag::of(version)),
            ];
            let changed = ChangedAggregate::of::<A>(id, version);
            Ok((status, Extension(changed), headers, view).into_response())
        }
        Executed::Done {
            id,
            version,
            view: None,
        } => {
            let changed = ChangedAggregate::of::<A>(id, version);
            Ok((StatusCode::NO_CONTENT, Extension(changed)).into_response())
        }
        Executed::Refused(refused) => Err(refused.into()),
    }
}
