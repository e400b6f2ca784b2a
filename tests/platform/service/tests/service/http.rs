//! What callers of a service see.

use std::time::Duration;

use axum::http::Method;
use platform_service::Running;
use platform_service::config::Config;
use platform_testing::http::{Answer, Client};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::domain;
use platform_support::place::Place;

/// A service in this process with a client.
pub struct Site {
    pub client: Client,
    pub running: Running,
    _folder: Place,
}

impl Site {
    pub async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = domain::place();
        let mut config = domain::config(folder.path());
        change(&mut config);
        let running = domain::service().start(&config).await;
        let running = running.unwrap_or_else(|failure| panic!("{failure}"));
        Self {
            client: Client::new(running.url()),
            running,
            _folder: folder,
        }
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let method: Method = method.parse().unwrap();
        self.client.send(method, path, headers, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.client.get(path).await.unwrap()
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.client.post(path, &body).await.unwrap()
    }

    /// The path of a new account.
    pub async fn account(&self, number: i64) -> String {
        let made = self.post("/accounts", new(number)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.header("location").unwrap().to_owned()
    }

    pub async fn open_account(&self, number: i64) -> String {
        let path = self.account(number).await;
        let approved = self.post(&format!("{path}/approve"), json!({})).await;
        assert_eq!(approved.status, 200, "{}", approved.text());
        path
    }

    /// How many messages were ever recorded.
    pub async fn events(&self) -> usize {
        let engine = &self.running.runtime().engine;
        engine
            .event_log("account", None, 1_000)
            .await
            .unwrap()
            .len()
    }
}

pub fn new(number: i64) -> Value {
    json!({ "holder": "Ada", "number": number })
}

#[track_caller]
pub fn refused(answer: &Answer, status: u16, name: &str) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(
        body["type"],
        format!("urn:microdb:problem:{name}"),
        "{body}"
    );
    assert_eq!(body["status"], status);
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test]
async fn an_aggregate_is_created_changed_read_and_deleted() {
    let site = Site::start().await;
    let made = site.post("/accounts", new(1)).await;
    assert_eq!((made.status, made.header("etag")), (201, Some("\"1\"")));
    let path = made.header("location").unwrap();
    assert_eq!(
        path,
        format!("/accounts/{}", made.json()["id"].as_str().unwrap())
    );

    let approved = site.post(&format!("{path}/approve"), json!({})).await;
    assert_eq!(
        (approved.status, approved.header("etag")),
        (200, Some("\"2\""))
    );
    assert_eq!(approved.json()["status"], "open");

    let paid = site
        .post(&format!("{path}/pay"), json!({ "amount": "100.00" }))
        .await;
    assert_eq!(
        paid.header("etag"),
        Some("\"4\""),
        "two events: {}",
        paid.text()
    );
    let read = site.get(path).await;
    assert_eq!((read.status, read.json()), (200, paid.json()));
    assert_eq!(read.json()["balance"], "0.00");

    let deleted = site.send("DELETE", path, &[], "").await;
    assert_eq!((deleted.status, deleted.text().as_str()), (204, ""));
    refused(&site.get(path).await, 410, "deleted");
    refused(&site.send("DELETE", path, &[], "").await, 410, "deleted");
}

#[tokio::test]
async fn every_refusal_has_its_status_and_type() {
    let site = Site::start().await;
    let path = site.account(1).await;
    let post = |path: String, body: Value| {
        let site = &site;
        async move { site.post(&path, body).await }
    };
    let nowhere = "/accounts/00000000-0000-7000-8000-000000000000";
    refused(&site.get(nowhere).await, 404, "not-found");
    refused(&site.get("/accounts/no-id").await, 422, "invalid");
    refused(
        &post(format!("{nowhere}/approve"), json!({})).await,
        404,
        "not-found",
    );
    refused(
        &post(format!("{path}/pay"), json!({ "amount": "1.00" })).await,
        409,
        "wrong-status",
    );
    refused(
        &post("/accounts".to_owned(), new(1)).await,
        409,
        "number-taken",
    );
    let path = site.open_account(2).await;
    let too_much = json!({ "amount": "100.01" });
    refused(
        &post(format!("{path}/pay"), too_much).await,
        409,
        "balance-too-low",
    );

    let invalid = post("/accounts".to_owned(), json!({ "holder": "", "numbr": 3 })).await;
    refused(&invalid, 422, "invalid");
    let found = invalid.json()["violations"].as_array().unwrap().clone();
    let pointers: Vec<_> = found
        .iter()
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(pointers, ["/holder", "/number", "/numbr"]);

    let mut child = new(3);
    child["parent"] = json!("00000000-0000-7000-8000-000000000000");
    refused(
        &post("/accounts".to_owned(), child.clone()).await,
        422,
        "invalid",
    );
    child["parent"] = json!(path.rsplit('/').next());
    assert_eq!(post("/accounts".to_owned(), child).await.status, 201);
    refused(
        &site.send("DELETE", &path, &[], "").await,
        409,
        "still-referenced",
    );
}

#[tokio::test]
async fn what_is_no_request_is_a_problem() {
    let site = Site::start().await;
    refused(
        &site.send("POST", "/accounts", &[], "{").await,
        400,
        "bad-json",
    );
    refused(
        &site.send("POST", "/accounts", &[], "[]").await,
        422,
        "invalid",
    );
    refused(&site.get("/nothing").await, 404, "no-such-route");
    refused(
        &site.send("PUT", "/accounts", &[], "{}").await,
        405,
        "method-not-allowed",
    );
    let large = format!("{{\"holder\":\"{}\"}}", "x".repeat(1 << 20));
    refused(
        &site.send("POST", "/accounts", &[], &large).await,
        413,
        "too-large",
    );
    refused(&site.get("/accounts?limit=0").await, 422, "invalid");
    refused(&site.get("/accounts?colour=red").await, 422, "invalid");
    refused(
        &site.get("/accounts?after=nonsense").await,
        400,
        "bad-cursor",
    );
    refused(
        &site.get("/accounts/by-number?number=one").await,
        422,
        "invalid",
    );
    refused(&site.get("/accounts/by-number").await, 422, "invalid");
}

#[tokio::test]
async fn a_broken_decision_is_an_error_that_says_nothing_and_saves_nothing() {
    let site = Site::start().await;
    let path = site.account(1).await;
    for holder in [
        "panic",
        "cheat",
        "silent",
        "a name of more than twenty characters",
    ] {
        let answer = site
            .post(&format!("{path}/rename"), json!({ "holder": holder }))
            .await;
        refused(&answer, 500, "internal");
        assert!(!answer.text().contains("disco") && !answer.text().contains("balance"));
    }
    assert_eq!(site.get(&path).await.header("etag"), Some("\"1\""));
    assert_eq!(site.events().await, 1);
}

#[tokio::test]
async fn what_changes_nothing_saves_nothing() {
    let site = Site::start().await;
    let path = site.account(1).await;
    let same = site
        .post(&format!("{path}/rename"), json!({ "holder": "Ada" }))
        .await;
    assert_eq!((same.status, same.header("etag")), (200, Some("\"1\"")));
    assert_eq!(site.events().await, 1);
}

#[tokio::test]
async fn versions_are_entity_tags() {
    let site = Site::start().await;
    let path = site.account(1).await;
    let approve = format!("{path}/approve");
    let stale = site
        .send("POST", &approve, &[("if-match", "\"7\"")], "")
        .await;
    refused(&stale, 412, "version-mismatch");
    let broken = site
        .send("POST", &approve, &[("if-match", "seven")], "")
        .await;
    refused(&broken, 400, "bad-header");
    let fresh = site
        .send("POST", &approve, &[("if-match", "\"1\"")], "")
        .await;
    assert_eq!(fresh.status, 200);
    let known = site
        .send("GET", &path, &[("if-none-match", "\"1\", W/\"2\"")], "")
        .await;
    assert_eq!((known.status, known.text().as_str()), (304, ""));
    let unknown = site
        .send("GET", &path, &[("if-none-match", "\"1\"")], "")
        .await;
    assert_eq!(unknown.status, 200);
}

#[tokio::test]
async fn a_keyed_request_takes_effect_once() {
    let site = Site::start().await;
    let key = [("idempotency-key", "\"first\"")];
    let body = new(1).to_string();
    let once = site.send("POST", "/accounts", &key, &body).await;
    let twice = site.send("POST", "/accounts", &key, &body).await;
    assert_eq!(once.status, 201);
    assert_eq!((twice.status, twice.json()), (201, once.json()));
    assert_eq!(twice.header("location"), once.header("location"));
    assert_eq!(site.events().await, 1);

    let other = site
        .send("POST", "/accounts", &key, &new(2).to_string())
        .await;
    refused(&other, 422, "idempotency-key-reused");

    // The outcome counts, not what things have become since; also when it was a refusal.
    let path = once.header("location").unwrap();
    let pay = format!("{path}/pay");
    let first = site.send("POST", &pay, &key, r#"{"amount":"1.00"}"#).await;
    refused(&first, 409, "wrong-status");
    site.post(&format!("{path}/approve"), json!({})).await;
    let again = site
        .send("POST", &pay, &key, r#"{ "amount": "1.00" }"#)
        .await;
    refused(&again, 409, "wrong-status");
    let fresh = site
        .send(
            "POST",
            &pay,
            &[("idempotency-key", "2")],
            r#"{"amount":"1.00"}"#,
        )
        .await;
    assert_eq!(fresh.status, 200);

    let empty = site
        .send("POST", &pay, &[("idempotency-key", "")], "{}")
        .await;
    refused(&empty, 400, "bad-header");
}

#[tokio::test]
async fn the_same_key_at_the_same_time_takes_effect_once() {
    let site = std::sync::Arc::new(Site::start().await);
    let path = site.open_account(1).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (site, path) = (std::sync::Arc::clone(&site), format!("{path}/pay"));
        requests.spawn(async move {
            let key = [("idempotency-key", "k")];
            site.send("POST", &path, &key, r#"{"amount":"10.00"}"#)
                .await
        });
    }
    for answer in requests.join_all().await {
        assert_eq!(
            (answer.status, &answer.json()["balance"]),
            (200, &json!("90.00"))
        );
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let site = Site::start().await;
    for number in 1..=5 {
        site.account(number).await;
    }
    let mut next = Some("/accounts?limit=2".to_owned());
    let mut sizes = Vec::new();
    let mut numbers = Vec::new();
    while let Some(path) = next {
        let page = site.get(&path).await;
        let items = page.json()["items"].as_array().unwrap().clone();
        sizes.push(items.len());
        numbers.extend(items.iter().map(|item| item["number"].as_i64().unwrap()));
        next = page.header("link").map(|link| {
            let (target, relation) = link[1..].split_once(">; ").unwrap();
            assert_eq!(relation, "rel=\"next\"");
            target.to_owned()
        });
        assert_eq!(next.is_some(), page.json()["next"].is_string());
    }
    assert_eq!((sizes, numbers), (vec![2, 2, 1], vec![1, 2, 3, 4, 5]));

    let found = site
        .get("/accounts/by-holder?holder=Ada&limit=3")
        .await
        .json();
    let numbers: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| &i["number"])
        .collect();
    assert_eq!(numbers, [5, 4, 3]);
    let range = site
        .get("/accounts/numbered?number_from=2&number_to=4")
        .await
        .json();
    let numbers: Vec<_> = range["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| &i["number"])
        .collect();
    assert_eq!(numbers, [2, 3]);
    let one = site.get("/accounts/by-number?number=4").await;
    assert_eq!((one.status, &one.json()["number"]), (200, &json!(4)));
    refused(
        &site.get("/accounts/by-number?number=9").await,
        404,
        "not-found",
    );
}

#[tokio::test]
async fn every_service_tells_of_itself() {
    let site = Site::start().await;
    site.account(1).await;
    assert_eq!(site.get("/health/live").await.status, 200);
    assert_eq!(site.get("/health/ready").await.status, 200);
    let metrics = site.get("/metrics").await.text();
    assert!(
        metrics.contains("microdb_http_request_seconds_count"),
        "{metrics}"
    );
    assert!(metrics.contains(r#"route="/accounts""#), "{metrics}");
    assert!(metrics.contains("microdb_command_seconds"), "{metrics}");
    assert_eq!(site.get("/openapi.json").await.json()["openapi"], "3.1.0");
    let docs = site.get("/docs").await;
    assert!(docs.text().contains("/openapi.json"));
    assert!(
        !docs.text().contains("https://"),
        "it needs nothing from elsewhere"
    );
    for (name, kind) in [
        ("swagger-ui.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui-standalone-preset.js", "text/javascript"),
        ("swagger-initializer.js", "text/javascript"),
    ] {
        let file = format!("docs/{name}");
        assert!(docs.text().contains(&file), "{file}");
        let file = site.get(&format!("/{file}")).await;
        assert_eq!(
            (file.status, file.header("content-type")),
            (200, Some(kind)),
            "{name}"
        );
    }
    let start = site.get("/docs/swagger-initializer.js").await.text();
    assert!(
        start.contains("openapi.json") && !start.contains("https://"),
        "{start}"
    );
    assert_eq!(site.get("/docs/none.js").await.status, 404);
}

#[tokio::test]
async fn trace_and_correlation_reach_the_event() {
    let site = Site::start().await;
    let correlation = "01890a5d-ac96-774b-bcce-b302099a8057";
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [("x-correlation-id", correlation), ("traceparent", trace)];
    let made = site
        .send("POST", "/accounts", &headers, &new(1).to_string())
        .await;
    assert_eq!(made.header("x-correlation-id"), Some(correlation));
    let engine = &site.running.runtime().engine;
    let events = engine.event_log("account", None, 10).await.unwrap();
    let header = |name: &str| events[0].wire.headers.get(name);
    assert_eq!(header("ce_correlationid"), Some(correlation));
    assert_eq!(header("ce_traceparent"), Some(trace));
}

#[tokio::test]
async fn a_service_shuts_down_with_an_empty_outbox() {
    let site = Site::start().await;
    for number in 1..=20 {
        site.account(number).await;
    }
    let engine = std::sync::Arc::clone(&site.running.runtime().engine);
    site.running.shutdown().await;
    assert_eq!(engine.outbox_depth().await.unwrap().rows, 0);
    assert!(site.client.get("/health/live").await.is_err());
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let site = Site::start().await;
    let folder = domain::place();
    let mut config = domain::config(folder.path());
    config.port = site.running.address().port();
    let failure = domain::service()
        .start(&config)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        failure.contains("`PORT`") && failure.contains("127.0.0.1:"),
        "{failure}"
    );
}

#[tokio::test]
async fn who_cannot_be_served_now_is_asked_to_come_again() {
    let full = Site::start_with(|config| config.outbox_limit = 0).await;
    let answer = full.post("/accounts", new(1)).await;
    refused(&answer, 503, "unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(full.events().await, 0);
    assert_eq!(full.get("/accounts").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_body_that_never_comes_is_not_waited_for() {
    let site = Site::start_with(|config| config.limits.time = Duration::from_millis(50)).await;
    let mut stream = TcpStream::connect(site.running.address()).await.unwrap();
    let head = "POST /accounts HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                content-length: 9\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(
        answer.contains("urn:microdb:problem:body-too-slow"),
        "{answer}"
    );
}
