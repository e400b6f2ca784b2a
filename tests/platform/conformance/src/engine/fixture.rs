//! The tables of the tests: owners, things with parts, which reference owners, and copies of things.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use platform_contract::envelope::{Headers, Wire};
use platform_contract::schema::{Collection, Column, Kind, Referrer, Schema, Unique};
use platform_contract::value::Timestamp;
use platform_ports::engine::{Find, Generation, OutboxEvent, Save, SaveTo, Stored, WriteSet};

const PLACE: &[Column] = &[
    Column::new("street", Kind::Text),
    Column::new(
        "height",
        Kind::Decimal {
            precision: 6,
            scale: 3,
        },
    )
    .optional(),
];

/// Owners, which things reference.
pub static OWNER: Schema = Schema {
    name: "owner",
    table: "owners",
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("friends", Kind::Uuid)
            .list()
            .optional()
            .references("owners"),
    ],
    collections: &[],
    unique: &[],
    referenced_by: &[
        Referrer {
            table: "owners",
            column: "friends",
        },
        Referrer {
            table: "things",
            column: "owner",
        },
        Referrer {
            table: "things",
            column: "helpers",
        },
        Referrer {
            table: "thing_parts",
            column: "maker",
        },
    ],
    shard_by: None,
    generations: false,
};

/// Things, with a member of every kind; the names are keywords, or what engines call something else,
/// where they can be.
pub static THING: Schema = Schema {
    name: "thing",
    table: "things",
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("group", Kind::Int).optional(),
        Column::new("order", Kind::Float).optional(),
        Column::new("select", Kind::Bool).optional(),
        Column::new(
            "price",
            Kind::Decimal {
                precision: 12,
                scale: 2,
            },
        )
        .optional(),
        Column::new(
            "weight",
            Kind::Decimal {
                precision: 28,
                scale: 6,
            },
        )
        .optional(),
        Column::new("code", Kind::Uuid).optional(),
        Column::new("made", Kind::Date).optional(),
        Column::new("sold", Kind::Timestamp).optional(),
        Column::new("life", Kind::Duration).optional(),
        Column::new("raw", Kind::Bytes).optional(),
        Column::new("extra", Kind::Json).optional(),
        Column::new("color", Kind::Enum(&["red", "green"])).optional(),
        Column::new("place", Kind::Value(PLACE)).optional(),
        Column::new("tags", Kind::Text).list().optional(),
        Column::new(
            "prices",
            Kind::Decimal {
                precision: 12,
                scale: 2,
            },
        )
        .list()
        .optional(),
        Column::new("owner", Kind::Uuid)
            .optional()
            .references("owners"),
        Column::new("helpers", Kind::Uuid)
            .list()
            .optional()
            .references("owners"),
    ],
    collections: &[Collection {
        member: "parts",
        table: "thing_parts",
        columns: &[
            Column::new("label", Kind::Text),
            Column::new("parent", Kind::Text).optional(),
            Column::new("position", Kind::Int).optional(),
            Column::new("maker", Kind::Uuid)
                .optional()
                .references("owners"),
        ],
    }],
    unique: &[
        Unique {
            name: "name",
            members: &["name"],
        },
        Unique {
            name: "group_and_code",
            members: &["group", "code"],
        },
    ],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

/// Copies of things, by generation.
pub static COPY: Schema = Schema {
    name: "copy",
    table: "copies",
    columns: &[
        Column::new("name", Kind::Text).optional(),
        Column::new("group", Kind::Int).optional(),
        Column::new(
            "price",
            Kind::Decimal {
                precision: 12,
                scale: 2,
            },
        )
        .optional(),
        Column::new("generation", Kind::Int).optional(),
    ],
    collections: &[],
    unique: &[],
    referenced_by: &[],
    shard_by: None,
    generations: true,
};

/// An instant of the year 2026.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_microseconds(1_767_225_600_000_000 + second * 1_000_000).expect("in range")
}

/// The number's id; ids order as their numbers do.
pub fn id(number: u64) -> Uuid {
    Uuid::from_u64_pair(0, number)
}

/// The members of a JSON object.
pub fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        other => panic!("an object, not {other}"),
    }
}

/// A row at a version; a thing without parts has none, rather than no list of them.
pub fn stored(id: Uuid, version: u64, object: Value) -> Stored {
    let version_at = i64::try_from(version).expect("small");
    Stored {
        id,
        version,
        created_at: at(0),
        updated_at: at(version_at),
        members: members(object),
    }
}

/// A thing with nothing but a name.
pub fn thing(id: Uuid, version: u64, name: &str) -> Stored {
    stored(id, version, json!({ "name": name, "parts": [] }))
}

/// A change to a row, from the version before.
pub fn live(schema: &'static Schema, generation: Generation, to: Stored) -> Save {
    Save {
        schema,
        generation,
        expected: to.version - 1,
        to: SaveTo::Live(to),
    }
}

/// A deletion, from the version before.
pub fn deleted(schema: &'static Schema, generation: Generation, id: Uuid, version: u64) -> Save {
    Save {
        schema,
        generation,
        expected: version - 1,
        to: SaveTo::Deleted { id, version },
    }
}

/// A write set of one change.
pub fn saving(save: Save) -> WriteSet {
    WriteSet {
        saves: vec![save],
        ..WriteSet::default()
    }
}

/// A write set that saves a thing, with its event.
pub fn recorded(thing: Stored) -> WriteSet {
    let event = event(thing.id, thing.version);
    WriteSet {
        events: vec![event],
        ..saving(live(&THING, 0, thing))
    }
}

/// The event of a thing.
pub fn event(thing: Uuid, sequence: u64) -> OutboxEvent {
    OutboxEvent {
        id: Uuid::new_v5(&thing, &sequence.to_be_bytes()),
        aggregate_type: "thing".to_owned(),
        aggregate_id: thing,
        sequence,
        kind: "test.thing.ThingChanged.v1".to_owned(),
        topic: "test.thing".to_owned(),
        partition: 0,
        logged: true,
        wire: Wire {
            headers: Headers::from_iter([("ce_id", "1")]),
            payload: vec![0, 159, 146, 150],
        },
    }
}

/// A search for all rows, by id.
pub fn all(schema: &'static Schema) -> Find {
    Find {
        schema,
        generation: 0,
        equals: Vec::new(),
        range: None,
        order: &[],
        after: None,
        limit: 1_000,
    }
}
