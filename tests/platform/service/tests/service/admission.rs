//! Who may knock: what web pages make browsers send, and what only tools send.

use serde_json::json;

use crate::http::{Site, new, refused};
use crate::raw;

const EVIL: &str = "http://evil.example";
const FRIEND: &str = "https://shop.example";

/// A service that pages of a friend may use.
async fn with_a_friend() -> Site {
    Site::start_with(|config| config.origins = vec![FRIEND.parse().expect("an origin")]).await
}

/// Posts an account as a browser would for a page.
async fn post_as(site: &Site, number: i64, headers: &[(&str, &str)]) -> u16 {
    let body = new(number).to_string();
    let answer = site.send("POST", "/accounts", headers, &body).await;
    if answer.status == 403 {
        refused(&answer, 403, "cross-origin");
    }
    answer.status
}

#[tokio::test]
async fn pages_of_other_origins_change_nothing() {
    let site = Site::start().await;
    let path = format!("/accounts/{}", uuid::Uuid::now_v7());
    for foreign in [
        &[("origin", EVIL)][..],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "same-origin"), ("origin", EVIL)],
        &[("sec-fetch-site", "cross-site"), ("origin", EVIL)],
    ] {
        assert_eq!(post_as(&site, 1, foreign).await, 403, "{foreign:?}");
        let deleted = site.send("DELETE", &path, foreign, "").await;
        refused(&deleted, 403, "cross-origin");
        let read = site.send("GET", "/accounts", foreign, "").await;
        assert_eq!(read.status, 200, "reading changes nothing: {foreign:?}");
        assert_eq!(read.header("access-control-allow-origin"), None);
    }
    assert_eq!(site.events().await, 0);
}

#[tokio::test]
async fn its_own_page_and_tools_are_let_in() {
    let site = Site::start().await;
    let own = site.running.url();
    for (number, near) in (1..).zip([
        &[][..],
        &[("origin", own.as_str())],
        &[("sec-fetch-site", "same-origin"), ("origin", own.as_str())],
        &[("sec-fetch-site", "none")],
    ]) {
        assert_eq!(post_as(&site, number, near).await, 201, "{near:?}");
    }
}

#[tokio::test]
async fn pages_of_allowed_origins_ask_first_and_read_the_answers() {
    let site = with_a_friend().await;
    let asks = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "content-type,idempotency-key",
            ),
        ]
    };
    let asked = site.send("OPTIONS", "/accounts", &asks(FRIEND), "").await;
    assert_eq!(asked.status, 200);
    assert_eq!(asked.header("access-control-allow-origin"), Some(FRIEND));
    let headers = asked.header("access-control-allow-headers");
    assert_eq!(headers, Some("content-type,idempotency-key"));
    let asked = site.send("OPTIONS", "/accounts", &asks(EVIL), "").await;
    assert_eq!(asked.header("access-control-allow-origin"), None);

    let friend = [("origin", FRIEND), ("sec-fetch-site", "cross-site")];
    assert_eq!(post_as(&site, 1, &friend).await, 201);
    let again = site
        .send(
            "POST",
            "/accounts",
            &friend,
            &json!({ "number": "x" }).to_string(),
        )
        .await;
    assert_eq!(again.status, 422);
    assert_eq!(again.header("access-control-allow-origin"), Some(FRIEND));
    let shown = again
        .header("access-control-expose-headers")
        .unwrap_or_default();
    assert!(shown.contains("x-correlation-id"), "{shown}");
    assert_eq!(post_as(&site, 2, &[("origin", EVIL)]).await, 403);
    let both = [("origin", FRIEND), ("origin", EVIL)];
    assert_ne!(post_as(&site, 2, &both).await, 201);
}

#[tokio::test]
async fn a_body_is_json_and_says_so() {
    let site = Site::start().await;
    for other in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=iso-8859-1",
    ] {
        let headers = [("content-type", other)];
        let body = new(1).to_string();
        let answer = site.send("POST", "/accounts", &headers, &body).await;
        refused(&answer, 415, "unsupported-media-type");
        assert_eq!(answer.header("accept"), Some("application/json"));
    }
    let unnamed = "POST /accounts HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                   content-length: 2\r\n\r\n{}";
    let answer = raw::answer(site.running.address(), unnamed).await;
    assert!(answer.starts_with("HTTP/1.1 415 "), "{answer}");
    assert_eq!(site.events().await, 0);

    let headers = [("content-type", "application/vnd.bank+json; charset=utf-8")];
    let made = site
        .send("POST", "/accounts", &headers, &new(1).to_string())
        .await;
    assert_eq!(made.status, 201);
    let path = made.header("location").expect("a location");
    let approved = site.send("POST", &format!("{path}/approve"), &[], "").await;
    assert_eq!(approved.status, 200, "no body, no media type");
}

#[tokio::test]
async fn a_name_that_means_this_machine_for_a_while_only_is_not_its_own() {
    let site = Site::start().await;
    let get = |path: &str, host: &str| {
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
    };
    let port = site.running.address().port();
    for path in [
        "/accounts",
        "/docs",
        "/openapi.json",
        "/metrics",
        "/health/ready",
    ] {
        for own in ["localhost", "127.0.0.1", "[::1]"] {
            let request = get(path, &format!("{own}:{port}"));
            let answer = raw::answer(site.running.address(), &request).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{own}{path}: {answer}");
        }
        let request = get(path, &format!("evil.example:{port}"));
        let answer = raw::answer(site.running.address(), &request).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{path}: {answer}");
        assert!(
            answer.contains("urn:microdb:problem:misdirected"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_request_says_once_whom_it_is_meant_for() {
    let site = Site::start().await;
    for (request, status) in [
        ("GET /accounts HTTP/1.1\r\nconnection: close\r\n\r\n", 400),
        (
            "GET /accounts HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            400,
        ),
        (
            "GET /accounts HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n",
            400,
        ),
        (
            "GET http://evil.example/accounts HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            421,
        ),
        ("GET /health/ready HTTP/1.0\r\n\r\n", 200),
    ] {
        let answer = raw::answer(site.running.address(), request).await;
        let (_, rest) = answer.split_once(' ').expect("a status line");
        assert!(rest.starts_with(&status.to_string()), "{request}: {answer}");
    }
}

#[tokio::test]
async fn names_that_are_allowed_are_its_own() {
    let site = Site::start_with(|config| {
        config.hosts = vec!["bank.example".parse().expect("a name")];
    })
    .await;
    let request = "GET /accounts HTTP/1.1\r\nhost: Bank.Example:80\r\nconnection: close\r\n\r\n";
    let answer = raw::answer(site.running.address(), request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
