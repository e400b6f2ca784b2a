//! Updates keep what is left out and clear what is `null`.

use std::time::{Duration, Instant};

use platform_contract::value::{Patch, Uuid};
use platform_ports::engine::Found;
use platform_runtime::decision::Aggregate;
use platform_service::Running;
use platform_testing::http::{Answer, Client};
use platform_testing::{given, given_nothing};
use serde_json::{Value, json};

use crate::contacts::{self, AddContact, ChangeContact, Contact, ContactChanged};
use platform_support::place::Place;

/// A service in this process with a client.
struct Site {
    client: Client,
    running: Running,
    _place: Place,
}

impl Site {
    async fn start() -> Self {
        let place = contacts::place();
        let running = contacts::service().start(&contacts::config(&place)).await;
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

    /// The path of a new contact that has all it may have.
    async fn add(&self, name: &str) -> String {
        let body = json!({
            "name": name,
            "email": format!("{name}@example.com"),
            "team": "blue",
            "extra": { "since": 1815 },
        });
        let made = self.post("/contacts", &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.header("location").unwrap().to_owned()
    }

    async fn change(&self, path: &str, body: Value) -> Value {
        let changed = self.post(&format!("{path}/change"), &body).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        let read = self.client.get(path).await.unwrap();
        assert_eq!(read.json(), changed.json(), "what was answered is stored");
        changed.json()
    }

    /// How many contacts a search finds.
    async fn found(&self, search: &str) -> usize {
        let found = self.client.get(&format!("/contacts/{search}")).await;
        found.unwrap().json()["items"].as_array().unwrap().len()
    }

    /// The members that are stored.
    async fn stored(&self, path: &str) -> Vec<String> {
        let id: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
        let engine = &self.running.runtime().engine;
        match engine.load(Contact::SCHEMA, 0, id).await.unwrap() {
            Found::Live(row) => row.members.keys().cloned().collect(),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_left_out_stays_and_what_is_null_goes() {
    let site = Site::start().await;
    let path = site.add("ada").await;
    let kept = site.change(&path, json!({})).await;
    assert_eq!(kept["email"], "ada@example.com");
    assert_eq!(kept["extra"], json!({ "since": 1815 }));
    assert_eq!(site.found("by-team?team=blue").await, 1);

    let all = json!({ "email": null, "team": null, "extra": null });
    let cleared = site.change(&path, all).await;
    let members = cleared.as_object().unwrap().keys().collect::<Vec<_>>();
    assert_eq!(members, ["id", "name", "version"]);
    assert_eq!(site.stored(&path).await, ["name"]);
    assert_eq!(site.found("by-team?team=blue").await, 0);

    // What no longer is there can be had again.
    let again = json!({ "name": "Ada", "team": "red", "email": "ada@example.com" });
    let again = site.change(&path, again).await;
    assert_eq!(
        (&again["name"], &again["team"]),
        (&json!("Ada"), &json!("red"))
    );
    assert_eq!(site.found("by-team?team=red").await, 1);
}

#[tokio::test]
async fn a_unique_value_that_was_cleared_is_free() {
    let site = Site::start().await;
    let (ada, bob) = (site.add("ada").await, site.add("bob").await);
    let wanted = json!({ "email": "ada@example.com" });
    let taken = site.post(&format!("{bob}/change"), &wanted).await;
    assert_eq!(taken.status, 409, "{}", taken.text());
    site.change(&ada, json!({ "email": null })).await;
    site.change(&bob, wanted).await;
    let by_email = "/contacts/by-email?email=ada@example.com";
    let found = site.client.get(by_email).await.unwrap().json();
    assert_eq!(found["name"], "bob", "{found}");
    // Any number may lack it.
    site.change(&bob, json!({ "email": null })).await;
    assert_eq!(site.client.get(by_email).await.unwrap().status, 404);
}

#[tokio::test]
async fn null_is_refused_where_there_is_nothing_to_clear() {
    let site = Site::start().await;
    let path = site.add("ada").await;
    let refused = site
        .post(&format!("{path}/change"), &json!({ "name": null }))
        .await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let violations = &refused.json()["violations"];
    assert_eq!(violations[0]["pointer"], "/name");
    let detail = violations[0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("cannot be cleared"), "{detail}");
    // A creation has nothing to keep: `null` says there what absence says.
    let made = site
        .post("/contacts", &json!({ "name": "bob", "email": null }))
        .await;
    assert_eq!((made.status, made.json().get("email")), (201, None));
}

#[tokio::test]
async fn the_same_key_for_absence_and_for_null_is_another_request() {
    let site = Site::start().await;
    let path = format!("{}/change", site.add("ada").await);
    let send = |body: &'static str| {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", "one"),
        ];
        let (site, path) = (&site, &path);
        async move {
            let method = "POST".parse().unwrap();
            site.client
                .send(method, path, &headers, body)
                .await
                .unwrap()
        }
    };
    assert_eq!(send(r#"{"team":null}"#).await.status, 200);
    assert_eq!(send(r#"{ "team": null }"#).await.status, 200);
    assert_eq!(send("{}").await.status, 422);
}

#[tokio::test]
async fn a_command_of_a_policy_says_all_three_when_its_turn_comes() {
    let site = Site::start().await;
    let bob = site.add("bob").await;
    let twin = bob.rsplit('/').next().unwrap();
    let ada = json!({ "name": "ada", "team": "red", "twin": twin });
    let ada = site.post("/contacts", &ada).await;
    let ada = ada.header("location").unwrap().to_owned();
    let followed = async |team: Value| {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let bob = site.client.get(&bob).await.unwrap().json();
            if bob["team"] == team {
                return bob;
            }
            assert!(Instant::now() < deadline, "bob never gets team {team}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    followed(json!("red")).await;
    site.change(&ada, json!({ "team": null })).await;
    let bob = followed(Value::Null).await;
    assert_eq!(bob["email"], "bob@example.com", "what is kept stays");
}

#[test]
fn decisions_are_tested_with_all_three() {
    let ada = AddContact {
        name: "Ada".to_owned(),
        email: Some("ada@example.com".to_owned()),
        team: Some("blue".to_owned()),
        extra: None,
        twin: None,
    };
    let event = |team: Option<&str>| ContactChanged {
        team: team.map(str::to_owned),
        twin: None,
    };
    let made = given_nothing().when(ada.clone()).then(event(Some("blue")));
    let made: Contact = made.unwrap();
    let command = ChangeContact {
        name: None,
        email: Patch::Keep,
        team: Patch::Clear,
        extra: Patch::Set(json!([1])),
    };
    let after = given(ada).when(command).then(event(None)).unwrap();
    assert_eq!((&after.name, &after.email), (&made.name, &made.email));
    assert_eq!((after.team, after.extra), (None, Some(json!([1]))));
}
