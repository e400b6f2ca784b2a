//! Constraints that somebody has added by hand.

use platform_ports::engine::{CommitError, Engine, EngineError, WriteSet};
use serde_json::json;

use super::{Database, administrator, run};
use platform_conformance::engine::fixture::{
    COPY, OWNER, THING, deleted, id, live, recorded, saving, stored, thing,
};

const BY_HAND: [&str; 4] = [
    r#"CREATE UNIQUE INDEX "one_color" ON "things" ("color")"#,
    r#"ALTER TABLE "things" ADD CONSTRAINT "some_price" CHECK ("price" > 0)"#,
    r#"CREATE TABLE "by_hand" ("boss" UUID CONSTRAINT "of_owner" REFERENCES "owners" ("id"))"#,
    r#"CREATE UNIQUE INDEX "one_copy" ON "copies" ("name")"#,
];

/// They are errors that no waiting mends, and say which it is.
#[tokio::test]
async fn what_nobody_declared_is_an_error_that_names_it() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    run(&database.url(), &BY_HAND.map(str::to_owned)).await;
    let engine = database.open().await;
    let colored = stored(id(1), 1, json!({ "name": "a", "color": "red" }));
    let owner = stored(id(9), 1, json!({ "name": "o" }));
    let copy = |number, name: &str| live(&COPY, 0, stored(id(number), 1, json!({ "name": name })));
    for save in [
        live(&THING, 0, colored),
        live(&OWNER, 0, owner),
        copy(1, "a"),
    ] {
        engine.commit(saving(save)).await.expect("it is taken");
    }
    let boss = format!(r#"INSERT INTO "by_hand" ("boss") VALUES ('{}')"#, id(9));
    run(&database.url(), &[boss]).await;

    let row = |object| stored(id(2), 1, object);
    let many = WriteSet {
        saves: vec![copy(2, "b"), copy(3, "a")],
        ..WriteSet::default()
    };
    let broken: [(WriteSet, &str); 6] = [
        (
            saving(live(&THING, 0, row(json!({ "name": "b", "color": "red" })))),
            "one_color",
        ),
        (
            recorded(row(json!({ "name": "b", "color": "red" }))),
            "one_color",
        ),
        (
            recorded(row(json!({ "name": "b", "price": "0.00" }))),
            "some_price",
        ),
        (saving(deleted(&OWNER, 0, id(9), 2)), "of_owner"),
        (saving(copy(2, "a")), "one_copy"),
        (many, "one_copy"),
    ];
    for (write, constraint) in broken {
        match engine.commit(write).await {
            Err(CommitError::Engine(EngineError::Corrupt(why))) => {
                assert!(why.contains(constraint), "{why}");
            }
            other => panic!("{constraint}: {other:?}"),
        }
    }
    let next = saving(live(&THING, 0, thing(id(2), 1, "b")));
    engine.commit(next).await.expect("nothing is in its way");
}
