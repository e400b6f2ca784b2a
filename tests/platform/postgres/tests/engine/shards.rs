//! What a table in partitions is there for: a search by the shard key, and a change of a row that is at
//! hand, have to do with one partition only.

use serde_json::json;
use sqlx::{Connection, Executor, PgConnection, Row};

use platform_ports::engine::{Engine, Find, WriteSet};

use super::{Database, administrator};
use platform_conformance::engine::fixture::{all, event, id, live, saving, stored};
use platform_conformance::engine::sharded::{TICKET, TOKEN};

/// Locks all partitions of a table in which there is nothing.
async fn lock_empty(session: &mut PgConnection, table: &str) -> usize {
    let partitions = format!(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = '{table}'::regclass"
    );
    let partitions = session.fetch_all(sqlx::AssertSqlSafe(partitions)).await;
    session.execute("BEGIN").await.expect("a transaction");
    let mut locked = 0;
    for partition in partitions.expect("an answer") {
        let name: String = partition.get(0);
        let count = format!("SELECT count(*) FROM {name}");
        let count = session.fetch_one(sqlx::AssertSqlSafe(count)).await;
        if count.expect("an answer").get::<i64, _>(0) == 0 {
            let lock = format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE");
            let lock = session.execute(sqlx::AssertSqlSafe(lock)).await;
            lock.expect("the lock");
            locked += 1;
        }
    }
    locked
}

#[tokio::test]
async fn one_partition_is_enough() {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    let ticket = json!({ "queue": "q", "number": 1, "notes": [] });
    let made = saving(live(&TICKET, 0, stored(id(1), 1, ticket)));
    engine.commit(made).await.expect("it is to be taken");
    let token = |version: u64| {
        let row = json!({ "holder": id(9).to_string(), "uses": version });
        WriteSet {
            events: vec![event(id(2), version)],
            ..saving(live(&TOKEN, 0, stored(id(2), version, row)))
        }
    };
    engine.commit(token(1)).await.expect("it is to be taken");
    let mut session = PgConnection::connect(&database.url())
        .await
        .expect("a session");
    for table in ["tickets", "tokens"] {
        assert_eq!(lock_empty(&mut session, table).await, 3, "{table}");
        let answered = match table {
            "tickets" => {
                let find = Find {
                    equals: vec![("queue", json!("q"))],
                    ..all(&TICKET)
                };
                let page = engine.find(&find).await;
                page.is_ok_and(|page| page.rows.len() == 1)
            }
            _ => engine.commit(token(2)).await.is_ok(),
        };
        assert!(answered, "{table}: it waited for other partitions");
        session.execute("ROLLBACK").await.expect("the end");
    }
}
