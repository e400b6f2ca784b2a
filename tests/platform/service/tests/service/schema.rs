//! Validation of values, and their one JSON form.

use platform_contract::schema::{Collection, Column, Kind, Schema, canonical, check};
use serde_json::{Map, Value, json};

const PLACE: &[Column] = &[
    Column::new("street", Kind::Text).max_length(5),
    Column::new("height", Kind::decimal(6, 3)).optional(),
];

fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        other => panic!("an object, not {other}"),
    }
}

/// The pointers of what is wrong.
fn pointers(columns: &[Column], object: Value) -> Vec<String> {
    check(columns, &members(object))
        .into_iter()
        .map(|found| found.pointer)
        .collect()
}

/// Whether a value is good for a column.
fn good(column: Column, value: Value) -> bool {
    let name = column.name;
    let found = check(&[column], &members(json!({ name: value })));
    assert!(
        found
            .iter()
            .all(|one| one.pointer.starts_with(&format!("/{name}"))),
        "{found:?}"
    );
    found.is_empty()
}

fn one(kind: Kind) -> Column {
    Column::new("m", kind)
}

/// The one JSON form of a value.
fn form(kind: Kind, value: Value) -> Value {
    let mut members = members(json!({ "m": value }));
    canonical(&[one(kind)], &mut members);
    members["m"].clone()
}

#[test]
fn types_are_told_apart() {
    let good_and_bad: [(Kind, Value, Value); 13] = [
        (
            Kind::Text,
            json!(["", "x", "𝄞"]),
            json!([null, 1, "a\0b", []]),
        ),
        (Kind::Bool, json!([true, false]), json!([0, "true", null])),
        (
            Kind::Int,
            json!([0, i64::MIN, i64::MAX, 1e3]),
            json!([1.5, 1e300, u64::MAX, "1", null]),
        ),
        (
            Kind::Float,
            json!([0, 1.5, -1e300]),
            json!(["1.5", null, true]),
        ),
        (
            Kind::decimal(4, 2),
            json!(["0", "-99.99", "99.99", "1.500", "007.5", "-0"]),
            json!([
                "100", "1.234", ".5", "5.", "+1", "1e2", "", "-", " 1", "1,5", 1, 1.5, null
            ]),
        ),
        (
            Kind::Uuid,
            json!([
                "67e55044-10b1-426f-9247-bb680e5fe0c8",
                "67E55044-10B1-426F-9247-BB680E5FE0C8"
            ]),
            json!(["67e5504410b1426f9247bb680e5fe0c8", "x", 1]),
        ),
        (
            Kind::Date,
            json!(["2024-02-29", "0000-01-01"]),
            json!([
                "2023-02-29",
                "2024-2-9",
                "20240229",
                "2024-02-29T00:00",
                "-000001-01-01"
            ]),
        ),
        (
            Kind::Timestamp,
            json!(["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.1234567+01:00"]),
            json!([
                "2026-01-31T12:00:00",
                "2026-01-31",
                "-000001-01-01T00:00:00Z",
                0
            ]),
        ),
        (
            Kind::Duration,
            json!(["PT0S", "-PT1H", "PT1.5S", "P1W", "-P2DT1H"]),
            json!(["1 hour", "P1M", "1h", 5]),
        ),
        (
            Kind::Bytes,
            json!(["", "AAH/"]),
            json!(["AAH", "A_H/", "ä", 1]),
        ),
        (Kind::Json, json!([null, 1, "x", [], { "a": 1 }]), json!([])),
        (
            Kind::Enum(&["red", "green"]),
            json!(["red"]),
            json!(["Red", "", 0, null]),
        ),
        (
            Kind::Value(PLACE),
            json!([{ "street": "s" }]),
            json!([null, "s", {}, []]),
        ),
    ];
    for (kind, goods, bads) in good_and_bad {
        for value in goods.as_array().expect("a list") {
            assert!(good(one(kind), value.clone()), "{kind:?} has {value}");
        }
        for value in bads.as_array().expect("a list") {
            assert!(
                !good(one(kind), value.clone()),
                "{kind:?} does not have {value}"
            );
        }
    }
}

#[test]
fn missing_unknown_and_nested_members() {
    let columns = [
        one(Kind::Text),
        Column::new("o", Kind::Int).optional(),
        Column::new("a/b~c", Kind::Value(PLACE)).optional(),
        Column::new("list", Kind::Value(PLACE)).list().optional(),
    ];
    assert_eq!(pointers(&columns, json!({})), ["/m"]);
    assert_eq!(pointers(&columns, json!({ "m": "x", "o": null })), [""; 0]);
    // A list that may be empty has to be there as well.
    assert_eq!(pointers(&[one(Kind::Text).list()], json!({})), ["/m"]);
    assert_eq!(
        pointers(&columns, json!({ "m": "x", "other": 1 })),
        ["/other"]
    );
    let nested = json!({ "m": "x", "a/b~c": { "height": "1.2345", "more": 1 } });
    let found = pointers(&columns, nested);
    assert_eq!(
        found,
        ["/a~1b~0c/street", "/a~1b~0c/height", "/a~1b~0c/more"]
    );
    let lists = json!({ "m": "x", "list": [{ "street": "s" }, { "street": "too long" }, null] });
    assert_eq!(pointers(&columns, lists), ["/list/1/street", "/list/2"]);
    assert_eq!(
        pointers(&columns, json!({ "m": "x", "list": {} })),
        ["/list"]
    );
}

#[test]
fn null_says_what_absence_says_or_clears_or_is_refused() {
    let null = json!({ "m": null });
    let columns = || {
        [
            one(Kind::Json).optional(),
            one(Kind::Json).clearable(),
            one(Kind::Json).kept(),
        ]
    };
    let refused = columns().map(|column| !good(column, Value::Null));
    assert_eq!(refused, [false, false, true]);
    let left = columns().map(|column| {
        let mut members = members(null.clone());
        canonical(&[column], &mut members);
        members.contains_key("m")
    });
    assert_eq!(left, [false, true, false]);
    for column in columns() {
        assert_eq!(pointers(&[column], json!({})), [""; 0]);
    }
}

#[test]
fn bounds() {
    let bounds: [(Column, Value, Value); 9] = [
        (
            one(Kind::Int).min("-1").max("10"),
            json!([-1, 10]),
            json!([-2, 11]),
        ),
        (
            one(Kind::Int).exclusive_min("0"),
            json!([1]),
            json!([0, -1]),
        ),
        (
            one(Kind::Float).min("0.5").max("1e2"),
            json!([0.5, 100]),
            json!([0.49, 100.1]),
        ),
        (
            one(Kind::decimal(9, 2)).exclusive_min("0"),
            json!(["0.01"]),
            json!(["0.00", "-1"]),
        ),
        (
            one(Kind::decimal(9, 2)).max("9.999"),
            json!(["9.99"]),
            json!(["10"]),
        ),
        (
            one(Kind::Date).min("2020-01-01"),
            json!(["2020-01-01"]),
            json!(["2019-12-31"]),
        ),
        (
            one(Kind::Timestamp).max("2020-01-01T00:00:00Z"),
            json!(["2020-01-01T01:00:00+01:00"]),
            json!(["2020-01-01T00:00:00.000001Z"]),
        ),
        (
            one(Kind::Duration).max("PT1H"),
            json!(["PT60M"]),
            json!(["PT3601S"]),
        ),
        (
            one(Kind::Duration).exclusive_min("PT0S"),
            json!(["PT1S"]),
            json!(["PT0S", "-PT1S"]),
        ),
    ];
    for (column, goods, bads) in bounds {
        let good = |value: &Value| {
            good(
                Column {
                    ..column_of(&column)
                },
                value.clone(),
            )
        };
        assert!(
            goods.as_array().expect("a list").iter().all(good),
            "{column:?}"
        );
        assert!(
            !bads.as_array().expect("a list").iter().any(good),
            "{column:?}"
        );
    }
}

/// Columns are constants, and not copied anywhere else.
fn column_of(column: &Column) -> Column {
    Column {
        rules: column.rules,
        ..Column::new(column.name, column.kind)
    }
}

#[test]
fn lengths_and_patterns() {
    let text = || one(Kind::Text).min_length(2).max_length(3);
    assert!(good(text(), json!("äö")) && good(text(), json!("𝄞𝄞𝄞")));
    assert!(!good(text(), json!("ä")) && !good(text(), json!("abcd")));
    assert!(good(one(Kind::Bytes).max_length(3), json!("AAAA")));
    assert!(!good(one(Kind::Bytes).max_length(2), json!("AAAA")));
    let list = || one(Kind::Text).list().min_length(1).max_length(2);
    assert!(good(list(), json!(["a long text"])));
    assert!(!good(list(), json!([])) && !good(list(), json!(["a", "b", "c"])));

    let pattern = |pattern| one(Kind::Text).pattern(pattern);
    assert!(good(pattern("a|bc"), json!("bc")));
    assert!(!good(pattern("a|bc"), json!("abc")) && !good(pattern("a|bc"), json!("a\n")));
    assert!(good(pattern("[A-Z]{2}[0-9]+"), json!("DE1")));
    assert!(
        !good(pattern("("), json!("(")),
        "a pattern that is none matches nothing"
    );
    assert!(!good(pattern("a").list(), json!(["a", "b"])));
}

#[test]
fn one_form_per_value() {
    assert_eq!(form(Kind::decimal(9, 2), json!("-0")), json!("0.00"));
    assert_eq!(form(Kind::decimal(9, 2), json!("007.5")), json!("7.50"));
    assert_eq!(form(Kind::decimal(9, 0), json!("7.0")), json!("7"));
    let long = "-1234567890123456789012345678.9012345678";
    assert_eq!(form(Kind::decimal(38, 10), json!(long)), json!(long));
    assert_eq!(form(Kind::Float, json!(1)).to_string(), "1.0");
    assert_eq!(form(Kind::Float, json!(-0.0)).to_string(), "0.0");
    let instant = json!("2026-01-31T12:00:00.000000Z");
    assert_eq!(
        form(Kind::Timestamp, json!("2026-01-31T13:00:00+01:00")),
        instant
    );
    assert_eq!(
        form(Kind::Timestamp, json!("2026-01-31T12:00:00.0000009Z")),
        instant
    );
    assert_eq!(form(Kind::Duration, json!("PT90M")), json!("PT1H30M"));
    assert_eq!(form(Kind::Duration, json!("P1W")), json!("PT168H"));
    assert_eq!(form(Kind::Int, json!(-7.0)).to_string(), "-7");
    assert_eq!(
        form(Kind::Duration, json!("pt90m")),
        json!("pt90m"),
        "not of its kind"
    );
    assert_eq!(
        form(Kind::Json, json!({ "b": 1, "a": 2 })).to_string(),
        r#"{"a":2,"b":1}"#
    );
    let place = form(Kind::Value(PLACE), json!({ "street": "s", "height": "1" }));
    assert_eq!(place, json!({ "street": "s", "height": "1.000" }));
    assert_eq!(
        form(Kind::Value(PLACE), json!({ "street": "s", "height": null })),
        json!({ "street": "s" })
    );
    assert_eq!(form(Kind::Text, json!(5)), json!(5), "not of its kind");

    let mut absent = members(json!({ "m": null, "other": null }));
    canonical(&[one(Kind::Text).optional()], &mut absent);
    assert_eq!(absent, members(json!({ "other": null })));
    let mut list = members(json!({ "m": ["1", "x"] }));
    canonical(&[one(Kind::decimal(9, 2)).list()], &mut list);
    assert_eq!(list, members(json!({ "m": ["1.00", "x"] })));
}

#[test]
fn aggregates_with_entities() {
    static SCHEMA: Schema = Schema {
        name: "thing",
        table: "things",
        columns: &[Column::new("name", Kind::Text)],
        collections: &[Collection {
            member: "parts",
            table: "parts",
            columns: &[Column::new("price", Kind::decimal(9, 2))],
        }],
        unique: &[],
        referenced_by: &[],
        shard_by: None,
        generations: false,
    };
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let mut whole = members(json!({ "name": "x", "parts": [{ "id": id, "price": "1" }] }));
    assert!(SCHEMA.check(&whole).is_empty());
    SCHEMA.canonical(&mut whole);
    assert_eq!(whole["parts"], json!([{ "id": id, "price": "1.00" }]));
    let broken = members(json!({ "parts": [{ "price": "1" }, { "id": id, "more": 1 }, 7] }));
    let found: Vec<_> = SCHEMA
        .check(&broken)
        .into_iter()
        .map(|found| found.pointer)
        .collect();
    assert_eq!(
        found,
        [
            "/name",
            "/parts/0/id",
            "/parts/1/price",
            "/parts/1/more",
            "/parts/2"
        ]
    );
    let mut none = members(json!({ "name": "x" }));
    SCHEMA.canonical(&mut none);
    assert_eq!(none["parts"], json!([]));
}
