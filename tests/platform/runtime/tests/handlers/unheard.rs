//! What no bell of this process tells: another one of the service has written it, and died.

use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, DocumentWrite, Documents, WriteSet};
use platform_runtime::handler::Handlers;
use serde_json::json;
use uuid::Uuid;

use crate::reacting::domain::Notes;
use crate::reacting::world::{Desk, World};

/// Writes a command that makes a card, due at this time, as the process of a policy does.
async fn write_command(desk: &Desk, text: &str, due: Timestamp) {
    let (id, cause) = (Uuid::now_v7(), Uuid::now_v7());
    let body = json!({
        "command": "MakeCard",
        "target": null,
        "input": { "text": text },
        "handler": "notes",
        "correlation": cause,
        "traceparent": null,
        "after": { "topic": "example.library.book", "aggregate": cause, "sequence": 1 },
        "keep_refusals": false,
        "since": due,
        "failures": 0,
    });
    let document = Document {
        key: id.to_string(),
        group: format!("notes/{id}/{cause}"),
        position: 1,
        due: Some(due),
        version: 0,
        body,
    };
    let write = WriteSet {
        documents: vec![DocumentWrite::Put {
            collection: Documents::Commands,
            expected: 0,
            document,
        }],
        ..WriteSet::default()
    };
    desk.runtime.engine.commit(write).await.expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_nobody_rang_for_is_handed_over() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let now = desk.runtime.engine.now().await.expect("the time");
    write_command(&desk, "unheard", now).await;
    desk.cards_say(&["unheard"]).await;
    desk.holds(Documents::Commands, 0).await;
    desk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_due_later_is_waited_for() {
    let world = World::new().await;
    let desk = world.desk(Handlers::default().policy::<Notes>()).await;
    let engine = &desk.runtime.engine;
    let due = engine.now().await.expect("the time").plus_millis(3_000);
    write_command(&desk, "later", due).await;
    desk.cards_say(&["later"]).await;
    assert!(engine.now().await.expect("the time") >= due, "too early");
    desk.stop().await;
}
