//! Lists, in keyset pages: a page starts after the last row of the one before, however many rows
//! come and go in between.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::consistency_token::ConsistentReads;
use super::{Problem, parameters, read};
use platform_contract::AggregateType;
use platform_ports::engine::Find;
use platform_runtime::Runtime;
use platform_runtime::decision::Aggregate;
use platform_runtime::query::Query;
use platform_runtime::unit_of_work::{from_row, refusals};

/// A page as callers are shown it.
#[derive(Serialize)]
struct PageBody<V> {
    items: Vec<V>,
    /// What `after` has to be for the page after this one; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// `GET /things?limit=&after=`: all of a kind, by id.
///
/// # Errors
/// 422 for parameters that are not valid, and whatever keeps the service from answering.
pub async fn list<A: Aggregate>(
    State(runtime): State<Arc<Runtime>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let paging = parameters::of_list(&uri)?;
    let find = Find {
        schema: A::SCHEMA,
        generation: 0,
        equals: Vec::new(),
        range: None,
        order: &[],
        after: paging.after,
        limit: paging.limit,
    };
    page::<A>(&ConsistentReads::of(&runtime, &headers)?, &uri, &find).await
}

/// `GET /things/by-owner?owner=`: what a query finds, in pages; a single one when it covers a
/// unique constraint.
///
/// # Errors
/// 422 for parameters that are not valid, 404 when the single one is not there, and whatever keeps
/// the service from answering.
pub async fn query<Q: Query>(
    State(runtime): State<Arc<Runtime>>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (query, paging) = parameters::of_query::<Q>(&uri)?;
    let mut find = query.find(paging.limit).map_err(|error| {
        tracing::error!(query = Q::NAME, %error, "a parameter has no JSON form");
        Problem::internal()
    })?;
    find.after = paging.after;
    let reads = ConsistentReads::of(&runtime, &headers)?;
    if !Q::UNIQUE {
        return page::<Q::Aggregate>(&reads, &uri, &find).await;
    }
    let kind = <Q::Aggregate as Aggregate>::Type::NAME;
    let row = reads.find(&find).await?.rows.into_iter().next();
    let row = row.ok_or_else(|| refusals::not_found(kind))?;
    read::show(&headers, &from_row::<Q::Aggregate>(row)?)
}

async fn page<A: Aggregate>(
    reads: &ConsistentReads<'_>,
    uri: &Uri,
    find: &Find,
) -> Result<Response, Problem> {
    let page = reads.find(find).await?;
    let rows = page.rows.into_iter();
    let items = rows.map(|row| Ok(from_row::<A>(row)?.view()));
    let items: Vec<A::View> = items.collect::<Result<_, Problem>>()?;
    let link = page.next.as_deref().and_then(|next| link(uri, next));
    let body = PageBody {
        items,
        next: page.next,
    };
    let mut response = axum::Json(body).into_response();
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The link to the page after this one (RFC 8288): the same URI with another cursor.
fn link(uri: &Uri, next: &str) -> Option<HeaderValue> {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept = kept.filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let after = format!("after={}", escaped(next));
    let query: Vec<&str> = kept.chain([after.as_str()]).collect();
    let target = format!("<{}?{}>; rel=\"next\"", uri.path(), query.join("&"));
    HeaderValue::from_str(&target).ok()
}

/// A text as it stands in a URI's query: all but unreserved characters (RFC 3986, section 2.3)
/// escaped.
fn escaped(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            byte if unreserved(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
