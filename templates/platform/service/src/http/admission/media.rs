//! Bodies are JSON, and say so: forms and plain text are what any page can send without being asked
//! first.

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::Problem;

/// What is read.
const JSON: &str = "application/json";

/// Lets requests pass that have no body, or one of JSON.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let known = request.extensions().get::<MatchedPath>().is_some();
    let has_body = !request.body().is_end_stream();
    if !(known && has_body) || is_json(request.headers()) {
        return next.run(request).await;
    }
    let problem = Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported-media-type",
        "a body has to be JSON in UTF-8, and `Content-Type` to say so: `application/json`",
    );
    let mut response = problem.into_response();
    // What would have been taken (RFC 9110, section 15.5.16).
    let accept = (header::ACCEPT, HeaderValue::from_static(JSON));
    response.headers_mut().extend([accept]);
    response
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut given = headers.get_all(header::CONTENT_TYPE).iter();
    match (given.next(), given.next()) {
        (Some(value), None) => value.to_str().is_ok_and(names_json),
        _ => false,
    }
}

fn names_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let suffixed = name
        .strip_prefix("application/")
        .and_then(|subtype| subtype.strip_suffix("+json"));
    let json = name == JSON || suffixed.is_some_and(|subtype| !subtype.is_empty());
    json && parts.filter_map(charset).all(|charset| charset == "utf-8")
}

/// The character set that a parameter names.
fn charset(parameter: &str) -> Option<String> {
    let (name, value) = parameter.split_once('=')?;
    let is_charset = name.eq_ignore_ascii_case("charset");
    is_charset.then(|| value.trim_matches('"').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::names_json;

    #[test]
    fn json_is_known_by_its_names() {
        for json in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/merge-patch+json",
            "application/json; profile=x",
        ] {
            assert!(names_json(json), "{json}");
        }
        for other in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "application/+json",
            "application/jsonp",
            "application/json; charset=iso-8859-1",
        ] {
            assert!(!names_json(other), "{other}");
        }
    }
}
