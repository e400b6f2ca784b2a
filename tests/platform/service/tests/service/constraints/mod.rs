//! Each constraint has an answer of its own, the same on every engine.

mod domain;

use axum::http::Method;
use platform_service::Running;
use platform_testing::http::{Answer, Client};
use serde_json::{Value, json};
use uuid::Uuid;

use platform_support::place::{self, Place};

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

struct Site {
    client: Client,
    running: Running,
    _place: Place,
}

impl Site {
    async fn start() -> Self {
        let place = Place::new(&domain::TABLES);
        let config = place::config("store", place.path());
        let running = domain::service().start(&config).await;
        let running = running.unwrap_or_else(|failure| panic!("{failure}"));
        Self {
            client: Client::new(running.url()),
            running,
            _place: place,
        }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.client.post(path, &body).await.unwrap()
    }

    async fn delete(&self, path: &str) -> Answer {
        let sent = self.client.send(Method::DELETE, path, &[], "").await;
        sent.unwrap()
    }

    /// What is made, whose id is asked for.
    async fn made(&self, path: &str, body: Value) -> String {
        let made = self.post(path, body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    /// How many orders were ever placed or changed.
    async fn events(&self) -> usize {
        let engine = &self.running.runtime().engine;
        engine.event_log("order", None, 1_000).await.unwrap().len()
    }
}

/// An order that is good, but for these members.
fn order(but: Value) -> Value {
    let mut order = json!({
        "code": "AB", "region": "north", "number": 1, "price": "1.00", "kind": "new",
        "lines": [{ "label": "a" }],
    });
    for (name, value) in but.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

/// A place in the input, which is all that tells one invalid one from another.
#[track_caller]
fn invalid(answer: &Answer, pointer: &str) {
    let body = answer.json();
    assert_eq!(answer.status, 422, "{pointer}: {body}");
    assert_eq!(body["type"], "urn:microdb:problem:invalid", "{body}");
    assert_eq!(body["violations"].as_array().unwrap().len(), 1, "{body}");
    assert_eq!(body["violations"][0]["pointer"], pointer, "{body}");
}

#[track_caller]
fn refused(answer: &Answer, status: u16, name: &str) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{name}: {body}");
    assert_eq!(
        body["type"],
        format!("urn:microdb:problem:{name}"),
        "{body}"
    );
}

#[tokio::test]
async fn what_an_input_breaks_is_said_at_its_place() {
    let site = Site::start().await;
    let shelf = site.made("/shelves", json!({})).await;
    let (one, two) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let line = |id: &str| json!({ "id": id, "label": "a" });
    for (but, pointer) in [
        (json!({ "code": "A" }), "/code"),
        (json!({ "code": "ABCDE" }), "/code"),
        (json!({ "code": "a1" }), "/code"),
        (json!({ "code": null }), "/code"),
        (json!({ "kind": "odd" }), "/kind"),
        (json!({ "number": 0 }), "/number"),
        (json!({ "number": 10 }), "/number"),
        (json!({ "price": "0.00" }), "/price"),
        (json!({ "price": "1.001" }), "/price"),
        (json!({ "price": "10000.00" }), "/price"),
        (json!({ "shelf": "third" }), "/shelf"),
        (json!({ "shelf": NOBODY }), "/shelf"),
        (json!({ "shelves": [shelf, NOBODY] }), "/shelves/1"),
        (json!({ "shelves": [shelf, shelf, shelf] }), "/shelves"),
        (json!({ "lines": null }), "/lines"),
        (json!({ "lines": [{}] }), "/lines/0/label"),
        (json!({ "lines": [{ "label": "long" }] }), "/lines/0/label"),
        (
            json!({ "lines": [{ "label": "a" }, { "label": "b", "shelf": NOBODY }] }),
            "/lines/1/shelf",
        ),
        (
            json!({ "lines": [line(&one), line(&two), line(&one.to_uppercase())] }),
            "/lines/2/id",
        ),
    ] {
        invalid(&site.post("/orders", order(but)).await, pointer);
    }
    assert_eq!(site.events().await, 0);
    let all = json!({ "shelf": shelf, "shelves": [shelf], "lines": [line(&one), line(&two)] });
    site.made("/orders", order(all)).await;
}

#[tokio::test]
async fn what_is_taken_is_named() {
    let site = Site::start().await;
    site.made("/orders", order(json!({}))).await;
    let other = json!({ "region": "south" });
    refused(&site.post("/orders", order(other)).await, 409, "code-taken");
    let other = json!({ "code": "CD" });
    let taken = site.post("/orders", order(other)).await;
    refused(&taken, 409, "region-number-taken");
    assert_eq!(site.events().await, 1);
    site.made("/orders", order(json!({ "code": "CD", "number": 2 })))
        .await;
}

#[tokio::test]
async fn what_is_referenced_stays() {
    let site = Site::start().await;
    let shelf = site.made("/shelves", json!({})).await;
    let path = format!("/shelves/{shelf}");
    for but in [
        json!({ "shelf": shelf }),
        json!({ "shelves": [shelf] }),
        json!({ "lines": [{ "label": "a", "shelf": shelf }] }),
    ] {
        let order = site.made("/orders", order(but)).await;
        refused(&site.delete(&path).await, 409, "still-referenced");
        assert_eq!(site.delete(&format!("/orders/{order}")).await.status, 204);
    }
    assert_eq!(site.delete(&path).await.status, 204);
}

/// Ordering again what was ordered before; ids of entities are those of their aggregate.
#[tokio::test]
async fn entities_are_told_apart_within_their_aggregate() {
    let site = Site::start().await;
    let lines = json!({ "lines": [{ "label": "a" }, { "label": "b" }] });
    let first = site.made("/orders", order(lines)).await;
    let read = site.client.get(&format!("/orders/{first}")).await.unwrap();
    let lines = read.json()["lines"].clone();
    let again = json!({ "code": "CD", "number": 2, "lines": lines });
    let second = site.made("/orders", order(again)).await;
    let read = site.client.get(&format!("/orders/{second}")).await.unwrap();
    assert_eq!(read.json()["lines"], lines);

    let third = json!({ "code": "EF", "number": 3 });
    let third = site.made("/orders", order(third)).await;
    let add = |order: &str| format!("/orders/{order}/add-lines");
    let last = json!({ "lines": [{ "label": "c" }, lines[1]] });
    let added = site.post(&add(&third), last.clone()).await;
    assert_eq!(added.status, 200, "{}", added.text());
    invalid(&site.post(&add(&third), last).await, "/lines/1/id");
    let double = format!("/orders/{third}/double-line");
    refused(&site.post(&double, json!({})).await, 500, "internal");
    assert_eq!(site.events().await, 4);
}
