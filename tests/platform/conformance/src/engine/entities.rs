//! The key of an entity: its aggregate, and its id.

use serde_json::{Value, json};

use super::commit;
use super::fixture::{THING, deleted, id, live, saving, stored};
use super::sharded::TICKET;
use platform_contract::schema::Schema;
use platform_ports::engine::{CommitError, Engine, EngineError, Found, WriteSet};

/// A row of a schema with entities, whose ids are these.
type Row = fn(u64, u64, &[u64]) -> (&'static Schema, Value);

fn thing(number: u64, _: u64, parts: &[u64]) -> (&'static Schema, Value) {
    let parts = parts
        .iter()
        .map(|part| json!({ "id": id(*part).to_string(), "label": format!("of {number}") }));
    let parts: Vec<Value> = parts.collect();
    (
        &THING,
        json!({ "name": number.to_string(), "parts": parts }),
    )
}

fn ticket(number: u64, queue: u64, notes: &[u64]) -> (&'static Schema, Value) {
    let notes = notes
        .iter()
        .map(|note| json!({ "id": id(*note).to_string(), "text": format!("of {number}") }));
    let notes: Vec<Value> = notes.collect();
    let row = json!({ "number": number, "queue": queue.to_string(), "notes": notes });
    (&TICKET, row)
}

fn saved((schema, row): (&'static Schema, Value), number: u64, version: u64) -> WriteSet {
    saving(live(schema, 0, stored(id(number), version, row)))
}

async fn is(engine: &dyn Engine, (schema, row): (&'static Schema, Value), number: u64, at: u64) {
    let found = engine.load(schema, 0, id(number)).await;
    let row = Found::Live(stored(id(number), at, row));
    assert_eq!(found.expect("the engine is to answer"), row);
}

/// Aggregates may have entities of the same ids, in one shard and in several, and none hears of what
/// becomes of another's.
pub async fn ids_are_those_of_an_aggregate(engine: &dyn Engine) {
    for row in [thing as Row, ticket] {
        commit(engine, saved(row(1, 1, &[11, 12]), 1, 1)).await;
        commit(engine, saved(row(2, 1, &[12, 11]), 2, 1)).await;
        commit(engine, saved(row(3, 2, &[11]), 3, 1)).await;
        commit(engine, saved(row(1, 1, &[12, 13]), 1, 2)).await;
        commit(engine, saved(row(3, 2, &[]), 3, 2)).await;
        is(engine, row(1, 1, &[12, 13]), 1, 2).await;
        is(engine, row(2, 1, &[12, 11]), 2, 1).await;
        is(engine, row(3, 2, &[]), 3, 2).await;
        let (schema, _) = row(1, 1, &[]);
        commit(engine, saving(deleted(schema, 0, id(1), 3))).await;
        is(engine, row(2, 1, &[12, 11]), 2, 1).await;
    }
}

/// The same id twice in one aggregate is an error that names the table, and nothing is written.
pub async fn an_id_is_there_once(engine: &dyn Engine) {
    for (row, table) in [(thing as Row, "thing_parts"), (ticket, "ticket_notes")] {
        commit(engine, saved(row(1, 1, &[11, 12]), 1, 1)).await;
        for (number, version) in [(1, 2), (2, 1)] {
            let error = engine
                .commit(saved(row(number, 1, &[11, 12, 11]), number, version))
                .await
                .expect_err("the write set is not to be taken");
            let CommitError::Engine(EngineError::Corrupt(error)) = error else {
                panic!("an error that no waiting mends, not: {error}");
            };
            assert!(error.contains(table), "{error}");
        }
        is(engine, row(1, 1, &[11, 12]), 1, 1).await;
        let (schema, _) = row(2, 1, &[]);
        let second = engine.load(schema, 0, id(2)).await;
        assert_eq!(second.expect("the engine is to answer"), Found::Nothing);
    }
}
