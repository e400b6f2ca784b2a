//! What stays of a request with a key when its answer has served its time.

use std::time::{Duration, Instant};

use axum::http::Method;
use platform_contract::value::Timestamp;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, WriteSet,
};
use platform_service::Running;
use platform_testing::http::{Answer, Client};
use serde_json::{Value, json};

use crate::domain;
use platform_support::place::Place;

/// How long is waited for what takes moments.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service whose database others know, too.
struct Site {
    running: Running,
    place: Place,
}

impl Site {
    async fn start() -> Self {
        let place = domain::place();
        let running = start(&place).await;
        Self { running, place }
    }

    fn engine(&self) -> &dyn Engine {
        &*self.running.runtime().engine
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.post_with(path, &[("idempotency-key", key)], body)
            .await
    }

    async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let client = Client::new(self.running.url());
        let body = body.to_string();
        let sent = client.send(Method::POST, path, headers, &body);
        sent.await.unwrap()
    }

    async fn records(&self) -> Vec<Document> {
        let all = DocumentsQuery {
            collection: Documents::Requests,
            group: None,
            due_by: None,
            heads_only: false,
            after: None,
            limit: 100,
        };
        self.engine().documents(&all).await.unwrap()
    }

    /// Lets a day go by: all answers have served their time, and a service that starts deletes them.
    async fn a_day_later(&self) {
        let now = Timestamp::now();
        for document in self.records().await {
            let expected = document.version;
            let put = DocumentWrite::Put {
                collection: Documents::Requests,
                expected,
                document: Document {
                    due: document.due.map(|_| now),
                    ..document
                },
            };
            let write = WriteSet {
                documents: vec![put],
                ..WriteSet::default()
            };
            self.engine().commit(write).await.unwrap();
        }
        let other = start(&self.place).await;
        let started = Instant::now();
        while self.records().await.iter().any(|one| one.due.is_some()) {
            assert!(started.elapsed() < PATIENCE, "nobody cleans up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        other.shutdown().await;
    }

    /// How many messages were ever recorded.
    async fn events(&self) -> usize {
        let events = self.engine().event_log("account", None, 1_000).await;
        events.unwrap().len()
    }
}

async fn start(place: &Place) -> Running {
    let started = domain::service().start(&domain::config(place.path())).await;
    started.unwrap_or_else(|failure| panic!("{failure}"))
}

fn new(number: i64) -> Value {
    json!({ "holder": "Ada", "number": number })
}

#[track_caller]
fn refused(answer: &Answer, status: u16, name: &str) {
    let body = answer.json();
    let kind = format!("urn:microdb:problem:{name}");
    assert_eq!(
        (answer.status, &body["type"]),
        (status, &json!(kind)),
        "{body}"
    );
}

#[tokio::test]
async fn what_a_key_created_is_known_by_it_for_good() {
    let site = Site::start().await;
    let made = site.post("/accounts", "k", &new(1)).await;
    let path = made.header("location").unwrap().to_owned();
    let approved = site
        .post_with(&format!("{path}/approve"), &[], &json!({}))
        .await;
    assert_eq!((made.status, approved.status), (201, 200));
    for _ in 0..2 {
        site.a_day_later().await;
        let again = site.post("/accounts", "k", &new(1)).await;
        assert_eq!((again.status, again.json()), (201, approved.json()));
        assert_eq!(again.header("location"), Some(path.as_str()));
        assert_eq!(again.header("etag"), Some("\"2\""));
        let other = site.post("/accounts", "k", &new(2)).await;
        refused(&other, 422, "idempotency-key-reused");
    }
    let client = Client::new(site.running.url());
    let deleted = client.send(Method::DELETE, &path, &[], "").await.unwrap();
    assert_eq!(deleted.status, 204);
    let again = site.post("/accounts", "k", &new(1)).await;
    refused(&again, 410, "deleted");
    let other = site.post("/accounts", "k", &new(2)).await;
    refused(&other, 422, "idempotency-key-reused");
    assert_eq!(site.events().await, 3);
}

/// Of a key that created nothing, nothing stays.
#[tokio::test]
async fn what_a_key_changed_or_was_refused_is_forgotten() {
    let site = Site::start().await;
    let made = site.post("/accounts", "first", &new(1)).await;
    let path = made.header("location").unwrap().to_owned();
    let approved = site.post(&format!("{path}/approve"), "k", &json!({})).await;
    assert_eq!(approved.status, 200);
    let pay = format!("{path}/pay");
    let paid = site.post(&pay, "k", &json!({ "amount": "1.00" })).await;
    assert_eq!(paid.json()["balance"], "99.00");
    let taken = site.post("/accounts", "k", &new(1)).await;
    refused(&taken, 409, "number-taken");
    assert_eq!(site.records().await.len(), 4);

    site.a_day_later().await;
    assert_eq!(site.records().await.len(), 1);
    let paid = site.post(&pay, "k", &json!({ "amount": "2.00" })).await;
    assert_eq!(paid.json()["balance"], "97.00");
    let made = site.post("/accounts", "k", &new(2)).await;
    assert_eq!(made.status, 201, "{}", made.text());
}

#[tokio::test]
async fn a_wrong_version_is_corrected_under_the_same_key() {
    let site = Site::start().await;
    let made = site.post("/accounts", "first", &new(1)).await;
    let approve = format!("{}/approve", made.header("location").unwrap());
    let with = async |version| {
        let headers = [("idempotency-key", "k"), ("if-match", version)];
        site.post_with(&approve, &headers, &json!({})).await
    };
    refused(&with("\"7\"").await, 412, "version-mismatch");
    let approved = with("\"1\"").await;
    assert_eq!(approved.status, 200, "{}", approved.text());
    assert_eq!(with("\"1\"").await.json(), approved.json());
    assert_eq!(site.events().await, 2);
}
