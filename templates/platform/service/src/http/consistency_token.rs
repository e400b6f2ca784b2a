//! Callers read their own writes, also where read replicas and a cache answer reads: the answer to a
//! command has a consistency token, which comes back with the reads after it, in a header or, without
//! the caller's doing, in a cookie.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::Problem;
use platform_contract::schema::Schema;
use platform_ports::cache::CacheLookup;
use platform_ports::engine::{ConsistencyToken, EngineError, Find, Found, Page};
use platform_runtime::Runtime;
use platform_runtime::cache;
use platform_runtime::decision::Aggregate;

/// The header with the token, of answers and of requests.
pub(super) const HEADER: &str = "x-position";

/// How long the cookie lasts, in seconds: longer than any replica that is asked is behind.
const COOKIE_SECONDS: u64 = 30;

/// The aggregate that a command has changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChangedAggregate {
    schema: &'static Schema,
    id: Uuid,
    version: u64,
}

impl ChangedAggregate {
    /// One that has this version now.
    pub(super) const fn of<A: Aggregate>(id: Uuid, version: u64) -> Self {
        Self {
            schema: A::SCHEMA,
            id,
            version,
        }
    }
}

/// Reads of one caller, from whatever has got as far as the caller has seen.
pub(super) struct ConsistentReads<'a> {
    runtime: &'a Runtime,
    at_least: ConsistencyToken,
}

impl<'a> ConsistentReads<'a> {
    /// For a caller whose request has these headers.
    ///
    /// # Errors
    /// 400 when the header is no token.
    pub(super) fn of(runtime: &'a Runtime, headers: &HeaderMap) -> Result<Self, Problem> {
        let tells = runtime.engine.read_replicas().is_some() || runtime.cache.is_some();
        let at_least = match tells {
            false => ConsistencyToken::START,
            true => latest(headers, &cookie(runtime))?,
        };
        Ok(Self { runtime, at_least })
    }

    /// The row under an id.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub(super) async fn load(
        &self,
        schema: &'static Schema,
        id: Uuid,
    ) -> Result<Found, EngineError> {
        // Who changed what the cache could not be told of is not to be answered by it.
        let cache = self.runtime.cache.as_ref();
        let Some(cache) = cache.filter(|_| self.at_least != ConsistencyToken::NEVER) else {
            return self.stored(schema, id).await;
        };
        let lookup = cache.get(schema, id).await;
        cache::count(schema.name, &lookup);
        let looked_up = match lookup {
            CacheLookup::Hit(row) => return Ok(Found::Live(row)),
            CacheLookup::Miss(time) => Some(time),
            CacheLookup::Unavailable => None,
        };
        let found = self.stored(schema, id).await?;
        if let (Some(time), Found::Live(row)) = (looked_up, &found) {
            cache.put(schema, row, time).await;
        }
        Ok(found)
    }

    /// The same, from the database or a read replica.
    async fn stored(&self, schema: &'static Schema, id: Uuid) -> Result<Found, EngineError> {
        let engine = &self.runtime.engine;
        if let Some(replicas) = engine.read_replicas()
            && let Some(found) = replicas.load(self.at_least, schema, id).await
        {
            return Ok(found);
        }
        engine.load(schema, 0, id).await
    }

    /// A page of rows.
    ///
    /// # Errors
    /// When the database cannot answer.
    pub(super) async fn find(&self, find: &Find) -> Result<Page, EngineError> {
        let engine = &self.runtime.engine;
        if let Some(replicas) = engine.read_replicas()
            && let Some(page) = replicas.find(self.at_least, find).await
        {
            return Ok(page);
        }
        engine.find(find).await
    }
}

/// Invalidates in the cache what a command has changed, and sends a token with every answer but those to
/// reads. A refusal has seen the database, too.
pub(super) async fn send(
    State(runtime): State<Arc<Runtime>>,
    request: Request,
    next: Next,
) -> Response {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let mut response = next.run(request).await;
    if reads {
        return response;
    }
    let changed = response.extensions().get::<ChangedAggregate>().copied();
    let invalidated = invalidate(&runtime, changed).await;
    let Some(token) = token_now(&runtime, invalidated).await else {
        return response;
    };
    let time_to_live = runtime
        .cache
        .as_ref()
        .map_or(0, |it| it.time_to_live().as_secs() + 1);
    let cookie = format!(
        "{}={token}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax",
        cookie(&runtime),
        time_to_live.max(COOKIE_SECONDS),
    );
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&token.to_string()) {
        headers.insert(HEADER, value);
    }
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, value);
    }
    response
}

/// Whether the cache has nothing that is older than what the answer tells of.
async fn invalidate(runtime: &Runtime, changed: Option<ChangedAggregate>) -> bool {
    match (&runtime.cache, changed) {
        (Some(cache), Some(changed)) => {
            let answer = cache.invalidate(changed.schema, changed.id, changed.version);
            answer.await.is_ok()
        }
        _ => true,
    }
}

/// What the caller's next reads have to have got to, where anything but the database answers them.
async fn token_now(runtime: &Runtime, invalidated: bool) -> Option<ConsistencyToken> {
    if !invalidated {
        return Some(ConsistencyToken::NEVER);
    }
    let token = runtime.engine.read_replicas()?.consistency_token().await;
    Some(token.unwrap_or_else(|error| {
        runtime.outages.failed(&error, || {
            tracing::warn!(%error, "nobody knows how far copies have to be for the caller's next reads");
        });
        ConsistencyToken::NEVER
    }))
}

/// The name of the cookie: browsers do not keep the services of one host apart by their ports.
fn cookie(runtime: &Runtime) -> String {
    format!("{}-{}-position", runtime.system, runtime.context)
}

/// The latest token that the headers name. A cookie that is none is left alone: whoever called
/// may not know that it is sent.
fn latest(headers: &HeaderMap, cookie: &str) -> Result<ConsistencyToken, Problem> {
    let mut latest = ConsistencyToken::START;
    for value in headers.get_all(HEADER) {
        let token = value.to_str().ok().and_then(|text| text.parse().ok());
        latest = latest.max(token.ok_or_else(no_token)?);
    }
    let cookies = headers.get_all(header::COOKIE).iter();
    let pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|pairs| pairs.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().strip_prefix(cookie)?.strip_prefix('='));
    let tokens = named.filter_map(|text| text.parse().ok());
    Ok(tokens.fold(latest, ConsistencyToken::max))
}

fn no_token() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-header",
        "`X-Position` must be a position as the answer to a command gave it",
    )
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::latest;
    use platform_ports::engine::ConsistencyToken;

    fn of(headers: &[(&'static str, &'static str)]) -> Option<ConsistencyToken> {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        latest(&map, "bank-loan-position").ok()
    }

    #[test]
    fn the_latest_that_is_named_counts() {
        assert_eq!(of(&[]), Some(ConsistencyToken::START));
        let cookie = ("cookie", "a=b; bank-loan-position=1f; bank-loan=ff");
        assert_eq!(of(&[cookie]), Some(ConsistencyToken::new(0x1f)));
        let both = [("x-position", "2"), cookie];
        assert_eq!(of(&both), Some(ConsistencyToken::new(0x1f)));
        let several = [("x-position", "2"), ("x-position", "a0"), cookie];
        assert_eq!(of(&several), Some(ConsistencyToken::new(0xa0)));
    }

    #[test]
    fn what_is_none_is_refused_in_a_header_and_nothing_in_a_cookie() {
        assert_eq!(of(&[("x-position", "0/16B3748")]), None);
        assert_eq!(of(&[("x-position", "")]), None);
        let cookie = ("cookie", "bank-loan-position=x; x-bank-loan-position=1");
        assert_eq!(of(&[cookie]), Some(ConsistencyToken::START));
    }
}
