//! Rows of a collection that a member divides, as they are where there is no cluster.

use mongodb::bson::{Document as Bson, doc};
use platform_contract::schema::{Column, Kind, Schema, Unique};
use platform_mongodb::{MongodbEngine, migrate};
use platform_ports::engine::{
    Check, CommitError, Engine, EngineError, Find, Found, Migration, Options, Save, WriteSet,
};
use serde_json::json;

use super::Database;
use platform_conformance::engine::fixture::{all, deleted, event, id, live, saving, stored};

/// Parcels, which their regions divide.
static PARCEL: Schema = Schema {
    name: "parcel",
    table: "parcels",
    columns: &[
        Column::new("region", Kind::Text),
        Column::new("number", Kind::Int).optional(),
    ],
    collections: &[],
    unique: &[Unique {
        name: "region_number",
        members: &["region", "number"],
    }],
    referenced_by: &[],
    shard_by: Some("region"),
    generations: false,
};

const MIGRATION: Migration = Migration {
    name: "0001_initial",
    text: r#"[
        { "create": "parcels" },
        { "createIndexes": "parcels", "indexes": [
            { "key": { "_tx.id": 1 }, "name": "microdb_tx", "sparse": true },
            { "key": { "_outbox.id": 1 }, "name": "microdb_outbox_id", "sparse": true },
            { "key": { "_outbox.position": 1 }, "name": "microdb_outbox", "sparse": true },
            { "key": { "_live": 1, "_id": 1 }, "name": "microdb_live" },
            { "key": { "region": 1 }, "name": "microdb_shard" },
            { "key": { "region": 1, "_claims.region_number": 1 }, "name": "parcels_region_number_key",
              "unique": true,
              "partialFilterExpression": { "_claims.region_number": { "$exists": true } } }
        ] },
        { "shardCollection": "parcels", "key": { "region": 1 } }
    ]"#,
};

async fn opened() -> Option<(Database, MongodbEngine)> {
    let database = Database::empty()?;
    let names = migrate(&database.url, &[MIGRATION]).await;
    let names = names.expect("a server that is no cluster passes over the division");
    assert_eq!(names, ["runtime/0001", "runtime/0002", "0001_initial"]);
    let engine = MongodbEngine::open(&database.url, &[MIGRATION], Options::default()).await;
    Some((database, engine.expect("the database is to be opened")))
}

/// A parcel with its event.
fn parcel(key: u64, version: u64, region: &str, number: Option<i64>) -> WriteSet {
    let object = json!({ "region": region, "number": number });
    let save = live(&PARCEL, 0, stored(id(key), version, object));
    with_event(key, version, save)
}

fn with_event(key: u64, version: u64, save: Save) -> WriteSet {
    WriteSet {
        events: vec![event(id(key), version)],
        ..saving(save)
    }
}

async fn commit(engine: &dyn Engine, write: WriteSet) {
    engine.commit(write).await.expect("it is to be committed");
}

async fn raw(database: &Database, key: u64) -> Bson {
    let parcels = database.raw().await.collection::<Bson>("parcels");
    let found = parcels.find_one(doc! { "_id": id(key).to_string() }).await;
    found.expect("an answer").expect("it is there")
}

#[tokio::test]
async fn a_row_keeps_what_decides_its_shard() {
    let Some((database, engine)) = opened().await else {
        return;
    };
    commit(&engine, parcel(1, 1, "north", Some(1))).await;
    commit(&engine, parcel(1, 2, "north", Some(2))).await;
    let moved = engine.commit(parcel(1, 3, "south", Some(2))).await;
    let is_told = matches!(
        &moved,
        Err(CommitError::Engine(EngineError::Corrupt(why))) if why.contains("region")
    );
    assert!(is_told, "{moved:?}");
    let gone = with_event(1, 3, deleted(&PARCEL, 0, id(1), 3));
    commit(&engine, gone).await;
    assert_eq!(
        raw(&database, 1).await.get_str("region").ok(),
        Some("north")
    );
    let found = engine.load(&PARCEL, 0, id(1)).await.expect("an answer");
    assert_eq!(found, Found::Deleted(3));
    // Made again it may be elsewhere, alone or along with something else.
    commit(&engine, parcel(1, 4, "south", Some(2))).await;
    let gone = with_event(1, 5, deleted(&PARCEL, 0, id(1), 5));
    commit(&engine, gone).await;
    let mut two = parcel(1, 6, "east", Some(2));
    two.saves.extend(parcel(2, 1, "west", Some(2)).saves);
    commit(&engine, two).await;
    for (key, region) in [(1, "east"), (2, "west")] {
        let row = raw(&database, key).await;
        assert_eq!(row.get_str("region").ok(), Some(region));
        assert!(!row.contains_key("_tx"), "{row}");
    }
    assert_eq!(engine.outbox(0, 10).await.expect("an answer").len(), 6);
    database.remove().await;
}

/// Ids are kept apart though the database would not: an id is in use whatever the region of its row.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_made_once() {
    let Some((database, engine)) = opened().await else {
        return;
    };
    let engine = std::sync::Arc::new(engine);
    for key in 1..=10 {
        let made: Vec<_> = ["north", "south", "east", "west"]
            .map(|region| {
                let (engine, write) = (engine.clone(), parcel(key, 1, region, None));
                tokio::spawn(async move { engine.commit(write).await })
            })
            .into();
        let mut done = 0;
        for one in made {
            match one.await.expect("no panic") {
                Ok(()) => done += 1,
                Err(CommitError::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(done, 1);
    }
    let ids = database.raw().await.collection::<Bson>("microdb_ids");
    let ids = ids.count_documents(doc! {}).await.expect("a number");
    assert_eq!(ids, 10);
    // An id that is in use elsewhere is in use, though no row is found.
    let claimed = format!("parcels/{}", id(20));
    let ids = database.raw().await.collection::<Bson>("microdb_ids");
    let claim = doc! { "_id": claimed, "_live": true };
    ids.insert_one(claim).await.expect("it is to be written");
    let nothing = Check::Version {
        schema: &PARCEL,
        generation: 0,
        id: id(20),
        version: 0,
    };
    for write in [
        parcel(20, 1, "north", None),
        WriteSet {
            checks: vec![nothing],
            ..parcel(21, 1, "north", None)
        },
    ] {
        let refused = engine.commit(write).await;
        assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    }
    database.remove().await;
}

#[tokio::test]
async fn what_is_unique_is_so_in_its_shard() {
    let Some((database, engine)) = opened().await else {
        return;
    };
    for (key, region, number) in [
        (1, "north", Some(7)),
        (2, "south", Some(7)),
        (3, "north", None),
        (4, "north", None),
    ] {
        commit(&engine, parcel(key, 1, region, number)).await;
    }
    let taken = engine.commit(parcel(5, 1, "north", Some(7))).await;
    assert!(matches!(taken, Err(CommitError::Taken("region_number"))));
    let taken = engine.commit(parcel(3, 2, "north", Some(7))).await;
    assert!(matches!(taken, Err(CommitError::Taken("region_number"))));
    let north = Find {
        equals: vec![("region", json!("north"))],
        ..all(&PARCEL)
    };
    let rows = engine.find(&north).await.expect("an answer").rows;
    assert_eq!(rows.len(), 3);
    // It is the database that keeps this, for a row that nobody has looked at.
    let parcels = database.raw().await.collection::<Bson>("parcels");
    let double = doc! {
        "_id": "other", "region": "north", "_claims": { "region_number": ["[\"north\",7]"] },
    };
    let refused = parcels.insert_one(double).await;
    assert!(refused.is_err());
    database.remove().await;
}
