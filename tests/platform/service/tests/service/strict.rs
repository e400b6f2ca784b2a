//! What can be read in two ways is refused, whatever part of a request it stands in.

use platform_testing::http::Answer;
use serde_json::{Value, json};

use crate::http::{Site, new, refused};

/// The pointers of what an answer finds wrong.
fn pointers(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let violations = body["violations"].as_array().into_iter().flatten();
    let pointer = |one: &Value| one["pointer"].as_str().unwrap_or_default().to_owned();
    violations.map(pointer).collect()
}

#[track_caller]
fn repeated(answer: &Answer, pointer: &str) {
    refused(answer, 400, "repeated");
    assert_eq!(pointers(answer), [pointer]);
}

#[tokio::test]
async fn a_member_that_is_there_twice_is_refused_and_named() {
    let site = Site::start().await;
    for (body, pointer) in [
        (r#"{"holder":"Ada","number":1,"number":2}"#, "/number"),
        (r#"{"holder":"Ada","number":1,"n\u0075mber":1}"#, "/number"),
        (
            r#"{"number":1,"more":[{},{"a":1,"b":2,"a":3}]}"#,
            "/more/1/a",
        ),
    ] {
        let answer = site.send("POST", "/accounts", &[], body).await;
        repeated(&answer, pointer);
    }
    assert_eq!(site.events().await, 0);
}

#[tokio::test]
async fn a_parameter_that_is_there_twice_is_refused_and_named() {
    let site = Site::start().await;
    for (path, pointer) in [
        ("/accounts?limit=1&limit=2", "/limit"),
        ("/accounts?after=a&after=a", "/after"),
        ("/accounts/by-number?number=1&number=1", "/number"),
        ("/accounts/by-number?number=1&n%75mber=2", "/number"),
        ("/accounts/by-holder?holder=a&colour=b&colour=c", "/colour"),
    ] {
        repeated(&site.get(path).await, pointer);
    }
}

#[tokio::test]
async fn a_header_of_one_value_that_is_there_twice_is_refused_and_named() {
    let site = Site::start().await;
    let body = new(1).to_string();
    for (name, first, second) in [
        ("content-type", "application/json", "application/json"),
        ("idempotency-key", "one", "two"),
        ("x-correlation-id", "one", "two"),
    ] {
        let headers = [(name, first), (name, second)];
        let answer = site.send("POST", "/accounts", &headers, &body).await;
        refused(&answer, 400, "repeated");
        assert!(
            answer.text().contains(&format!("`{name}`")),
            "{}",
            answer.text()
        );
    }
    let both = [("idempotency-key", "\"one\", \"two\"")];
    let answer = site.send("POST", "/accounts", &both, &body).await;
    refused(&answer, 400, "bad-header");
    assert_eq!(site.events().await, 0);
}

#[tokio::test]
async fn ids_are_read_the_same_in_paths_queries_and_bodies() {
    let site = Site::start().await;
    let path = site.account(1).await;
    let id = path.trim_start_matches("/accounts/").to_owned();
    let upper = id.to_uppercase();
    assert_eq!(site.get(&format!("/accounts/{upper}")).await.status, 200);
    let children = site
        .get(&format!("/accounts/by-parent?parent={upper}"))
        .await;
    assert_eq!(children.status, 200, "{}", children.text());
    let mut child = new(2);
    child["parent"] = json!(upper);
    assert_eq!(site.post("/accounts", child.clone()).await.status, 201);

    let simple = id.replace('-', "");
    let braced = format!("{{{id}}}");
    let urn = format!("urn:uuid:{id}");
    for other in ["no-id", " ", &simple, &braced, &urn, &format!("{id} ")] {
        child["parent"] = json!(other);
        let escaped = other
            .replace(' ', "%20")
            .replace('{', "%7B")
            .replace('}', "%7D");
        let in_path = site.get(&format!("/accounts/{escaped}")).await;
        let in_query = site
            .get(&format!("/accounts/by-parent?parent={escaped}"))
            .await;
        let in_body = site.post("/accounts", child.clone()).await;
        let details = [
            (&in_path, "/id"),
            (&in_query, "/parent"),
            (&in_body, "/parent"),
        ];
        let details = details.map(|(answer, pointer)| {
            refused(answer, 422, "invalid");
            assert_eq!(pointers(answer), [pointer], "{other}");
            answer.json()["violations"][0]["detail"].clone()
        });
        assert!(
            details[0] == details[1] && details[1] == details[2],
            "{details:?}"
        );
        let approved = site
            .post(&format!("/accounts/{escaped}/approve"), json!({}))
            .await;
        refused(&approved, 422, "invalid");
    }
}

#[tokio::test]
async fn a_url_that_is_no_utf_8_finds_nobody() {
    let site = Site::start().await;
    let mut account = new(1);
    account["holder"] = json!("\u{FFFD}");
    assert_eq!(site.post("/accounts", account).await.status, 201);
    let found = site.get("/accounts/by-holder?holder=%EF%BF%BD").await;
    assert_eq!(found.json()["items"].as_array().map(Vec::len), Some(1));
    for path in [
        "/accounts/by-holder?holder=%FF",
        "/accounts/by-holder?holder=%C3",
        "/accounts/by-holder?holder=%zz",
        "/accounts/by-holder?h%FFlder=a",
        "/accounts?after=%",
        "/accounts/%FF",
        "/%C3/%A9",
    ] {
        refused(&site.get(path).await, 400, "bad-url");
    }
    let approve = site.send("POST", "/accounts/%FF/approve", &[], "{}").await;
    refused(&approve, 400, "bad-url");
}

#[tokio::test]
async fn a_correlation_id_is_kept_as_it_came_or_refused() {
    let site = Site::start().await;
    let longest = "x".repeat(128);
    for (number, id) in (1..).zip(["order-17/retry:2", "00f067aa0ba902b7", "{}", &longest]) {
        let headers = [("x-correlation-id", id)];
        let body = new(number).to_string();
        let made = site.send("POST", "/accounts", &headers, &body).await;
        assert_eq!(
            (made.status, made.header("x-correlation-id")),
            (201, Some(id))
        );
    }
    let engine = &site.running.runtime().engine;
    let events = engine.event_log("account", None, 10).await.unwrap();
    let carried = |id: &str| {
        let mut headers = events.iter().map(|one| &one.wire.headers);
        headers.any(|headers| headers.get("ce_correlationid") == Some(id))
    };
    assert!(carried("order-17/retry:2") && carried(&longest));
    for id in ["", "two words", "é", &"x".repeat(129)] {
        let headers = [("x-correlation-id", id)];
        let answer = site.send("GET", "/accounts", &headers, "").await;
        refused(&answer, 400, "bad-header");
        assert!(
            answer
                .header("x-correlation-id")
                .is_some_and(|new| new != id)
        );
    }
}

#[tokio::test]
async fn a_problem_names_twenty_violations_and_counts_the_rest() {
    let site = Site::start().await;
    let mut many = new(1);
    for number in 0..50 {
        many[format!("unknown{number}")] = json!(number);
    }
    let answer = site.post("/accounts", many).await;
    refused(&answer, 422, "invalid");
    assert_eq!(pointers(&answer).len(), 20);
    assert_eq!(answer.json()["omitted"], 30);

    // However large a body is, what is said of it is not.
    let names = (0..900).map(|number| format!("\"{}{number}\":0", "x".repeat(1_000)));
    let large = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
    let answer = site.send("POST", "/accounts", &[], &large).await;
    refused(&answer, 422, "invalid");
    assert!(answer.text().len() < 16_384, "{}", answer.text().len());
    let few = site.post("/accounts", json!({ "holder": "" })).await;
    assert_eq!((pointers(&few).len(), few.json().get("omitted")), (2, None));
}
