//! Contacts, as the generated code of a service would have them: members that they may lack, and a
//! command that changes each of them or leaves it as it is.

use platform_contract::schema::{Column, Kind, Schema, Unique};
use platform_contract::value::{Json, Patch, TypedId};
use platform_contract::{AggregateType, Command, Event, NoStatus, Recorded, Refusal};
use platform_ports::engine::Database;
use platform_runtime::context::Context;
use platform_runtime::decision::{
    Access, Aggregate, Creates, Decision, Meta, StatusChange, Updates,
};
use platform_runtime::handler::{Policy, Targets};
use platform_runtime::query::{Query, Range};
use platform_service::Service;
use platform_service::config::Config;
use platform_service::http::{self, Routes, get, post};
use serde::{Deserialize, Serialize};

use platform_support::place::{self, Place, Tables, initial};

pub type ContactId = TypedId<ContactType>;

#[derive(Debug)]
pub struct ContactType;

impl AggregateType for ContactType {
    const CONTEXT: &'static str = "contacts";
    const NAME: &'static str = "contact";
    const TOPIC: &'static str = "example.contacts.contact";
    type Id = ContactId;
    type Status = NoStatus;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    #[serde(skip)]
    meta: Meta<ContactId>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<ContactId>,
}

pub static CONTACTS: Schema = Schema {
    name: "contact",
    table: "contact",
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("email", Kind::Text).optional(),
        Column::new("team", Kind::Text).optional(),
        Column::new("extra", Kind::Json).optional(),
        Column::new("twin", Kind::Uuid).optional(),
    ],
    collections: &[],
    unique: &[Unique {
        name: "email",
        members: &["email"],
    }],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

/// What callers are shown.
#[derive(Debug, Serialize)]
pub struct ContactView {
    id: ContactId,
    version: u64,
    #[serde(flatten)]
    contact: Contact,
}

impl Aggregate for Contact {
    type Type = ContactType;
    const SCHEMA: &'static Schema = &CONTACTS;
    const INITIAL_STATUS: Option<&'static str> = None;
    const PUBLISHED: &'static [&'static str] = &["team"];
    type View = ContactView;

    fn meta(&self) -> &Meta<ContactId> {
        &self.meta
    }

    fn set_meta(&mut self, meta: Meta<ContactId>) {
        self.meta = meta;
    }

    fn view(&self) -> ContactView {
        ContactView {
            id: self.meta.id,
            version: self.meta.version,
            contact: self.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Never {}

impl Refusal for Never {
    fn name(&self) -> &'static str {
        match *self {}
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContactChanged {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<ContactId>,
}

impl Event for ContactChanged {
    const TYPE: &'static str = "example.contacts.ContactChanged";
    const VERSION: u32 = 1;
    type Of = ContactType;
}

/// Makes a contact with all that it may have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddContact {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<ContactId>,
}

impl Command for AddContact {
    const CONTEXT: &'static str = "contacts";
    const NAME: &'static str = "AddContact";
    const INPUT: &'static [Column] = CONTACTS.columns;
    type Refusal = Never;
}

/// Whose functions decide.
pub struct Domain;

impl Decision<Domain> for AddContact {
    type Aggregate = Contact;
    type Needs = ();
    type Events = ContactChanged;
    type Kind = Creates<Domain, Self, AddContact>;
    const DECIDE: Self::Kind = Creates::Alone(add_contact);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &[],
    };
}

fn add_contact(command: AddContact, _: &Context) -> Result<(AddContact, ContactChanged), Never> {
    let (team, twin) = (command.team.clone(), command.twin);
    Ok((command, ContactChanged { team, twin }))
}

/// Changes what the caller sends, keeps what is left out, clears what is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeContact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub email: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub team: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub extra: Patch<Json>,
}

impl Command for ChangeContact {
    const CONTEXT: &'static str = "contacts";
    const NAME: &'static str = "ChangeContact";
    const INPUT: &'static [Column] = &[
        Column::new("name", Kind::Text).kept(),
        Column::new("email", Kind::Text).clearable().min_length(1),
        Column::new("team", Kind::Text).clearable(),
        Column::new("extra", Kind::Json).clearable(),
    ];
    type Refusal = Never;
}

impl Decision<Domain> for ChangeContact {
    type Aggregate = Contact;
    type Needs = ();
    type Events = ContactChanged;
    type Kind = Updates<Domain, Self>;
    const DECIDE: Self::Kind = Updates::Alone(change_contact);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &["name", "email", "team", "extra"],
    };
}

fn change_contact(
    contact: &mut Contact,
    command: ChangeContact,
    _: &Context,
) -> Result<ContactChanged, Never> {
    if let Some(name) = command.name {
        contact.name = name;
    }
    command.email.apply_to(&mut contact.email);
    command.team.apply_to(&mut contact.team);
    command.extra.apply_to(&mut contact.extra);
    let (team, twin) = (contact.team.clone(), contact.twin);
    Ok(ContactChanged { team, twin })
}

/// Whenever a contact changes, its twin gets the same team, or none.
pub struct FollowTwin;

impl Policy for FollowTwin {
    const HANDLER: &'static str = "follow-twin";
    type On = ContactChanged;
    type Then = ChangeContact;
    type Target = Contact;
    const DEAD_LETTER_REFUSALS: bool = true;

    fn targets(event: &Recorded<ContactChanged>, _: usize) -> Targets {
        let twin = event.twin;
        twin.map_or(Targets::Nobody, |twin| Targets::One(twin.into()))
    }

    fn react(
        event: &Recorded<ContactChanged>,
        _: usize,
        _: Option<&Contact>,
        _: &Context,
    ) -> Option<ChangeContact> {
        Some(ChangeContact {
            name: None,
            email: Patch::Keep,
            team: Patch::from(event.team.clone()),
            extra: Patch::Keep,
        })
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByTeam {
    pub team: String,
}

impl Query for ByTeam {
    type Aggregate = Contact;
    const NAME: &'static str = "ByTeam";
    const PARAMETERS: &'static [Column] = &[Column::new("team", Kind::Text)];
    const BY: &'static [&'static str] = &["team"];
    const RANGE: Option<Range> = None;
    const ORDER: &'static [(&'static str, bool)] = &[];
    const UNIQUE: bool = false;
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByEmail {
    pub email: String,
}

impl Query for ByEmail {
    type Aggregate = Contact;
    const NAME: &'static str = "ByEmail";
    const PARAMETERS: &'static [Column] = &[Column::new("email", Kind::Text)];
    const BY: &'static [&'static str] = &["email"];
    const RANGE: Option<Range> = None;
    const ORDER: &'static [(&'static str, bool)] = &[];
    const UNIQUE: bool = true;
}

static TABLES: Tables = Tables {
    sqlite: &[initial(include_str!("sqlite.sql"))],
    postgres: &[initial(include_str!("postgres.sql"))],
    mongodb: &[initial(include_str!("mongodb.json"))],
    redis: &[initial(include_str!("redis.lua"))],
};

/// The database of the service.
pub fn database() -> Database {
    TABLES.database()
}

/// A place of a test's own for the service.
pub fn place() -> Place {
    Place::new(&TABLES)
}

/// Its configuration there.
pub fn config(place: &Place) -> Config {
    place::config("contacts", place.path())
}

pub fn service() -> Service {
    let routes = Routes::new()
        .route(
            "/contacts",
            get(http::list::<Contact>).post(http::create::<Domain, AddContact>),
        )
        .route("/contacts/{id}", get(http::read::<Contact>))
        .route(
            "/contacts/{id}/change",
            post(http::update::<Domain, ChangeContact>),
        )
        .route("/contacts/by-team", get(http::query::<ByTeam>))
        .route("/contacts/by-email", get(http::query::<ByEmail>));
    let openapi = r#"{"openapi":"3.1.0"}"#;
    Service::new(
        "example",
        "contacts",
        TABLES.database(),
        place::broker(),
        openapi,
    )
    .partitions(4)
    .aggregate::<Contact>()
    .command::<Domain, AddContact>()
    .command::<Domain, ChangeContact>()
    .policy::<FollowTwin>()
    .routes(routes)
}
