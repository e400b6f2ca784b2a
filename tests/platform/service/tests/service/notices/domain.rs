//! Notices, as the generated code of a service would have them: without states, with a member of their own that
//! is called `status`; with a value object and entities that have times of commands by default; and a command
//! with an input of its own that may be left out.

use platform_contract::schema::{Collection, Column, Kind, Schema};
use platform_contract::value::{Timestamp, TypedId};
use platform_contract::{AggregateType, Command, Event, NoStatus};
use platform_runtime::context::Context;
use platform_runtime::decision::{
    Access, Aggregate, Creates, Decision, Meta, StatusChange, Updates,
};
use platform_runtime::query::{Query, Range};
use platform_service::Service;
use platform_service::http::{self, Routes, get, post};
use serde::{Deserialize, Serialize};

use crate::domain::Never;
use platform_support::place::{self, Tables, initial};

pub type NoticeId = TypedId<NoticeType>;

#[derive(Debug)]
pub struct NoticeType;

impl AggregateType for NoticeType {
    const CONTEXT: &'static str = "notices";
    const NAME: &'static str = "notice";
    const TOPIC: &'static str = "example.notices.notice";
    type Id = NoticeId;
    type Status = NoStatus;
}

/// A value object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Term {
    pub label: String,
    pub since: Timestamp,
}

/// An entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    #[serde(default = "TypedId::generate")]
    pub id: TypedId<Line>,
    pub text: String,
    pub added: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    #[serde(skip)]
    meta: Meta<NoticeId>,
    pub status: String,
    pub days: i64,
    pub term: Term,
    #[serde(default)]
    pub lines: Vec<Line>,
}

const TERM: Kind = Kind::Value(&[
    Column::new("label", Kind::Text),
    Column::new("since", Kind::Timestamp)
        .optional()
        .default_now(),
]);
const LINE: Kind = Kind::Value(&[
    Column::new("id", Kind::Uuid).optional(),
    Column::new("text", Kind::Text),
    Column::new("added", Kind::Timestamp)
        .optional()
        .default_now(),
]);

pub static NOTICES: Schema = Schema {
    name: "notice",
    table: "notice",
    columns: &[
        Column::new("status", Kind::Text),
        Column::new("days", Kind::Int),
        Column::new("term", TERM),
    ],
    collections: &[Collection {
        member: "lines",
        table: "notice__line",
        columns: &[
            Column::new("text", Kind::Text),
            Column::new("added", Kind::Timestamp).default_now(),
        ],
    }],
    unique: &[],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

/// The same, as a program from before the times had it.
pub static NOTICES_BEFORE: Schema = Schema {
    name: "notice",
    table: "notice",
    columns: &[
        Column::new("status", Kind::Text),
        Column::new("days", Kind::Int),
        Column::new("term", Kind::Value(&[Column::new("label", Kind::Text)])),
    ],
    collections: &[Collection {
        member: "lines",
        table: "notice__line",
        columns: &[Column::new("text", Kind::Text)],
    }],
    unique: &[],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

/// What callers are shown.
#[derive(Debug, Serialize)]
pub struct NoticeView {
    id: NoticeId,
    created_at: Timestamp,
    #[serde(flatten)]
    notice: Notice,
}

impl Aggregate for Notice {
    type Type = NoticeType;
    const SCHEMA: &'static Schema = &NOTICES;
    const INITIAL_STATUS: Option<&'static str> = None;
    const PUBLISHED: &'static [&'static str] = &["status"];
    type View = NoticeView;

    fn meta(&self) -> &Meta<NoticeId> {
        &self.meta
    }

    fn set_meta(&mut self, meta: Meta<NoticeId>) {
        self.meta = meta;
    }

    fn view(&self) -> NoticeView {
        NoticeView {
            id: self.meta.id,
            created_at: self.meta.created_at,
            notice: self.clone(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeChanged {
    pub status: String,
}

impl Event for NoticeChanged {
    const TYPE: &'static str = "example.notices.NoticeChanged";
    const VERSION: u32 = 1;
    type Of = NoticeType;
}

/// Makes a notice that is kept for some days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddNotice {
    pub status: String,
    pub term: Term,
    #[serde(default)]
    pub lines: Vec<Line>,
    pub keep_days: i64,
}

impl Command for AddNotice {
    const CONTEXT: &'static str = "notices";
    const NAME: &'static str = "AddNotice";
    const INPUT: &'static [Column] = &[
        Column::new("status", Kind::Text),
        Column::new("term", TERM),
        Column::new("lines", LINE).list().distinct_ids(),
        Column::new("keep_days", Kind::Int)
            .optional()
            .default_json("30")
            .min("1"),
    ];
    type Refusal = Never;
}

#[derive(Debug, Serialize)]
pub struct NewNotice {
    pub status: String,
    pub days: i64,
    pub term: Term,
    pub lines: Vec<Line>,
}

/// Whose functions decide.
pub struct Domain;

impl Decision<Domain> for AddNotice {
    type Aggregate = Notice;
    type Needs = ();
    type Events = NoticeChanged;
    type Kind = Creates<Domain, Self, NewNotice>;
    const DECIDE: Self::Kind = Creates::Alone(add_notice);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &[],
    };
}

fn add_notice(command: AddNotice, _: &Context) -> Result<(NewNotice, NoticeChanged), Never> {
    let status = command.status.clone();
    let notice = NewNotice {
        status: command.status,
        days: command.keep_days,
        term: command.term,
        lines: command.lines,
    };
    Ok((notice, NoticeChanged { status }))
}

/// Gives a notice another status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetStatus {
    pub status: String,
}

impl Command for SetStatus {
    const CONTEXT: &'static str = "notices";
    const NAME: &'static str = "SetStatus";
    const INPUT: &'static [Column] = &[Column::new("status", Kind::Text)];
    type Refusal = Never;
}

impl Decision<Domain> for SetStatus {
    type Aggregate = Notice;
    type Needs = ();
    type Events = NoticeChanged;
    type Kind = Updates<Domain, Self>;
    const DECIDE: Self::Kind = Updates::Alone(set_status);
    const ACCESS: Access = Access {
        from: &[],
        to: StatusChange::Unchanged,
        writes: &["status"],
    };
}

fn set_status(
    notice: &mut Notice,
    command: SetStatus,
    _: &Context,
) -> Result<NoticeChanged, Never> {
    notice.status.clone_from(&command.status);
    Ok(NoticeChanged {
        status: command.status,
    })
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ByStatus {
    pub status: String,
}

impl Query for ByStatus {
    type Aggregate = Notice;
    const NAME: &'static str = "ByStatus";
    const PARAMETERS: &'static [Column] = &[Column::new("status", Kind::Text)];
    const BY: &'static [&'static str] = &["status"];
    const RANGE: Option<Range> = None;
    const ORDER: &'static [(&'static str, bool)] = &[];
    const UNIQUE: bool = false;
}

pub static TABLES: Tables = Tables {
    sqlite: &[initial(include_str!("sqlite.sql"))],
    postgres: &[initial(include_str!("postgres.sql"))],
    mongodb: &[initial(include_str!("mongodb.json"))],
    redis: &[initial(include_str!("redis.lua"))],
};

pub fn service() -> Service {
    let routes = Routes::new()
        .route("/notices", post(http::create::<Domain, AddNotice>))
        .route("/notices/{id}", get(http::read::<Notice>))
        .route(
            "/notices/{id}/set-status",
            post(http::update::<Domain, SetStatus>),
        )
        .route("/notices/by-status", get(http::query::<ByStatus>));
    let openapi = r#"{"openapi":"3.1.0"}"#;
    Service::new(
        "example",
        "notices",
        TABLES.database(),
        place::broker(),
        openapi,
    )
    .partitions(4)
    .aggregate::<Notice>()
    .command::<Domain, AddNotice>()
    .command::<Domain, SetStatus>()
    .routes(routes)
}
