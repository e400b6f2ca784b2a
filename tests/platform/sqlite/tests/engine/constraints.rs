//! Constraints that somebody has added by hand.

use platform_ports::engine::{CommitError, Engine, EngineError, WriteSet};
use rusqlite::Connection;
use serde_json::json;

use super::Database;
use platform_conformance::engine::fixture::{
    OWNER, THING, deleted, id, live, saving, stored, thing,
};

const BY_HAND: &str = r#"
    CREATE UNIQUE INDEX "one_color" ON "things" ("color");
    ALTER TABLE "things" ADD COLUMN "hand" TEXT CONSTRAINT "some_price" CHECK ("price" > 0);
    CREATE TABLE "by_hand" ("boss" TEXT NOT NULL REFERENCES "owners" ("id")) STRICT;
"#;

/// They are errors that no waiting mends, and say which it is.
#[tokio::test]
async fn what_nobody_declared_is_an_error_that_names_it() {
    let database = Database::migrated();
    let hand = Connection::open(database.path()).expect("a connection");
    hand.execute_batch(BY_HAND).expect("they are added");
    let engine = database.open();
    let colored = stored(id(1), 1, json!({ "name": "a", "color": "red" }));
    let owner = stored(id(9), 1, json!({ "name": "o" }));
    for write in [live(&THING, 0, colored), live(&OWNER, 0, owner)] {
        engine.commit(saving(write)).await.expect("it is taken");
    }
    let boss = r#"INSERT INTO "by_hand" ("boss") VALUES (?1)"#;
    hand.execute(boss, [id(9).to_string()]).expect("a row");

    let row = |object| saving(live(&THING, 0, stored(id(2), 1, object)));
    let broken: [(WriteSet, &str); 3] = [
        (row(json!({ "name": "b", "color": "red" })), "things.color"),
        (row(json!({ "name": "b", "price": "0.00" })), "some_price"),
        (saving(deleted(&OWNER, 0, id(9), 2)), "`by_hand`.`boss`"),
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
