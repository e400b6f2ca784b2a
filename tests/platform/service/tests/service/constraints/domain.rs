//! Every constraint that a description can declare: orders with lines, and shelves that both name.

use platform_contract::schema::{Collection, Column, Kind, Referrer, Schema, Unique};
use platform_contract::value::TypedId;
use platform_contract::{AggregateType, Command, Event, NoStatus};
use platform_runtime::context::Context;
use platform_runtime::decision::{
    Access, Aggregate, Creates, Decision, Deletes, Meta, StatusChange, Updates,
};
use platform_service::Service;
use platform_service::http::{self, Routes, get, on_delete, post};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::domain::Never;
use platform_support::place::{self, Tables, initial};

const CODE: Column = Column::new("code", Kind::Text)
    .min_length(2)
    .max_length(4)
    .pattern("[A-Z]+");
const REGION: Column = Column::new("region", Kind::Text);
const NUMBER: Column = Column::new("number", Kind::Int).min("1").max("9");
const PRICE: Column = Column::new("price", Kind::decimal(6, 2)).exclusive_min("0.00");
const KIND: Column = Column::new("kind", Kind::Enum(&["new", "used"]));
const ON_SHELF: Column = Column::new("shelf", Kind::Uuid)
    .optional()
    .references("shelf");
const ON_SHELVES: Column = Column::new("shelves", Kind::Uuid)
    .optional()
    .list()
    .references("shelf")
    .max_length(2);

pub static ORDERS: Schema = Schema {
    name: "order",
    table: "order",
    columns: &[CODE, REGION, NUMBER, PRICE, KIND, ON_SHELF, ON_SHELVES],
    collections: &[Collection {
        member: "lines",
        table: "order__line",
        columns: &[Column::new("label", Kind::Text).max_length(3), ON_SHELF],
    }],
    unique: &[
        Unique {
            name: "code",
            members: &["code"],
        },
        Unique {
            name: "region_number",
            members: &["region", "number"],
        },
    ],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

pub static SHELVES: Schema = Schema {
    name: "shelf",
    table: "shelf",
    columns: &[],
    collections: &[],
    unique: &[],
    referenced_by: &[
        Referrer {
            table: "order",
            column: "shelf",
        },
        Referrer {
            table: "order",
            column: "shelves",
        },
        Referrer {
            table: "order__line",
            column: "shelf",
        },
    ],
    shard_by: None,
    generations: false,
};

const LINE: Kind = Kind::Value(&[
    Column::new("id", Kind::Uuid).optional(),
    Column::new("label", Kind::Text).max_length(3),
    Column::new("shelf", Kind::Uuid).optional(),
]);
const LINES: Column = Column::new("lines", LINE).list().distinct_ids();
const PLACE: &[Column] = &[
    CODE, REGION, NUMBER, PRICE, KIND, ON_SHELF, ON_SHELVES, LINES,
];

/// Members in their JSON forms: what they have to be is the schema's business here.
type Members = Map<String, Value>;

/// An aggregate, its type, and an event that says that it was changed.
macro_rules! aggregate {
    ($name:ident, $type:ident, $kind:literal, $schema:ident, $event:ident) => {
        #[derive(Debug)]
        pub struct $type;

        impl AggregateType for $type {
            const CONTEXT: &'static str = "store";
            const NAME: &'static str = $kind;
            const TOPIC: &'static str = concat!("example.store.", $kind);
            type Id = TypedId<Self>;
            type Status = NoStatus;
        }

        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub struct $name {
            #[serde(skip)]
            meta: Meta<TypedId<$type>>,
            #[serde(flatten)]
            members: Members,
        }

        impl Aggregate for $name {
            type Type = $type;
            const SCHEMA: &'static Schema = &$schema;
            const INITIAL_STATUS: Option<&'static str> = None;
            const PUBLISHED: &'static [&'static str] = &[];
            type View = Value;

            fn meta(&self) -> &Meta<TypedId<$type>> {
                &self.meta
            }

            fn set_meta(&mut self, meta: Meta<TypedId<$type>>) {
                self.meta = meta;
            }

            fn view(&self) -> Value {
                let mut view = self.members.clone();
                view.insert("id".to_owned(), json!(self.meta.id));
                Value::Object(view)
            }
        }

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $event {}

        impl Event for $event {
            const TYPE: &'static str = concat!("example.store.", stringify!($event));
            const VERSION: u32 = 1;
            type Of = $type;
        }
    };
}

aggregate!(Order, OrderType, "order", ORDERS, OrderChanged);
aggregate!(Shelf, ShelfType, "shelf", SHELVES, ShelfChanged);

/// A command on an aggregate: what decides, what it emits, its input, and what it may change.
macro_rules! command {
    ($name:ident: $kind:ident $aggregate:ident by $decide:ident -> $event:ident, $input:expr, $writes:expr) => {
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub struct $name {
            #[serde(flatten)]
            members: Members,
        }

        impl Command for $name {
            const CONTEXT: &'static str = "store";
            const NAME: &'static str = stringify!($name);
            const INPUT: &'static [Column] = $input;
            type Refusal = Never;
        }

        impl Decision<Store> for $name {
            type Aggregate = $aggregate;
            type Needs = ();
            type Events = $event;
            type Kind = $kind<Self>;
            const DECIDE: Self::Kind = $kind::Alone($decide);
            const ACCESS: Access = Access {
                from: &[],
                to: StatusChange::Unchanged,
                writes: $writes,
            };
        }
    };
}

/// Whose functions decide.
pub struct Store;

/// The kinds of commands in this store.
type Create<C> = Creates<Store, C, Members>;
type Update<C> = Updates<Store, C>;
type Delete<C> = Deletes<Store, C>;

command!(BuildShelf: Create Shelf by build_shelf -> ShelfChanged, &[], &[]);
command!(DropShelf: Delete Shelf by drop_shelf -> ShelfChanged, &[], &[]);
command!(PlaceOrder: Create Order by place_order -> OrderChanged, PLACE, &[]);
command!(AddLines: Update Order by add_lines -> OrderChanged, &[LINES], &["lines"]);
command!(DoubleLine: Update Order by double_line -> OrderChanged, &[], &["lines"]);
command!(DropOrder: Delete Order by drop_order -> OrderChanged, &[], &[]);

fn build_shelf(command: BuildShelf, _: &Context) -> Result<(Members, ShelfChanged), Never> {
    Ok((command.members, ShelfChanged {}))
}

fn drop_shelf(_: &Shelf, _: DropShelf, _: &Context) -> Result<ShelfChanged, Never> {
    Ok(ShelfChanged {})
}

fn place_order(command: PlaceOrder, _: &Context) -> Result<(Members, OrderChanged), Never> {
    let mut order = command.members;
    lines(&mut order).iter_mut().for_each(complete);
    Ok((order, OrderChanged {}))
}

fn add_lines(order: &mut Order, mut command: AddLines, _: &Context) -> Result<OrderChanged, Never> {
    let mut more = std::mem::take(lines(&mut command.members));
    more.iter_mut().for_each(complete);
    lines(&mut order.members).extend(more);
    Ok(OrderChanged {})
}

/// A decision that gives two lines one id by itself.
fn double_line(order: &mut Order, _: DoubleLine, _: &Context) -> Result<OrderChanged, Never> {
    let lines = lines(&mut order.members);
    lines.extend_from_within(..1);
    Ok(OrderChanged {})
}

fn drop_order(_: &Order, _: DropOrder, _: &Context) -> Result<OrderChanged, Never> {
    Ok(OrderChanged {})
}

fn lines(members: &mut Members) -> &mut Vec<Value> {
    match members.get_mut("lines") {
        Some(Value::Array(lines)) => lines,
        other => panic!("lines are required, not {other:?}"),
    }
}

/// A line without an id gets one.
fn complete(line: &mut Value) {
    if line["id"].is_null() {
        line["id"] = json!(Uuid::now_v7());
    }
}

pub static TABLES: Tables = Tables {
    sqlite: &[initial(include_str!("sqlite.sql"))],
    postgres: &[initial(include_str!("postgres.sql"))],
    mongodb: &[initial(include_str!("mongodb.json"))],
    redis: &[initial(include_str!("redis.lua"))],
};

pub fn service() -> Service {
    let routes = Routes::new()
        .route("/shelves", post(http::create::<Store, BuildShelf>))
        .route("/shelves/{id}", on_delete(http::delete::<Store, DropShelf>))
        .route("/orders", post(http::create::<Store, PlaceOrder>))
        .route("/orders/{id}", get(http::read::<Order>))
        .route("/orders/{id}", on_delete(http::delete::<Store, DropOrder>))
        .route(
            "/orders/{id}/add-lines",
            post(http::update::<Store, AddLines>),
        )
        .route(
            "/orders/{id}/double-line",
            post(http::update::<Store, DoubleLine>),
        );
    Service::new("example", "store", TABLES.database(), place::broker(), "{}")
        .partitions(4)
        .aggregate::<Shelf>()
        .aggregate::<Order>()
        .command::<Store, BuildShelf>()
        .command::<Store, DropShelf>()
        .command::<Store, PlaceOrder>()
        .command::<Store, AddLines>()
        .command::<Store, DoubleLine>()
        .command::<Store, DropOrder>()
        .routes(routes)
}
