//! Once somebody is forgotten, the service's database says nothing personal of them any more, and what is left
//! is read as before.

mod tables;

use std::time::{Duration, Instant};

use axum::http::Method;
use platform_contract::envelope::{Envelope, decode};
use platform_contract::schema::{Column, Kind, Schema};
use platform_contract::value::{Bytes, Json, TypedId, Uuid};
use platform_contract::{AggregateType, Command, Event, EventType, FollowUp, NoStatus, Recorded};
use platform_ports::engine::{Documents, DocumentsQuery, Engine, OutboxEvent};
use platform_runtime::context::Context;
use platform_runtime::decision::{
    Access, Aggregate, Creates, Decision, Deletes, Meta, StatusChange, Updates,
};
use platform_runtime::handler::{Attempt, Attempts, Effect, ErasedOutcome};
use platform_service::http::{self, Routes, on_delete, post};
use platform_service::{Running, Service};
use platform_support::place::{self, Place};
use platform_testing::http::{Answer, Client};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::contacts::{self, Domain, Never};

/// What nobody may find any more.
const PERSONAL: [&str; 3] = ["Ada Lovelace", "Augusta Ada", "ada@example.com"];

/// How long is waited for what takes moments.
const PATIENCE: Duration = Duration::from_secs(60);

type PersonId = TypedId<PersonType>;

#[derive(Debug)]
struct PersonType;

impl AggregateType for PersonType {
    const CONTEXT: &'static str = "contacts";
    const NAME: &'static str = "person";
    const TOPIC: &'static str = "example.contacts.person";
    const EVENTS: &'static [EventType] = &[
        EventType::of::<PersonChanged>(),
        EventType::of::<PersonForgotten>(),
    ];
    const PUBLISHED: &'static [Column] = &[NAME, TEAM];
    type Id = PersonId;
    type Status = NoStatus;
}

const NAME: Column = Column::new("name", Kind::Text).min_length(2).pii();
const EMAIL: Column = Column::new("email", Kind::Text).optional().pii();
const TEAM: Column = Column::new("team", Kind::Text).optional();

static PEOPLE: Schema = Schema {
    name: "person",
    table: "contact",
    columns: &[
        NAME,
        EMAIL,
        TEAM,
        Column::new("extra", Kind::Json).optional(),
        Column::new("twin", Kind::Uuid).optional(),
    ],
    collections: &[],
    unique: &[],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Person {
    #[serde(skip)]
    meta: Meta<PersonId>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra: Option<Json>,
}

#[derive(Debug, Serialize)]
struct PersonView {
    id: PersonId,
    #[serde(flatten)]
    person: Person,
}

impl Aggregate for Person {
    type Type = PersonType;
    const SCHEMA: &'static Schema = &PEOPLE;
    const INITIAL_STATUS: Option<&'static str> = None;
    const PUBLISHED: &'static [&'static str] = &["name", "team"];
    type View = PersonView;

    fn meta(&self) -> &Meta<PersonId> {
        &self.meta
    }

    fn set_meta(&mut self, meta: Meta<PersonId>) {
        self.meta = meta;
    }

    fn view(&self) -> PersonView {
        PersonView {
            id: self.meta.id,
            person: self.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PersonChanged {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<String>,
}

impl Event for PersonChanged {
    const TYPE: &'static str = "example.contacts.PersonChanged";
    const VERSION: u32 = 1;
    const FIELDS: &'static [Column] = &[NAME, TEAM];
    type Of = PersonType;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PersonForgotten {
    name: String,
}

impl Event for PersonForgotten {
    const TYPE: &'static str = "example.contacts.PersonForgotten";
    const VERSION: u32 = 1;
    const FIELDS: &'static [Column] = &[NAME];
    type Of = PersonType;
}

const ANYTHING: Access = Access {
    from: &[],
    to: StatusChange::Unchanged,
    writes: &["name", "email"],
};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct AddPerson {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<String>,
}

impl Command for AddPerson {
    const CONTEXT: &'static str = "contacts";
    const NAME: &'static str = "AddPerson";
    const INPUT: &'static [Column] = &[NAME, EMAIL, TEAM];
    type Refusal = Never;
}

impl Decision<Domain> for AddPerson {
    type Aggregate = Person;
    type Needs = ();
    type Events = PersonChanged;
    type Kind = Creates<Domain, Self, AddPerson>;
    const DECIDE: Self::Kind = Creates::Alone(add_person);
    const ACCESS: Access = ANYTHING;
}

fn add_person(command: AddPerson, _: &Context) -> Result<(AddPerson, PersonChanged), Never> {
    let (name, team) = (command.name.clone(), command.team.clone());
    Ok((command, PersonChanged { name, team }))
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RenamePerson {
    name: String,
}

impl Command for RenamePerson {
    const CONTEXT: &'static str = "contacts";
    const NAME: &'static str = "RenamePerson";
    const INPUT: &'static [Column] = &[NAME];
    type Refusal = Never;
}

impl Decision<Domain> for RenamePerson {
    type Aggregate = Person;
    type Needs = ();
    type Events = PersonChanged;
    type Kind = Updates<Domain, Self>;
    const DECIDE: Self::Kind = Updates::Alone(rename_person);
    const ACCESS: Access = ANYTHING;
}

fn rename_person(
    person: &mut Person,
    command: RenamePerson,
    _: &Context,
) -> Result<PersonChanged, Never> {
    person.name.clone_from(&command.name);
    let (name, team) = (command.name, person.team.clone());
    Ok(PersonChanged { name, team })
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct ForgetPerson {}

impl Command for ForgetPerson {
    const CONTEXT: &'static str = "contacts";
    const NAME: &'static str = "ForgetPerson";
    const INPUT: &'static [Column] = &[];
    type Refusal = Never;
}

impl Decision<Domain> for ForgetPerson {
    type Aggregate = Person;
    type Needs = ();
    type Events = PersonForgotten;
    type Kind = Deletes<Domain, Self>;
    const DECIDE: Self::Kind = Deletes::Alone(forget_person);
    const ACCESS: Access = ANYTHING;
}

fn forget_person(person: &Person, _: ForgetPerson, _: &Context) -> Result<PersonForgotten, Never> {
    let name = person.name.clone();
    Ok(PersonForgotten { name })
}

/// Never has done with anybody who has a name.
struct Greets;

impl Effect for Greets {
    const HANDLER: &'static str = "greets";
    type On = PersonChanged;
    const ATTEMPTS: Attempts = Attempts {
        limit: 1_000,
        timeout_ms: 5_000,
        first_pause_ms: 50,
        max_pause_ms: 50,
        give_up_after_ms: 600_000,
    };

    async fn attempt(&self, event: &Recorded<PersonChanged>, _: &Attempt) -> ErasedOutcome {
        match event.name.as_str() {
            "" => ErasedOutcome::Done(None),
            name => ErasedOutcome::Retry(format!("{name} does not answer")),
        }
    }

    fn gave_up(&self, _: &Recorded<PersonChanged>, _: &str) -> Option<FollowUp> {
        None
    }
}

fn service() -> Service {
    let routes = Routes::new()
        .route("/people", post(http::create::<Domain, AddPerson>))
        .route(
            "/people/{id}",
            on_delete(http::delete::<Domain, ForgetPerson>),
        )
        .route(
            "/people/{id}/rename",
            post(http::update::<Domain, RenamePerson>),
        );
    let (database, openapi) = (contacts::database(), r#"{"openapi":"3.1.0"}"#);
    Service::new("example", "contacts", database, place::broker(), openapi)
        .partitions(4)
        .aggregate::<Person>()
        .command::<Domain, AddPerson>()
        .command::<Domain, RenamePerson>()
        .command::<Domain, ForgetPerson>()
        .effect(Greets)
        .routes(routes)
}

struct Site {
    client: Client,
    running: Running,
    place: Place,
}

impl Site {
    async fn start() -> Self {
        let place = contacts::place();
        let running = service().start(&contacts::config(&place)).await;
        let running = running.unwrap_or_else(|failure| panic!("{failure}"));
        Self {
            client: Client::new(running.url()),
            running,
            place,
        }
    }

    fn engine(&self) -> &dyn Engine {
        &*self.running.runtime().engine
    }

    async fn send(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [("idempotency-key", key)];
        let body = body.to_string();
        let sent = self.client.send(method, path, &headers, &body);
        sent.await.unwrap()
    }

    async fn events(&self) -> Vec<OutboxEvent> {
        self.engine().event_log("person", None, 100).await.unwrap()
    }

    /// All that is in the database: as the engine reads it, but rows, and as its own client does.
    async fn kept(&self) -> String {
        let mut kept = String::new();
        for collection in [
            Documents::Requests,
            Documents::Commands,
            Documents::Parked,
            Documents::DeadLetters,
            Documents::Blocks,
            Documents::Jobs,
            Documents::Cursors,
            Documents::Projections,
        ] {
            let query = DocumentsQuery {
                collection,
                group: None,
                due_by: None,
                heads_only: false,
                after: None,
                limit: 1_000,
            };
            for document in self.engine().documents(&query).await.unwrap() {
                texts(&document.body, &mut kept);
            }
        }
        for event in self.events().await {
            kept.push_str(&String::from_utf8_lossy(&event.wire.payload));
        }
        for row in self.engine().outbox(0, 1_000).await.unwrap() {
            kept.push_str(&String::from_utf8_lossy(&row.event.wire.payload));
        }
        kept + &tables::dump(&contacts::config(&self.place).database).await
    }

    /// Waits until nothing personal is found.
    async fn until_erased(&self) {
        let started = Instant::now();
        loop {
            let kept = self.kept().await;
            let found = PERSONAL.iter().find(|text| kept.contains(**text));
            let Some(found) = found else {
                return;
            };
            assert!(
                started.elapsed() < PATIENCE,
                "`{found}` is still there: {kept}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// All texts in a value, those in base64 and in JSON too.
fn texts(value: &Value, found: &mut String) {
    match value {
        Value::String(text) => {
            found.push_str(text);
            if let Ok(Bytes(bytes)) = Bytes::deserialize(value) {
                found.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        Value::Array(all) => all.iter().for_each(|one| texts(one, found)),
        Value::Object(all) => all.values().for_each(|one| texts(one, found)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_left_of_who_is_forgotten() {
    let site = Site::start().await;
    let [first, second, email] = PERSONAL;
    let body = json!({ "name": first, "email": email, "team": "blue" });
    let made = site.send(Method::POST, "/people", "make", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = made.header("location").unwrap().to_owned();
    let name = json!({ "name": second });
    let renamed = site
        .send(Method::POST, &format!("{path}/rename"), "rename", &name)
        .await;
    assert_eq!(renamed.status, 200, "{}", renamed.text());
    let other = json!({ "name": "Grace Hopper", "team": "red" });
    let other = site.send(Method::POST, "/people", "other", &other).await;
    assert_eq!(other.status, 201, "{}", other.text());
    let kept = site.kept().await;
    for text in PERSONAL {
        assert!(kept.contains(text), "{text}: {kept}");
    }

    let deleted = site.send(Method::DELETE, &path, "forget", &json!({})).await;
    assert!(deleted.status < 300, "{}", deleted.text());
    site.until_erased().await;
    assert!(site.kept().await.contains("Grace Hopper"));

    // What is left is read as before.
    let id: Uuid = path.rsplit('/').next().unwrap().parse().unwrap();
    let events = site.events().await.into_iter();
    let events = events.filter(|event| event.aggregate_id == id);
    let events: Vec<Envelope> = events
        .map(|event| Envelope::from_wire(&event.wire).unwrap())
        .collect();
    for changed in &events[..2] {
        let changed: Recorded<PersonChanged> = decode(changed).unwrap();
        let team = Some("blue".to_owned());
        let name = String::new();
        assert_eq!(changed.data, PersonChanged { name, team });
    }
    let forgotten: Recorded<PersonForgotten> = decode(&events[2]).unwrap();
    assert_eq!((forgotten.name.as_str(), forgotten.sequence), ("", 3));

    // And the same requests are answered as before, but for what is gone.
    let again = site.send(Method::POST, "/people", "make", &body).await;
    assert_eq!(again.status, 201, "{}", again.text());
    let again = again.json();
    assert_eq!(
        (&again["name"], &again["team"]),
        (&json!(""), &json!("blue"))
    );
    assert!(again.get("email").is_none());
    let again = site.send(Method::DELETE, &path, "forget", &json!({})).await;
    assert_eq!(again.status, deleted.status, "{}", again.text());
    site.until_erased().await;
}

/// A process that is torn off leaves to the next one what it has not erased.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_erased_is_erased_after_the_next_start() {
    let mut site = Site::start().await;
    let body = json!({ "name": PERSONAL[0] });
    let made = site.send(Method::POST, "/people", "make", &body).await;
    let path = made.header("location").unwrap().to_owned();
    site.send(Method::DELETE, &path, "forget", &json!({})).await;
    drop(site.running);
    let running = service().start(&contacts::config(&site.place)).await;
    site.running = running.unwrap_or_else(|failure| panic!("{failure}"));
    site.until_erased().await;
}
