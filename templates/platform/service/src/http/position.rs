//! What a caller has seen of the database, where copies of it and a cache answer reads: told with the
//! answer to a command, and given back with the reads after it, by a header or, without the caller's
//! doing, by a cookie.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::Problem;
use platform_contract::schema::Schema;
use platform_ports::cache::Known;
use platform_ports::engine::{ConsistencyToken, EngineError, Find, Found, Page};
use platform_runtime::Runtime;
use platform_runtime::cache;
use platform_runtime::decision::Aggregate;

/// The header with a position, of answers and of requests.
pub(super) const POSITION: &str = "x-position";

/// How long the cookie lasts, in seconds: longer than any copy that is asked is behind.
const COOKIE_SECONDS: u64 = 30;

/// What a command has changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    schema: &'static Schema,
    id: Uuid,
    version: u64,
}

impl Changed {
    /// An aggregate, up to this version.
    pub(super) const fn of<A: Aggregate>(id: Uuid, version: u64) -> Self {
        Self {
            schema: A::SCHEMA,
            id,
            version,
        }
    }
}

/// What answers the reads of a caller.
pub(super) struct Source<'a> {
    runtime: &'a Runtime,
    seen: ConsistencyToken,
}

impl<'a> Source<'a> {
    /// For a caller whose request has these headers.
    ///
    /// # Errors
    /// 400 when the header is no position.
    pub(super) fn of(runtime: &'a Runtime, headers: &HeaderMap) -> Result<Self, Problem> {
        let tells = runtime.engine.replicas().is_some() || runtime.cache.is_some();
        let seen = match tells {
            false => ConsistencyToken::START,
            true => seen(headers, &cookie(runtime))?,
        };
        Ok(Self { runtime, seen })
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
        let Some(cache) = cache.filter(|_| self.seen != ConsistencyToken::NEVER) else {
            return self.stored(schema, id).await;
        };
        let known = cache.look(schema, id).await;
        cache::count(schema.name, &known);
        let asked = match known {
            Known::Row(row) => return Ok(Found::Live(row)),
            Known::Nothing(asked) => Some(asked),
            Known::Passed => None,
        };
        let found = self.stored(schema, id).await?;
        if let (Some(asked), Found::Live(row)) = (asked, &found) {
            cache.keep(schema, row, asked).await;
        }
        Ok(found)
    }

    /// The same, from the database or a copy of it.
    async fn stored(&self, schema: &'static Schema, id: Uuid) -> Result<Found, EngineError> {
        let engine = &self.runtime.engine;
        if let Some(replicas) = engine.replicas()
            && let Some(found) = replicas.load(self.seen, schema, id).await
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
        if let Some(replicas) = engine.replicas()
            && let Some(page) = replicas.find(self.seen, find).await
        {
            return Ok(page);
        }
        engine.find(find).await
    }
}

/// Tells the cache what a command has changed, and with every answer but those to reads where the
/// database is by then. A refusal has seen it, too.
pub(super) async fn tell(
    State(runtime): State<Arc<Runtime>>,
    request: Request,
    next: Next,
) -> Response {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let mut response = next.run(request).await;
    if reads {
        return response;
    }
    let changed = response.extensions().get::<Changed>().copied();
    let told = tell_cache(&runtime, changed).await;
    let Some(position) = position(&runtime, told).await else {
        return response;
    };
    let lives = runtime
        .cache
        .as_ref()
        .map_or(0, |it| it.lives().as_secs() + 1);
    let cookie = format!(
        "{}={position}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax",
        cookie(&runtime),
        lives.max(COOKIE_SECONDS),
    );
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&position.to_string()) {
        headers.insert(POSITION, value);
    }
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, value);
    }
    response
}

/// Whether the cache has nothing that is older than what the answer tells of.
async fn tell_cache(runtime: &Runtime, changed: Option<Changed>) -> bool {
    match (&runtime.cache, changed) {
        (Some(cache), Some(changed)) => {
            let told = cache.changed(changed.schema, changed.id, changed.version);
            told.await.is_ok()
        }
        _ => true,
    }
}

/// What the caller's next reads have to have got to, where anything but the database answers them.
async fn position(runtime: &Runtime, told: bool) -> Option<ConsistencyToken> {
    if !told {
        return Some(ConsistencyToken::NEVER);
    }
    let position = runtime.engine.replicas()?.position().await;
    Some(position.unwrap_or_else(|error| {
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

/// The latest position that the headers name. A cookie that is none is left alone: whoever called
/// may not know that it is sent.
fn seen(headers: &HeaderMap, cookie: &str) -> Result<ConsistencyToken, Problem> {
    let mut seen = ConsistencyToken::START;
    for value in headers.get_all(POSITION) {
        let position = value.to_str().ok().and_then(|text| text.parse().ok());
        seen = seen.max(position.ok_or_else(no_position)?);
    }
    let cookies = headers.get_all(header::COOKIE).iter();
    let pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|pairs| pairs.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().strip_prefix(cookie)?.strip_prefix('='));
    let told = named.filter_map(|text| text.parse().ok());
    Ok(told.fold(seen, ConsistencyToken::max))
}

fn no_position() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "bad-header",
        "`X-ConsistencyToken` must be a position as the answer to a command gave it",
    )
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    use super::seen;
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
        seen(&map, "bank-loan-position").ok()
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
