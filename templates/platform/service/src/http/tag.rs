//! Entity tags (RFC 9110, section 8.8.3): the version of an aggregate, `"7"`.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Problem;
use super::origin::bad_header;

/// What a list of entity tags asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// `*`: whatever there is.
    Any,
    /// One of these.
    Tags(Vec<Tag>),
}

/// An entity tag from outside.
#[derive(Debug, PartialEq, Eq)]
struct Tag {
    weak: bool,
    /// The version whose tag it is; `None` for a tag that no version has.
    version: Option<u64>,
}

/// The entity tag of a version.
pub(super) fn of(version: u64) -> HeaderValue {
    // Digits in quotes are always a valid value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The versions that `If-Match` asks for; `None` when it is absent or `*`. A weak tag names none, for
/// it never is the same as another (RFC 9110, section 13.1.1).
///
/// # Errors
/// 400 when it is no list of entity tags.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Vec<u64>>, Problem> {
    let Some(Asked::Tags(tags)) = asked(headers, &header::IF_MATCH)? else {
        return Ok(None);
    };
    let strong = tags.into_iter().filter(|tag| !tag.weak);
    Ok(Some(strong.filter_map(|tag| tag.version).collect()))
}

/// Whether `If-None-Match` names this version, or any; weak tags do, too (RFC 9110, section 13.1.2).
///
/// # Errors
/// 400 when it is no list of entity tags.
pub(super) fn none_match_names(headers: &HeaderMap, current: u64) -> Result<bool, Problem> {
    Ok(match asked(headers, &header::IF_NONE_MATCH)? {
        None => false,
        Some(Asked::Any) => true,
        Some(Asked::Tags(tags)) => tags.iter().any(|tag| tag.version == Some(current)),
    })
}

/// What a header asks for; its lines are one list.
fn asked(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Asked>, Problem> {
    let lines = headers.get_all(name).iter();
    let lines: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let list = lines.join(&b',');
    if list.trim_ascii() == b"*" {
        return Ok(Some(Asked::Any));
    }
    let tags = tags(&list).filter(|tags| !tags.is_empty());
    tags.map(|tags| Some(Asked::Tags(tags))).ok_or_else(|| {
        bad_header(format!(
            "`{name}` must be `*` or entity tags as `ETag` gave them, such as \"7\""
        ))
    })
}

/// The tags of a list; `None` when it is none. A list may have empty elements (RFC 9110, section 5.6.1).
fn tags(mut list: &[u8]) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    loop {
        list = list.trim_ascii_start();
        if let Some(rest) = list.strip_prefix(b",") {
            list = rest;
            continue;
        }
        if list.is_empty() {
            return Some(tags);
        }
        let (tag, rest) = tag(list)?;
        tags.push(tag);
        list = rest.trim_ascii_start();
        if !(list.is_empty() || list.starts_with(b",")) {
            return None;
        }
    }
}

/// The tag a text begins with, and what follows.
fn tag(text: &[u8]) -> Option<(Tag, &[u8])> {
    let (weak, text) = match text.strip_prefix(b"W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let text = text.strip_prefix(b"\"")?;
    let end = text.iter().position(|byte| *byte == b'"')?;
    let (opaque, rest) = text.split_at_checked(end)?;
    let allowed = |byte: &u8| *byte > b' ' && *byte != 0x7F;
    let version = version(opaque);
    let rest = rest.strip_prefix(b"\"")?;
    let tag = Tag { weak, version };
    opaque.iter().all(allowed).then_some((tag, rest))
}

/// The version whose tag has this text, to the character.
fn version(opaque: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(opaque).ok()?;
    let version: u64 = text.parse().ok()?;
    (version.to_string() == text).then_some(version)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::{if_match, none_match_names};

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            let value = HeaderValue::from_static(line);
            headers.append(header::IF_MATCH, value.clone());
            headers.append(header::IF_NONE_MATCH, value);
        }
        headers
    }

    #[test]
    fn a_list_names_versions_and_a_weak_tag_none() {
        let versions = |lines: &[&'static str]| if_match(&headers(lines)).unwrap();
        assert_eq!(versions(&[]), None);
        assert_eq!(versions(&["*"]), None);
        assert_eq!(versions(&["\"7\""]), Some(vec![7]));
        assert_eq!(
            versions(&["\"7\" ,, W/\"8\",\"a,b\"", "\"9\""]),
            Some(vec![7, 9])
        );
        assert_eq!(versions(&["W/\"7\""]), Some(Vec::new()));
        assert_eq!(versions(&["\"07\", \"+7\", \"\""]), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for line in [
            "",
            ",",
            "7",
            "w/\"7\"",
            "\"7",
            "\"7\" \"8\"",
            "*, \"7\"",
            "\"a b\"",
        ] {
            assert!(if_match(&headers(&[line])).is_err(), "{line}");
        }
        assert!(if_match(&headers(&["*", "*"])).is_err());
    }

    #[test]
    fn reads_compare_weakly() {
        let names = |line| none_match_names(&headers(&[line]), 7).unwrap();
        assert!(names("W/\"7\"") && names("\"1\", \"7\"") && names("*"));
        assert!(!names("\"8\"") && !names("\"07\""));
    }
}
