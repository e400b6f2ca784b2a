//! Refusals say whose fault it is, and which rule was broken.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{Site, new, refused};
use crate::raw;

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_before_it_is_asked_for() {
    let site = Site::start().await;
    let head = |length: u64| {
        format!(
            "POST /accounts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nexpect: 100-continue\r\n\r\n"
        )
    };
    for length in [(1 << 20) + 1, 1 << 40] {
        let answer = raw::answer(site.running.address(), &head(length)).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("urn:microdb:problem:too-large"), "{answer}");
    }
    // One that is not too long is asked for.
    let mut stream = TcpStream::connect(site.running.address()).await.unwrap();
    stream.write_all(head(2).as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100");
}

#[tokio::test]
async fn a_body_without_a_length_is_read_up_to_the_limit() {
    let site = Site::start().await;
    let chunk = "x".repeat(1 << 20);
    let request = format!(
        "POST /accounts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n{:x}\r\n{chunk}\r\n1\r\nx\r\n0\r\n\r\n",
        chunk.len()
    );
    let answer = raw::answer(site.running.address(), &request).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn a_coding_that_is_not_served_is_told_from_a_media_type() {
    let site = Site::start().await;
    let body = new(1).to_string();
    for coding in ["gzip", "identity, br", "x"] {
        let headers = [("content-encoding", coding)];
        let answer = site.send("POST", "/accounts", &headers, &body).await;
        refused(&answer, 415, "unsupported-coding");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
    }
    let headers = [("content-encoding", "Identity")];
    let answer = site.send("POST", "/accounts", &headers, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
}

#[tokio::test]
async fn json_that_is_refused_is_not_said_to_be_none() {
    let site = Site::start().await;
    let deep = format!("{{\"holder\":{}{}}}", "[".repeat(64), "]".repeat(64));
    let answer = site.send("POST", "/accounts", &[], &deep).await;
    refused(&answer, 400, "bad-json");
    assert!(
        answer.text().contains("nested more than 64 deep"),
        "{}",
        answer.text()
    );

    let huge = r#"{"holder":"Ada","number":1e400}"#;
    let answer = site.send("POST", "/accounts", &[], huge).await;
    refused(&answer, 422, "invalid");
    let bounds = format!("from {} to {}", i64::MIN, i64::MAX);
    assert!(answer.text().contains(&bounds), "{}", answer.text());
}

#[tokio::test]
async fn a_wrong_amount_is_told_the_rule_it_broke() {
    let site = Site::start().await;
    let pay = format!("{}/pay", site.open_account(1).await);
    for (amount, rule) in [
        (json!("0.001"), "must have at most 2 digits after the point"),
        (
            json!("12345678901.00"),
            "must have at most 10 digits before the point",
        ),
        (json!("0.00"), "must be more than 0.00"),
        (json!(1.5), "must be a decimal as a text, such as \"12.50\""),
    ] {
        let answer = site.post(&pay, json!({ "amount": amount })).await;
        refused(&answer, 422, "invalid");
        assert_eq!(answer.json()["violations"][0]["detail"], rule);
    }
}

#[tokio::test]
async fn preconditions_are_lists_of_tags_that_are_compared_strongly() {
    let site = Site::start().await;
    let rename = format!("{}/rename", site.account(1).await);
    let body = json!({ "holder": "Grace" }).to_string();
    let send = |tags: &'static [&'static str]| {
        let headers: Vec<_> = tags.iter().map(|tags| ("if-match", *tags)).collect();
        let (site, rename, body) = (&site, &rename, &body);
        async move { site.send("POST", rename, &headers, body).await }
    };
    for stale in [
        &["W/\"1\""] as &[_],
        &["\"2\", W/\"1\""],
        &["\"01\""],
        &["\"a,b\""],
    ] {
        refused(&send(stale).await, 412, "version-mismatch");
    }
    for broken in [&["1"] as &[_], &["\"1"], &["*, \"1\""], &[""]] {
        refused(&send(broken).await, 400, "bad-header");
    }
    let fresh = send(&["\"7\", W/\"1\"", "\"1\""]).await;
    assert_eq!((fresh.status, fresh.header("etag")), (200, Some("\"2\"")));
    assert_eq!(send(&["*"]).await.status, 200);
    let nowhere = "/accounts/00000000-0000-7000-8000-000000000000/rename";
    let any: [(&str, &str); 1] = [("if-match", "*")];
    refused(
        &site.send("POST", nowhere, &any, &body).await,
        404,
        "not-found",
    );
}

#[tokio::test]
async fn a_declared_refusal_has_its_status_and_its_reason() {
    let site = Site::start().await;
    site.account(1).await;
    let rename = format!("{}/rename", site.account(2).await);
    let body = json!({ "holder": new(1)["holder"] }).to_string();
    // Under its key it is remembered with them.
    for _ in 0..2 {
        let key = [("idempotency-key", "one")];
        let answer = site.send("POST", &rename, &key, &body).await;
        refused(&answer, 422, "too-many");
        let detail = answer.json()["detail"].as_str().map(str::to_owned);
        assert!(
            detail.is_some_and(|it| it.ends_with(" has an account")),
            "{}",
            answer.text()
        );
    }
}

/// The details that a member's value is refused with.
fn details(column: platform_contract::schema::Column, value: &str) -> Vec<String> {
    let text = format!("{{\"{}\":{value}}}", column.name);
    let Ok(Value::Object(members)) = serde_json::from_str(&text) else {
        panic!("{text} is no object");
    };
    let found = platform_contract::schema::check(&[column], &members);
    found.into_iter().map(|one| one.detail).collect()
}

#[test]
fn where_a_type_ends_its_limit_is_named() {
    use platform_contract::schema::{Column, Kind};
    let of = |kind, value: &str| details(Column::new("m", kind), value).join("; ");
    let last = "\"9999-12-30T22:00:00.999999Z\"";
    assert_eq!(of(Kind::Timestamp, last), "");
    let past = of(Kind::Timestamp, "\"9999-12-31T23:59:59Z\"");
    assert!(past.contains("to 9999-12-30T22:00:00.999999Z"), "{past}");
    let date = of(Kind::Date, "\"+010000-01-01\"");
    assert!(date.contains("from 0000-01-01 to 9999-12-31"), "{date}");
    assert_eq!(of(Kind::Duration, "\"PT9223372036854S\""), "");
    let span = of(Kind::Duration, "\"PT9223372036855S\"");
    assert!(span.contains("at most 9223372036854 seconds"), "{span}");
    let float = of(Kind::Float, "-1e400");
    assert!(
        float.contains("from -1.7976931348623157e308 to 1.79769"),
        "{float}"
    );
    let int = of(Kind::Int, "9223372036854775808");
    assert!(int.contains("to 9223372036854775807"), "{int}");
    let whole = of(Kind::decimal(4, 4), "\"1.0\"");
    assert_eq!(whole, "must have at most 0 digits before the point");
    let long = of(Kind::decimal(38, 0), &format!("\"{}\"", "9".repeat(39)));
    assert_eq!(long, "must have at most 38 digits before the point");
    let colour = of(Kind::Enum(&["red", "green"]), "\"blue\"");
    assert_eq!(colour, "must be one of `red`, `green`");
}
