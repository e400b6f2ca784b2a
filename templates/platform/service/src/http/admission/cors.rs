//! What pages of other origins may read (CORS, by the Fetch standard): those that are allowed send
//! what they like, and see all of the answers. Cookies are not theirs to send.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, CorsLayer};

use super::Origin;
use crate::http::consistency_token;
use crate::http::origin::CORRELATION;

/// How long a browser may remember what it was told.
const REMEMBERED: Duration = Duration::from_secs(600);

/// What says so, also to those who ask first.
pub(super) fn layer(origins: &[Origin]) -> CorsLayer {
    let origins = origins.iter().map(Origin::to_string);
    // An origin is a part of a URI, which is a header's value as it stands.
    let origins = origins.filter_map(|origin| HeaderValue::try_from(origin).ok());
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static(CORRELATION),
            HeaderName::from_static(consistency_token::HEADER),
        ])
        .max_age(REMEMBERED)
}
