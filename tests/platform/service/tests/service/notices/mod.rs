//! What descriptions may call `status`, what callers may leave out, and what was stored before it had all members.

mod domain;

use platform_contract::value::Timestamp;
use platform_ports::engine::{Save, SaveTo, Stored, WriteSet};
use platform_service::Running;
use platform_testing::http::{Answer, Client};
use serde_json::{Value, json};
use uuid::Uuid;

use platform_support::place::{self, Place};

struct Site {
    client: Client,
    running: Running,
    _place: Place,
}

impl Site {
    async fn start() -> Self {
        let place = Place::new(&domain::TABLES);
        let config = place::config("notices", place.path());
        let running = domain::service().start(&config).await;
        let running = running.unwrap_or_else(|failure| panic!("{failure}"));
        Self {
            client: Client::new(running.url()),
            running,
            _place: place,
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.client.post(path, body).await.unwrap()
    }

    /// The path of what is made, and what is shown of it.
    async fn made(&self, body: &Value) -> (String, Value) {
        let made = self.post("/notices", body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let path = made.header("location").unwrap().to_owned();
        (path, made.json())
    }

    async fn read(&self, path: &str) -> Value {
        let read = self.client.get(path).await.unwrap();
        assert_eq!(read.status, 200, "{}", read.text());
        read.json()
    }

    /// The ids of the notices in a status.
    async fn found(&self, status: &str) -> Vec<Value> {
        let found = self
            .read(&format!("/notices/by-status?status={status}"))
            .await;
        let found = found["items"].as_array().unwrap().iter();
        found.map(|notice| notice["id"].clone()).collect()
    }
}

#[tokio::test]
async fn a_member_is_called_status_where_there_are_no_states() {
    let site = Site::start().await;
    let draft = json!({ "status": "draft", "term": { "label": "a" }, "lines": [] });
    let (path, made) = site.made(&draft).await;
    assert_eq!(made["status"], "draft", "{made}");
    assert_eq!(site.found("draft").await, [made["id"].clone()]);

    // It is sent, changed, stored, found and told like any other.
    let set = format!("{path}/set-status");
    let changed = site.post(&set, &json!({ "status": "pinned" })).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    assert_eq!(site.read(&path).await["status"], "pinned");
    assert_eq!(site.found("pinned").await, [made["id"].clone()]);
    assert!(site.found("draft").await.is_empty());
    let engine = &site.running.runtime().engine;
    let events = engine.event_log("notice", None, 10).await.unwrap();
    let told = events.iter().map(|event| {
        let data: Value = serde_json::from_slice(&event.wire.payload).unwrap();
        data["status"].clone()
    });
    assert_eq!(told.collect::<Vec<_>>(), ["draft", "pinned"]);
}

#[tokio::test]
async fn an_input_with_a_default_is_filled_where_it_is_left_out() {
    let site = Site::start().await;
    let notice = |keep: Value| {
        let mut notice = json!({ "status": "new", "term": { "label": "a" }, "lines": [] });
        if keep != json!("left out") {
            notice["keep_days"] = keep;
        }
        notice
    };
    for (keep, days) in [(json!("left out"), 30), (Value::Null, 30), (json!(7), 7)] {
        let (path, made) = site.made(&notice(keep)).await;
        assert_eq!(made["days"], days, "{made}");
        assert_eq!(site.read(&path).await["days"], days);
    }
    // What is given is looked at all the same.
    let refused = site.post("/notices", &notice(json!(0))).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
}

#[tokio::test]
async fn what_is_older_than_a_time_by_default_reads_as_made_with_its_aggregate() {
    let site = Site::start().await;
    let (id, line) = (Uuid::now_v7(), Uuid::now_v7());
    let made: Timestamp = "2024-02-29T08:00:00Z".parse().unwrap();
    let later: Timestamp = "2025-06-01T08:00:00Z".parse().unwrap();
    let Value::Object(members) = json!({
        "status": "old",
        "days": 1,
        "term": { "label": "before" },
        "lines": [{ "id": line, "text": "before" }],
    }) else {
        unreachable!("an object was written");
    };
    let stored = Stored {
        id,
        version: 1,
        created_at: made,
        updated_at: later,
        members,
    };
    let write = WriteSet {
        saves: vec![Save {
            schema: &domain::NOTICES_BEFORE,
            generation: 0,
            expected: 0,
            to: SaveTo::Live(stored),
        }],
        ..WriteSet::default()
    };
    site.running.runtime().engine.commit(write).await.unwrap();

    let path = format!("/notices/{id}");
    let read = site.read(&path).await;
    assert_eq!(read["term"]["since"], json!(made), "{read}");
    assert_eq!(read["lines"][0]["added"], json!(made), "{read}");
    assert_eq!(site.found("old").await, [json!(id)]);
    // It stays at that, whatever is changed.
    let set = format!("{path}/set-status");
    let changed = site.post(&set, &json!({ "status": "new" })).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    let read = site.read(&path).await;
    assert_eq!(read["term"], json!({ "label": "before", "since": made }));
    assert_eq!(read["lines"][0]["added"], json!(made));
}
