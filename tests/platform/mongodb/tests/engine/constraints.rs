//! Constraints that somebody has added by hand.

use mongodb::bson::doc;
use platform_mongodb::MongodbEngine;
use platform_ports::engine::{CommitError, Engine, EngineError, OpenError, Options};
use serde_json::{Value, json};

use super::{Database, MIGRATIONS};
use platform_conformance::engine::fixture::{THING, id, live, saving, stored, thing};

/// They are errors that no waiting mends, and say which it is; where transactions would meet with them
/// too late, the next start refuses.
#[tokio::test]
async fn what_nobody_declared_is_an_error_that_names_it() {
    let Some(database) = Database::new().await else {
        return;
    };
    let engine = database.open().await;
    let colored = stored(id(1), 1, json!({ "name": "a", "color": "red" }));
    let colored = saving(live(&THING, 0, colored));
    engine.commit(colored).await.expect("it is taken");
    let raw = database.raw().await;
    let only_red = doc! { "color": "red" };
    let index = doc! { "key": { "color": 1 }, "name": "one_color", "unique": true,
    "partialFilterExpression": only_red };
    let positive = doc! { "group": { "bsonType": ["long", "null"], "minimum": 1 } };
    for command in [
        doc! { "createIndexes": "things", "indexes": [index] },
        doc! { "collMod": "things", "validator": { "$jsonSchema": { "properties": positive } } },
    ] {
        raw.run_command(command).await.expect("it is added");
    }
    let broken: [(Value, &str); 2] = [
        (json!({ "name": "b", "color": "red" }), "one_color"),
        (json!({ "name": "b", "group": 0 }), "group"),
    ];
    for (object, constraint) in broken {
        let row = stored(id(2), 1, object);
        match engine.commit(saving(live(&THING, 0, row))).await {
            Err(CommitError::Engine(EngineError::Corrupt(why))) => {
                assert!(why.contains(constraint), "{why}");
            }
            other => panic!("{constraint}: {other:?}"),
        }
    }
    let next = saving(live(&THING, 0, thing(id(2), 1, "b")));
    engine.commit(next).await.expect("nothing is in its way");
    let again = MongodbEngine::open(&database.url, MIGRATIONS, Options::default()).await;
    let Some(OpenError::Unusable(why)) = again.err() else {
        panic!("it is to be refused");
    };
    assert!(why.contains("`one_color` of `things`"), "{why}");
    database.remove().await;
}
