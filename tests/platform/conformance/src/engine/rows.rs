//! Rows: values, versions, tombstones, collections, generations.

use serde_json::{Value, json};

use super::fixture::{COPY, OWNER, THING, deleted, id, live, recorded, saving, stored, thing};
use super::{commit, conflict};
use platform_contract::schema::Schema;
use platform_contract::value::Timestamp;
use platform_ports::engine::{Check, Engine, EngineError, Find, Found, SaveTo, Stored, WriteSet};

async fn found(engine: &dyn Engine, schema: &'static Schema, number: u64) -> Found {
    engine
        .load(schema, 0, id(number))
        .await
        .expect("the engine is to answer")
}

/// Values of every kind come back in their one JSON form, whatever form they were given in.
pub async fn values_come_back(engine: &dyn Engine) {
    commit(
        engine,
        saving(live(&OWNER, 0, stored(id(9), 1, json!({ "name": "o" })))),
    )
    .await;
    let full = json!({
        "name": "𝄞 \"quoted\" 'text'", "group": i64::MIN, "order": 0.1, "select": false,
        "price": "-9999999999.90", "weight": "-1234567890123456789012.345678",
        "code": "67e55044-10b1-426f-9247-bb680e5fe0c8", "made": "2024-02-29",
        "sold": "2026-01-31T12:00:00.120000Z", "life": "PT1H30M0.5S", "raw": "AAH/",
        "extra": { "a": [1, null, { "b": 1.5 }] }, "color": "green",
        "place": { "street": "s", "height": "1.500" }, "tags": ["b", "a"], "prices": ["1.00"],
        "owner": id(9).to_string(), "helpers": [id(9).to_string()],
        "parts": [{ "id": id(2).to_string(), "label": "x", "parent": "y", "position": 7 }],
    });
    commit(
        engine,
        saving(live(&THING, 0, stored(id(1), 1, full.clone()))),
    )
    .await;
    assert_eq!(
        found(engine, &THING, 1).await,
        Found::Live(stored(id(1), 1, full))
    );

    let loose = json!({
        "name": "n", "group": null, "order": 2, "price": "7.5", "weight": "0",
        "code": "67E55044-10B1-426F-9247-BB680E5FE0C8", "sold": "2026-01-31T13:00:00+01:00",
        "life": "PT90M", "place": { "street": "s", "height": "1.5" }, "prices": ["1"],
    });
    let form = json!({
        "name": "n", "order": 2.0, "price": "7.50", "weight": "0.000000",
        "code": "67e55044-10b1-426f-9247-bb680e5fe0c8", "sold": "2026-01-31T12:00:00.000000Z",
        "life": "PT1H30M", "place": { "street": "s", "height": "1.500" }, "prices": ["1.00"],
        "parts": [],
    });
    commit(engine, saving(live(&THING, 0, stored(id(3), 1, loose)))).await;
    assert_eq!(
        found(engine, &THING, 3).await,
        Found::Live(stored(id(3), 1, form))
    );
}

/// Numbers in JSON are as they were written: no double comes in between.
pub async fn json_keeps_its_digits(engine: &dyn Engine) {
    let text = "{\"a\":[1e+400,0.10,-0.0,123456789012345678901234567890.5],\"b\":1e-400}";
    let extra: Value = serde_json::from_str(text).expect("JSON");
    let given = json!({ "name": "n", "extra": extra, "parts": [] });
    commit(engine, saving(live(&THING, 0, stored(id(1), 1, given)))).await;
    let Found::Live(row) = found(engine, &THING, 1).await else {
        panic!("a row");
    };
    assert_eq!(row.members["extra"].to_string(), text);
}

/// A value that its column cannot hold is an error, and nothing is written.
pub async fn a_wrong_value_is_an_error(engine: &dyn Engine) {
    for wrong in [
        json!({ "name": 1 }),
        json!({ "name": "n", "price": "1.234" }),
    ] {
        let written = engine
            .commit(saving(live(&THING, 0, stored(id(1), 1, wrong))))
            .await;
        assert!(written.is_err());
    }
    assert_eq!(found(engine, &THING, 1).await, Found::Nothing);
    let mut find = super::fixture::all(&THING);
    find.equals = vec![("nobody", json!(1))];
    assert!(matches!(
        engine.find(&find).await,
        Err(EngineError::Corrupt(_))
    ));
}

/// A change applies to the version it was made from, and to no other.
pub async fn versions_are_checked(engine: &dyn Engine) {
    conflict(
        engine,
        saving(live(&THING, 0, thing(id(1), 2, "too early"))),
    )
    .await;
    commit(engine, saving(live(&THING, 0, thing(id(1), 1, "a")))).await;
    conflict(engine, saving(live(&THING, 0, thing(id(1), 1, "again")))).await;
    commit(engine, saving(live(&THING, 0, thing(id(1), 2, "b")))).await;
    conflict(engine, saving(live(&THING, 0, thing(id(1), 2, "late")))).await;
    conflict(
        engine,
        saving(live(&THING, 0, thing(id(1), 4, "too early"))),
    )
    .await;
    conflict(engine, saving(deleted(&THING, 0, id(1), 2))).await;
    assert_eq!(
        found(engine, &THING, 1).await,
        Found::Live(thing(id(1), 2, "b"))
    );
    assert_eq!(found(engine, &OWNER, 1).await, Found::Nothing);
}

/// The time of creation stays what it was.
pub async fn creation_is_kept(engine: &dyn Engine) {
    commit(engine, saving(live(&THING, 0, thing(id(1), 1, "a")))).await;
    let changed = Stored {
        created_at: super::fixture::at(99),
        ..thing(id(1), 2, "b")
    };
    commit(engine, saving(live(&THING, 0, changed))).await;
    assert_eq!(
        found(engine, &THING, 1).await,
        Found::Live(thing(id(1), 2, "b"))
    );
}

/// A deletion leaves its version behind, and a later creation goes on counting.
pub async fn tombstones_count_on(engine: &dyn Engine) {
    let mut first = thing(id(1), 1, "a");
    first.members["parts"] = json!([{ "id": id(5).to_string(), "label": "x" }]);
    commit(engine, saving(live(&THING, 0, first))).await;
    commit(engine, saving(deleted(&THING, 0, id(1), 2))).await;
    assert_eq!(found(engine, &THING, 1).await, Found::Deleted(2));
    conflict(
        engine,
        saving(live(&THING, 0, thing(id(1), 1, "as if new"))),
    )
    .await;
    conflict(
        engine,
        saving(live(&THING, 0, thing(id(1), 2, "as if alive"))),
    )
    .await;
    conflict(engine, saving(deleted(&THING, 0, id(1), 2))).await;
    commit(engine, saving(live(&THING, 0, thing(id(1), 3, "a")))).await;
    assert_eq!(
        found(engine, &THING, 1).await,
        Found::Live(thing(id(1), 3, "a"))
    );
    commit(engine, saving(deleted(&THING, 0, id(1), 4))).await;
    assert_eq!(found(engine, &THING, 1).await, Found::Deleted(4));
}

/// A condition on a version knows what never was, what is and what was deleted.
pub async fn checks_of_versions(engine: &dyn Engine) {
    let check = |version| WriteSet {
        checks: vec![Check::Version {
            schema: &THING,
            generation: 0,
            id: id(1),
            version,
        }],
        ..WriteSet::default()
    };
    commit(engine, check(0)).await;
    conflict(engine, check(1)).await;
    commit(engine, saving(live(&THING, 0, thing(id(1), 1, "a")))).await;
    commit(engine, check(1)).await;
    conflict(engine, check(0)).await;
    commit(engine, saving(deleted(&THING, 0, id(1), 2))).await;
    commit(engine, check(2)).await;
    conflict(engine, check(1)).await;
    conflict(engine, check(0)).await;
}

/// A condition on an answer notices rows that come, go and change.
pub async fn checks_of_answers(engine: &dyn Engine) {
    let find = Find {
        equals: vec![("group", json!(7))],
        ..super::fixture::all(&THING)
    };
    let check = |rows| WriteSet {
        checks: vec![Check::Answer {
            find: find.clone(),
            rows,
        }],
        ..WriteSet::default()
    };
    let grouped = |number, version, group| {
        let name = format!("n{number}");
        saving(live(
            &THING,
            0,
            stored(id(number), version, json!({ "name": name, "group": group })),
        ))
    };
    commit(engine, check(vec![])).await;
    commit(engine, grouped(1, 1, 7)).await;
    conflict(engine, check(vec![])).await;
    commit(engine, grouped(2, 1, 8)).await;
    commit(engine, check(vec![(id(1), 1)])).await;
    commit(engine, grouped(1, 2, 7)).await;
    conflict(engine, check(vec![(id(1), 1)])).await;
    commit(engine, grouped(1, 3, 8)).await;
    conflict(engine, check(vec![(id(1), 2)])).await;
    commit(engine, check(vec![])).await;
}

/// Entities keep ids and order; those that went are gone.
pub async fn collections_are_rewritten(engine: &dyn Engine) {
    let with_parts = |version, parts: &[(u64, &str)]| {
        let parts: Vec<_> = parts
            .iter()
            .map(|(number, label)| json!({ "id": id(*number).to_string(), "label": label }))
            .collect();
        stored(id(1), version, json!({ "name": "a", "parts": parts }))
    };
    let steps: [&[(u64, &str)]; 6] = [
        &[(11, "x"), (12, "y")],
        &[(12, "y"), (11, "x")],
        &[(12, "y"), (13, "z"), (11, "changed")],
        &[(13, "z")],
        &[],
        &[(11, "x")],
    ];
    for (version, parts) in (1..).zip(steps) {
        let to = with_parts(version, parts);
        commit(engine, saving(live(&THING, 0, to.clone()))).await;
        assert_eq!(found(engine, &THING, 1).await, Found::Live(to));
    }
}

/// Rows of a generation are apart from those of others, and go with it.
pub async fn generations_are_apart(engine: &dyn Engine) {
    let copy =
        |version, name: &str| stored(id(1), version, json!({ "name": name, "generation": 7 }));
    let load = async |generation| {
        engine
            .load(&COPY, generation, id(1))
            .await
            .expect("the engine is to answer")
    };
    commit(engine, saving(live(&COPY, 1, copy(1, "one")))).await;
    commit(engine, saving(live(&COPY, 2, copy(1, "two")))).await;
    commit(engine, saving(deleted(&COPY, 3, id(1), 1))).await;
    assert_eq!(load(0).await, Found::Nothing);
    assert_eq!(load(1).await, Found::Live(copy(1, "one")));
    assert_eq!(load(2).await, Found::Live(copy(1, "two")));
    assert_eq!(load(3).await, Found::Deleted(1));
    for generation in [1, 3] {
        engine
            .drop_generation(Some(&COPY), "h", generation)
            .await
            .expect("it is to be dropped");
        assert_eq!(load(generation).await, Found::Nothing);
    }
    assert_eq!(load(2).await, Found::Live(copy(1, "two")));
}

/// A projection takes over the versions of its source, with gaps.
pub async fn versions_may_jump(engine: &dyn Engine) {
    let mut save = live(&COPY, 1, stored(id(1), 7, json!({ "name": "snapshot" })));
    save.expected = 0;
    commit(engine, saving(save.clone())).await;
    save.expected = 7;
    save.to = SaveTo::Live(stored(id(1), 12, json!({})));
    commit(engine, saving(save.clone())).await;
    let found = engine
        .load(&COPY, 1, id(1))
        .await
        .expect("the engine is to answer");
    assert_eq!(found, Found::Live(stored(id(1), 12, json!({}))));
}

/// The clock of the database is one.
pub async fn the_clock_goes(engine: &dyn Engine) {
    let first = engine.now().await.expect("the engine is to answer");
    let second = engine.now().await.expect("the engine is to answer");
    assert!(first <= second);
    assert!(Timestamp::now().millis_since(first) < 60_000);
}

/// Many rows at once are given in the order of their ids as asked, what is not there among them.
pub async fn many_ids_at_once(engine: &dyn Engine) {
    let ids = [id(3), id(1), id(4), id(2)];
    commit(engine, recorded(thing(id(1), 1, "one"))).await;
    commit(engine, recorded(thing(id(2), 1, "two"))).await;
    commit(engine, recorded(thing(id(3), 1, "three"))).await;
    commit(engine, saving(deleted(&THING, 0, id(2), 2))).await;
    let each = engine.load_each(&THING, 0, &ids).await;
    let mut alone = Vec::new();
    for id in ids {
        let found = engine.load(&THING, 0, id).await;
        alone.push(found.expect("the engine is to answer"));
    }
    assert_eq!(each.expect("the engine is to answer"), alone);
    assert!(matches!(
        alone[..],
        [
            Found::Live(_),
            Found::Live(_),
            Found::Nothing,
            Found::Deleted(2)
        ]
    ));
    let none = engine.load_each(&THING, 0, &[]).await;
    assert_eq!(none.expect("the engine is to answer"), []);
}
