//! Runs in a generated contract: both validators judge an input, for each member in turn with whatever
//! could stand there.

use platform_contract::schema::{Column, Kind, check};
use serde_json::{Map, Value, json};

#[test]
fn both_validators_agree() {
    let document: Value =
        serde_json::from_str(include_str!("../../../services/thing/openapi.json")).unwrap();
    let (mut judged, mut differences) = (0, Vec::new());
    for (name, columns) in COMMANDS {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": format!("#/components/schemas/{name}"),
            "components": document["components"],
        });
        let said = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let base = example(&document, name);
        assert!(said.is_valid(&base), "{name}: {base}");
        let mut inputs = Vec::new();
        members(columns, &base, &mut |input, limit| inputs.push((input, limit)));
        for (input, in_words) in inputs {
            judged += 1;
            let says = said.is_valid(&input);
            let asks = check(columns, input.as_object().unwrap());
            // What JSON Schema has no words for is said in words.
            if says != asks.is_empty() && !(says && in_words) {
                differences.push(format!("{name}: said {says}, asked {asks:?}: {input}"));
            }
        }
    }
    assert!(judged > 2_000, "{judged}");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The example of a command's input, with all its members.
fn example(document: &Value, command: &str) -> Value {
    let pointer = format!("#/components/schemas/{command}");
    let paths = document["paths"].as_object().unwrap().values();
    let mut operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let body = operations.find_map(|operation| {
        let body = &operation["requestBody"]["content"]["application/json"];
        (body["schema"]["$ref"] == *pointer).then(|| body["example"].clone())
    });
    body.unwrap()
}

/// Every variation of an object, each in one member; with it whether a limit counts that is said in words.
fn members(columns: &[Column], object: &Value, found: &mut dyn FnMut(Value, bool)) {
    let with = |name: &str, value: Option<Value>| {
        let mut members: Map<String, Value> = object.as_object().unwrap().clone();
        match value {
            Some(value) => members.insert(name.to_owned(), value),
            None => members.remove(name),
        };
        Value::Object(members)
    };
    found(with("surely_unknown", Some(json!(1))), false);
    for column in columns {
        found(with(column.name, None), false);
        let in_words = in_words(column);
        for value in candidates() {
            found(with(column.name, Some(value.clone())), in_words);
            if column.list {
                found(with(column.name, Some(json!([value]))), in_words);
            }
        }
        let one = match &object[column.name] {
            Value::Array(elements) => elements.first().cloned(),
            Value::Null => None,
            one => Some(one.clone()),
        };
        if let (true, Some(one)) = (column.list, &one) {
            for count in 0..=5 {
                let elements = json!(vec![one.clone(); count]);
                found(with(column.name, Some(elements)), in_words);
            }
        }
        if let (Kind::Value(inside), Some(one)) = (column.kind, one) {
            members(inside, &one, &mut |value, in_words| {
                let value = match column.list {
                    true => json!([value]),
                    false => value,
                };
                found(with(column.name, Some(value)), in_words);
            });
        }
    }
}

/// Whether a limit of the member is no matter of its schema.
fn in_words(column: &Column) -> bool {
    let rules = &column.rules;
    let bounded = rules.min.or(rules.max).or(rules.exclusive_min).is_some();
    match column.kind {
        Kind::Int | Kind::Float => false,
        Kind::Decimal { .. } => rules.max.is_some(),
        _ => bounded || rules.distinct_ids,
    }
}

/// What could stand in any place.
fn candidates() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!({}),
        json!([]),
        json!({ "a": [null] }),
    ];
    for number in [-4, -3, -1, 0, 1, 2, 9, 10, 11, i64::MIN, i64::MAX] {
        values.push(json!(number));
    }
    for number in [0.5, 0.4999, 1.0, 1.5, 2.5, 2.5001, -0.0, 1e3, 1e19, -1e19, 1e300, f64::MAX] {
        values.push(json!(number));
    }
    values.push(json!(u64::MAX));
    let base64 = (0..=10).map(|bytes| {
        let digits = "AAAAAAAAAAAAAAAA";
        let rest = ["", "AA==", "AAA="][bytes % 3];
        format!("{}{rest}", &digits[..bytes / 3 * 4])
    });
    values.extend(base64.map(Value::String));
    values.extend(TEXTS.iter().map(|text| json!(text)));
    values
}

/// Texts that are something, or nearly.
const TEXTS: &[&str] = &[
    "", "a", "ab", "abcd", "abcde", "abcdef", "äöüß", "äöüßa", "\0", "a\0b", "a\nb", "\u{1f600}\u{1f600}",
    // A pattern
    "AB1x-", "AB1\n-", "AB1\u{2028}-", "AB1\r-", "AB١x-", "aB1x-", "AB1x-\n", " AB1x-", "AB1\0-",
    // Decimals
    "0", "-0", "00", "0.0", "-0.00", "0.001", "0.0001", "0.00", "0.000", "1", "-1", "+1", "1.", ".5", "1e1",
    "1.2", "1.23", "1.234", "1.230", "9999", "09999", "9999.99", "10000", "99999", "100000", "0.5000", "000",
    "-0.001", "999.9", "1000.0", "99.5", "99.6", "1 ", "1\n",
    // UUIDs
    "67e55044-10b1-426f-9247-bb680e5fe0c8", "67E55044-10B1-426F-9247-BB680E5FE0C8",
    "67e5504410b1426f9247bb680e5fe0c8", "{67e55044-10b1-426f-9247-bb680e5fe0c8}",
    "67e55044-10b1-426f-9247-bb680e5fe0c", "67e55044-10b1-426f-9247-bb680e5fe0cg",
    // Dates
    "2026-01-31", "2026-02-29", "2024-02-29", "0000-01-01", "9999-12-31", "10000-01-01", "2026-1-31",
    "-0001-01-01", "20260131",
    // Instants
    "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456789+01:00", "2026-01-31T12:00:00-23:59",
    "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31 12:00",
    // Spans
    "PT0S", "-PT1H", "+PT1H", "PT1.5S", "PT1H30M", "P1W", "P1D", "P1W2D", "P2DT3H4M5.000000006S", "PT59S",
    "P", "PT", "P1DT", "P1D1W", "P1M", "P1Y", "1h", "pt1h", "PT1h", "P1", "PT1H1H", "PT1M1H", "P-1D", "PT-1H",
    "P1WT1H", "PT1H ",
    // Bytes
    "AAH/", "AAH", "AB==", "AAB=", "A_H/", "AA==AA==", "AA=", "=",
    // Enums
    "red", "green", "Red", "blue",
];
