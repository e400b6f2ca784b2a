//! Tickets with notes, divided by their queue, and the agents that they name.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use platform_contract::schema::{Collection, Column, Kind, Referrer, Schema, Unique};
use platform_ports::engine::{Check, CommitError, Engine, Find, Found, WriteSet};

use super::fixture::{all, deleted, event, id, live, saving, stored};
use super::{commit, conflict};

/// Agents, which tickets reference.
pub static AGENT: Schema = Schema {
    name: "agent",
    table: "agents",
    columns: &[Column::new("name", Kind::Text)],
    collections: &[],
    unique: &[],
    referenced_by: &[Referrer {
        table: "tickets",
        column: "agent",
    }],
    shard_by: None,
    generations: false,
};

/// Tickets, divided by their queue.
pub static TICKET: Schema = Schema {
    name: "ticket",
    table: "tickets",
    columns: &[
        Column::new("number", Kind::Int),
        Column::new("queue", Kind::Text),
        Column::new("label", Kind::Text).optional(),
        Column::new("agent", Kind::Uuid)
            .optional()
            .references("agents"),
    ],
    collections: &[Collection {
        member: "notes",
        table: "ticket_notes",
        columns: &[Column::new("text", Kind::Text)],
    }],
    unique: &[Unique {
        name: "queue_number",
        members: &["queue", "number"],
    }],
    referenced_by: &[],
    shard_by: Some("queue"),
    generations: false,
};

/// Things of one member, divided by it: a row and its messages are all there is to be written.
pub static TOKEN: Schema = Schema {
    name: "token",
    table: "tokens",
    columns: &[
        Column::new("holder", Kind::Uuid),
        Column::new("uses", Kind::Int),
    ],
    collections: &[],
    unique: &[],
    referenced_by: &[],
    shard_by: Some("holder"),
    generations: false,
};

fn saved(number: u64, version: u64, object: Value) -> WriteSet {
    saving(live(&TICKET, 0, stored(id(number), version, object)))
}

fn ticket(queue: &str, number: u64, label: &str) -> Value {
    json!({ "queue": queue, "number": number, "label": label, "notes": [] })
}

async fn shown(engine: &dyn Engine, number: u64) -> Found {
    let found = engine.load(&TICKET, 0, id(number)).await;
    found.expect("the engine is to answer")
}

async fn numbers(engine: &dyn Engine, find: &Find) -> Vec<u64> {
    let page = engine.find(find).await.expect("the engine is to answer");
    let numbers = page.rows.iter().map(|row| row.members["number"].as_u64());
    numbers.map(|number| number.expect("a number")).collect()
}

/// Rows in many shards are found by id, by shard and across all, changed, deleted and made again.
pub async fn rows_are_found_and_changed(engine: &dyn Engine) {
    for number in 1..=40 {
        let queue = format!("q{}", number % 8);
        commit(engine, saved(number, 1, ticket(&queue, number, "new"))).await;
    }
    for number in 1..=40 {
        let queue = format!("q{}", number % 8);
        let row = stored(id(number), 1, ticket(&queue, number, "new"));
        assert_eq!(shown(engine, number).await, Found::Live(row));
    }
    let in_queue = Find {
        equals: vec![("queue", json!("q3"))],
        order: &[("number", true)],
        ..all(&TICKET)
    };
    assert_eq!(numbers(engine, &in_queue).await, [35, 27, 19, 11, 3]);
    let everywhere = Find {
        order: &[("number", false)],
        ..all(&TICKET)
    };
    assert_eq!(numbers(engine, &everywhere).await, Vec::from_iter(1..=40));
    commit(engine, saved(3, 2, ticket("q3", 3, "changed"))).await;
    conflict(engine, saved(3, 2, ticket("q3", 3, "late"))).await;
    conflict(engine, saved(3, 1, ticket("q3", 3, "again"))).await;
    conflict(engine, saved(3, 1, ticket("q4", 300, "elsewhere"))).await;
    let row = stored(id(3), 2, ticket("q3", 3, "changed"));
    assert_eq!(shown(engine, 3).await, Found::Live(row));
    conflict(engine, saving(deleted(&TICKET, 0, id(3), 2))).await;
    commit(engine, saving(deleted(&TICKET, 0, id(3), 3))).await;
    assert_eq!(shown(engine, 3).await, Found::Deleted(3));
    assert_eq!(numbers(engine, &in_queue).await, [35, 27, 19, 11]);
    conflict(engine, saved(3, 1, ticket("q3", 3, "over"))).await;
    // What is made again may be so in another shard.
    commit(engine, saved(3, 4, ticket("q5", 3, "again"))).await;
    let row = stored(id(3), 4, ticket("q5", 3, "again"));
    assert_eq!(shown(engine, 3).await, Found::Live(row));
    let read = |version| WriteSet {
        checks: vec![Check::Version {
            schema: &TICKET,
            generation: 0,
            id: id(3),
            version,
        }],
        ..saved(4, 2, ticket("q4", 4, "read"))
    };
    conflict(engine, read(3)).await;
    commit(engine, read(4)).await;
}

/// Entities are written, changed and read with the row that they are in, and go with it.
pub async fn entities_follow_their_parent(engine: &dyn Engine) {
    let note = |number: u64, text: &str| json!({ "id": id(number).to_string(), "text": text });
    let with = |notes: Value| json!({ "queue": "q", "number": 1, "notes": notes });
    for (version, notes) in [
        (1, json!([note(101, "a"), note(102, "b")])),
        (2, json!([note(102, "c"), note(103, "d"), note(101, "a")])),
        (3, json!([note(103, "d")])),
        (4, json!([])),
        (5, json!([note(101, "e")])),
    ] {
        commit(engine, saved(1, version, with(notes.clone()))).await;
        let row = stored(id(1), version, with(notes));
        assert_eq!(shown(engine, 1).await, Found::Live(row));
    }
    commit(engine, saving(deleted(&TICKET, 0, id(1), 6))).await;
    commit(engine, saved(1, 7, with(json!([])))).await;
    assert_eq!(
        shown(engine, 1).await,
        Found::Live(stored(id(1), 7, with(json!([]))))
    );
}

/// Constraints are told by name, whatever shard they are broken in.
pub async fn constraints_are_named(engine: &dyn Engine) {
    let refused = async |write| {
        engine
            .commit(write)
            .await
            .expect_err("it is not to be taken")
    };
    commit(engine, saved(1, 1, ticket("a", 1, ""))).await;
    commit(engine, saved(2, 1, ticket("b", 1, ""))).await;
    let error = refused(saved(3, 1, ticket("a", 1, ""))).await;
    assert!(
        matches!(error, CommitError::Taken("queue_number")),
        "{error}"
    );
    commit(engine, saved(3, 1, ticket("a", 2, ""))).await;
    let error = refused(saved(3, 2, ticket("a", 1, ""))).await;
    assert!(
        matches!(error, CommitError::Taken("queue_number")),
        "{error}"
    );
    let named =
        |agent: Uuid| json!({ "queue": "c", "number": 4, "agent": agent.to_string(), "notes": [] });
    let error = refused(saved(4, 1, named(id(50)))).await;
    assert!(
        matches!(error, CommitError::MissingReference("agent", named) if named == id(50)),
        "{error}"
    );
    commit(
        engine,
        saving(live(&AGENT, 0, stored(id(50), 1, json!({ "name": "o" })))),
    )
    .await;
    commit(engine, saved(4, 1, named(id(50)))).await;
    let error = refused(saving(deleted(&AGENT, 0, id(50), 2))).await;
    assert!(
        matches!(error, CommitError::StillReferenced("tickets")),
        "{error}"
    );
}

/// Of many that make a row of one id at once, each in another shard, one does.
pub async fn an_id_is_used_once(engine: Arc<dyn Engine>) {
    for round in 0..10 {
        let mut tasks = JoinSet::new();
        for holder in 0..12 {
            let engine = Arc::clone(&engine);
            let row = json!({ "holder": id(holder).to_string(), "uses": 0 });
            let of = id(1_000 + round);
            // Alone, and with a condition.
            let checks = match holder % 2 {
                0 => Vec::new(),
                _ => vec![Check::Version {
                    schema: &TICKET,
                    generation: 0,
                    id: id(1),
                    version: 0,
                }],
            };
            let write = WriteSet {
                checks,
                events: vec![event(of, 1)],
                ..saving(live(&TOKEN, 0, stored(of, 1, row)))
            };
            tasks.spawn(async move { engine.commit(write).await });
        }
        let mut made = 0;
        while let Some(done) = tasks.join_next().await {
            match done.expect("no panic") {
                Ok(()) => made += 1,
                Err(CommitError::Conflict) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(made, 1, "round {round}");
    }
    let rows = engine.find(&all(&TOKEN)).await.expect("an answer").rows;
    assert_eq!(rows.len(), 10);
    // The holder stays; a row and its messages are one statement then.
    let [first, ..] = rows.as_slice() else {
        panic!("a row");
    };
    let used = json!({ "holder": first.members["holder"], "uses": 1 });
    let write = WriteSet {
        events: vec![event(first.id, 2)],
        ..saving(live(&TOKEN, 0, stored(first.id, 2, used.clone())))
    };
    commit(&*engine, write).await;
    let found = engine.load(&TOKEN, 0, first.id).await.expect("an answer");
    assert_eq!(found, Found::Live(stored(first.id, 2, used)));
    let waiting = engine.outbox(0, 100).await.expect("an answer");
    assert_eq!(waiting.len(), 11);
}
