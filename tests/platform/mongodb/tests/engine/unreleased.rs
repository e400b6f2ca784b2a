//! Databases of workspaces that were never released.

use mongodb::bson::Document;
use platform_conformance::unreleased::{self, Lives, Place};
use platform_mongodb::Mongodb;

use super::Database;

const LIVES: Lives = Lives {
    first: r#"[{ "create": "loan" }, { "createIndexes": "loan", "indexes": [{ "key": { "note": 1 }, "name": "a" }] }]"#,
    indexed: r#"[{ "create": "loan" }, { "createIndexes": "loan", "indexes": [{ "key": { "note": 1 }, "name": "b" }] }]"#,
    other: r#"[{ "create": "loan", "validator": { "note": { "$exists": true } } }]"#,
    indexes: Some(["index loan.a", "index loan.b"]),
};

#[tokio::test]
async fn indexes_follow_the_description() {
    let Some(database) = Database::empty() else {
        return;
    };
    let place = Place {
        driver: &Mongodb,
        at: &database.url.parse().expect("a location"),
    };
    let has = async |name: &str| {
        let raw = database.raw().await;
        let names = raw.collection::<Document>("loan").list_index_names().await;
        names.expect("an answer").iter().any(|it| it == name)
    };
    unreleased::indexes_follow_the_description(&place, &LIVES, has).await;
    database.remove().await;
}

#[tokio::test]
async fn another_life_begins_anew() {
    let Some(database) = Database::empty() else {
        return;
    };
    let place = Place {
        driver: &Mongodb,
        at: &database.url.parse().expect("a location"),
    };
    unreleased::another_life_begins_anew(&place, &LIVES).await;
    database.remove().await;
}

#[tokio::test]
async fn what_is_released_stays() {
    let Some(database) = Database::empty() else {
        return;
    };
    let place = Place {
        driver: &Mongodb,
        at: &database.url.parse().expect("a location"),
    };
    unreleased::what_is_released_stays(&place, &LIVES).await;
    database.remove().await;
}
