//! Every answer that is no success is a problem document, whoever refuses: a command, a reader of
//! requests, or the framework.

use platform_testing::http::Answer;
use serde_json::json;

use crate::http::Site;

/// The paths of a service, its own and those that every service has; `{id}` is a live account's.
const PATHS: [&str; 15] = [
    "/accounts",
    "/accounts/{id}",
    "/accounts/{id}/approve",
    "/accounts/{id}/pay",
    "/accounts/{id}/rename",
    "/accounts/no-id/pay",
    "/accounts/by-holder",
    "/accounts/by-number",
    "/accounts/%FF",
    "/accounts/",
    "/nothing",
    "/health/live",
    "/metrics",
    "/openapi.json",
    "/docs",
];
const METHODS: [&str; 9] = [
    "GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW",
];
/// A header that nothing is wrong with, and others.
const HEADERS: [(&str, &str); 7] = [
    ("accept", "text/html"),
    ("content-encoding", "gzip"),
    ("idempotency-key", ""),
    ("if-match", "1"),
    ("if-none-match", "1"),
    ("x-correlation-id", "two words"),
    ("content-type", "application/json"),
];
const BODIES: [&str; 5] = ["", "{", "{\"a\":1,\"a\":2}", "[]", "{\"amount\":1e400}"];

#[tokio::test]
async fn whatever_is_refused_is_refused_with_a_problem() {
    let site = Site::start().await;
    let mut refused = 0;
    for (number, path) in (1..).zip(PATHS) {
        let account = site.account(number).await;
        let path = path.replace("/accounts/{id}", &account);
        for method in METHODS {
            for (header, body) in cases() {
                let answer = site.send(method, &path, &[header], body).await;
                let asked = format!("{method} {path} with {header:?} and {body:?}");
                refused += usize::from(is_problem(&asked, method, &answer));
            }
        }
    }
    assert!(refused > 1_000, "{refused}");
}

/// Every body with a header that nothing is wrong with, and every header with an empty object.
fn cases() -> impl Iterator<Item = ((&'static str, &'static str), &'static str)> {
    let bodies = BODIES.into_iter().map(|body| (HEADERS[0], body));
    bodies.chain(HEADERS.into_iter().map(|header| (header, "{}")))
}

/// Whether an answer is one, which it must be unless it is a success.
fn is_problem(asked: &str, method: &str, answer: &Answer) -> bool {
    let status = answer.status;
    assert!(status < 500, "{asked}: {status} {}", answer.text());
    if status == 405 {
        assert!(
            answer
                .header("allow")
                .is_some_and(|allow| !allow.is_empty()),
            "{asked}"
        );
    }
    if status < 400 {
        return false;
    }
    let media = answer.header("content-type");
    assert_eq!(media, Some("application/problem+json"), "{asked}: {status}");
    if method == "HEAD" {
        assert_eq!(answer.text(), "", "{asked}");
        return true;
    }
    let body = answer.json();
    assert_eq!(body["status"], json!(status), "{asked}: {body}");
    let kind = body["type"].as_str().unwrap_or_default();
    let name = kind
        .strip_prefix("urn:microdb:problem:")
        .unwrap_or_default();
    let kebab = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    assert!(
        !name.is_empty() && name.bytes().all(kebab),
        "{asked}: {body}"
    );
    assert!(
        body["title"].is_string() && body["detail"].is_string(),
        "{asked}: {body}"
    );
    true
}

#[tokio::test]
async fn head_says_what_get_says_and_options_what_a_path_allows() {
    let site = Site::start().await;
    let account = site.account(1).await;
    for path in [
        &account,
        "/accounts",
        "/nothing",
        "/health/live",
        "/openapi.json",
        "/docs",
    ] {
        let get = site.get(path).await;
        let head = site.send("HEAD", path, &[], "").await;
        assert_eq!(
            (head.status, head.text().as_str()),
            (get.status, ""),
            "{path}"
        );
        for name in ["content-type", "content-length", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
    for (path, allowed) in [
        (account.as_str(), "DELETE,GET,HEAD"),
        ("/accounts", "GET,HEAD,POST"),
        ("/accounts/by-holder", "GET,HEAD"),
        ("/health/ready", "GET,HEAD"),
    ] {
        for (method, status) in [("OPTIONS", 204), ("PUT", 405)] {
            let answer = site.send(method, path, &[], "").await;
            let mut methods: Vec<_> = answer
                .header("allow")
                .unwrap_or_default()
                .split(',')
                .collect();
            methods.sort_unstable();
            assert_eq!(
                (answer.status, methods.join(",").as_str()),
                (status, allowed),
                "{path}"
            );
        }
    }
    let nowhere = site.send("OPTIONS", "/nothing", &[], "").await;
    assert_eq!(nowhere.status, 404);
}
