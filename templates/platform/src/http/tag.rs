//! Entity tags (RFC 9110, section 8.8.3): the version of an aggregate, `"7"`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Problem;

/// The entity tag of a version.
pub(super) fn of(version: u64) -> HeaderValue {
    // Digits in quotes are always a valid value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The version that `If-Match` asks for; `None` when it is absent or `*`.
///
/// # Errors
/// 400 when it is not one entity tag as [`of`] gives them.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    match headers.get(header::IF_MATCH) {
        None => Ok(None),
        Some(value) if value == "*" => Ok(None),
        Some(value) => match value.to_str().ok().and_then(version) {
            Some(version) => Ok(Some(version)),
            None => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-header",
                "`If-Match` must be one entity tag as `ETag` gave it, like \"7\"",
            )),
        },
    }
}

/// Whether `If-None-Match` names this version, or any.
pub(super) fn none_match_names(headers: &HeaderMap, current: u64) -> bool {
    let names = |tag: &str| {
        let tag = tag.trim();
        tag == "*" || version(tag.trim_start_matches("W/")) == Some(current)
    };
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|tags| tags.split(',').any(names))
}

fn version(tag: &str) -> Option<u64> {
    tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}
