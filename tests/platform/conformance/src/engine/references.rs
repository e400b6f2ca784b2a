//! Unique constraints and references.

use serde_json::{Value, json};

use super::commit;
use super::fixture::{OWNER, THING, deleted, id, live, saving, stored, thing};
use platform_ports::engine::{CommitError, Engine, WriteSet};

async fn refused(engine: &dyn Engine, write: WriteSet) -> CommitError {
    engine
        .commit(write)
        .await
        .expect_err("the write set is not to be taken")
}

fn saved(number: u64, version: u64, object: Value) -> WriteSet {
    saving(live(&THING, 0, stored(id(number), version, object)))
}

/// What is taken is named by the constraint, and free again after deletion or change.
pub async fn unique_over_live_rows(engine: &dyn Engine) {
    commit(engine, saving(live(&THING, 0, thing(id(1), 1, "a")))).await;
    let error = refused(engine, saving(live(&THING, 0, thing(id(2), 1, "a")))).await;
    assert!(matches!(error, CommitError::Taken("name")), "{error}");
    commit(engine, saving(live(&THING, 0, thing(id(2), 1, "b")))).await;
    let error = refused(engine, saving(live(&THING, 0, thing(id(2), 2, "a")))).await;
    assert!(matches!(error, CommitError::Taken("name")), "{error}");
    commit(engine, saving(deleted(&THING, 0, id(1), 2))).await;
    commit(engine, saving(live(&THING, 0, thing(id(2), 2, "a")))).await;
    let error = refused(engine, saving(live(&THING, 0, thing(id(1), 3, "a")))).await;
    assert!(matches!(error, CommitError::Taken("name")), "{error}");
}

/// Several members are unique together, and only when all are there.
pub async fn unique_together(engine: &dyn Engine) {
    let code = id(77).to_string();
    commit(
        engine,
        saved(1, 1, json!({ "name": "1", "group": 1, "code": code })),
    )
    .await;
    commit(
        engine,
        saved(2, 1, json!({ "name": "2", "group": 2, "code": code })),
    )
    .await;
    commit(engine, saved(3, 1, json!({ "name": "3", "code": code }))).await;
    commit(engine, saved(4, 1, json!({ "name": "4", "code": code }))).await;
    let error = refused(
        engine,
        saved(5, 1, json!({ "name": "5", "group": 1, "code": code })),
    )
    .await;
    assert!(
        matches!(error, CommitError::Taken("group_and_code")),
        "{error}"
    );
}

/// A reference names a row, in whatever place the reference is.
pub async fn references_name_something(engine: &dyn Engine) {
    let nobody = id(50).to_string();
    let references = [
        (json!({ "name": "a", "owner": nobody }), "owner"),
        (json!({ "name": "a", "helpers": [nobody] }), "helpers"),
        (
            json!({ "name": "a", "parts": [{ "id": id(2).to_string(), "label": "x", "maker": nobody }] }),
            "maker",
        ),
    ];
    for (object, member) in &references {
        let error = refused(engine, saved(1, 1, object.clone())).await;
        assert!(
            matches!(error, CommitError::MissingReference(name, named) if name == *member && named == id(50)),
            "{error}"
        );
    }
    commit(
        engine,
        saving(live(&OWNER, 0, stored(id(50), 1, json!({ "name": "o" })))),
    )
    .await;
    for (version, (object, _)) in (1..).zip(&references) {
        commit(engine, saved(1, version, object.clone())).await;
    }
}

/// What is referenced is not deleted, and the table that references it is named.
pub async fn referenced_rows_stay(engine: &dyn Engine) {
    commit(
        engine,
        saving(live(&OWNER, 0, stored(id(50), 1, json!({ "name": "o" })))),
    )
    .await;
    let owner = id(50).to_string();
    let references = [
        (json!({ "name": "a", "owner": owner }), "things"),
        (json!({ "name": "a", "helpers": [owner] }), "things"),
        (
            json!({ "name": "a", "parts": [{ "id": id(2).to_string(), "label": "x", "maker": owner }] }),
            "thing_parts",
        ),
    ];
    for (version, (object, table)) in (1..).zip(references) {
        commit(engine, saved(1, version, object)).await;
        let error = refused(engine, saving(deleted(&OWNER, 0, id(50), 2))).await;
        assert!(
            matches!(error, CommitError::StillReferenced(name) if name == table),
            "{error}"
        );
    }
    commit(engine, saving(deleted(&THING, 0, id(1), 4))).await;
    commit(engine, saving(deleted(&OWNER, 0, id(50), 2))).await;
}

/// What nobody lists but itself is deleted.
pub async fn its_own_reference_keeps_nothing(engine: &dyn Engine) {
    let owner = |number, friends: &[u64]| {
        let friends = friends.iter().map(|friend| id(*friend).to_string());
        let friends: Vec<_> = friends.collect();
        let row = json!({ "name": "o", "friends": friends });
        saving(live(&OWNER, 0, stored(id(number), 1, row)))
    };
    commit(engine, owner(50, &[50])).await;
    commit(engine, owner(51, &[51, 50])).await;
    let error = refused(engine, saving(deleted(&OWNER, 0, id(50), 2))).await;
    assert!(
        matches!(error, CommitError::StillReferenced("owners")),
        "{error}"
    );
    commit(engine, saving(deleted(&OWNER, 0, id(51), 2))).await;
    commit(engine, saving(deleted(&OWNER, 0, id(50), 2))).await;
}
