//! What is asked for by key is looked up by key, also by statements that the server has planned while
//! their tables were empty.

use std::time::Duration;

use platform_ports::engine::{
    AppliedSequence, Document, DocumentWrite, Documents, DocumentsQuery, Engine, SequenceAdvance,
    WriteSet,
};
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};

use super::{Database, administrator, run};
use platform_conformance::engine::fixture::{COPY, event, id, live, stored};

/// How many rows tables have that were empty before.
const ROWS: u64 = 20_000;

/// How often a statement is run before the server keeps its plan, and then some.
const ROUNDS: u64 = 12;

/// How many they have that were small before, when their statistics were taken.
const FEW: u64 = 300;

/// So many rows of each table more, by statements that read none.
fn filling(rows: u64) -> Vec<String> {
    let statements = [
        r#"INSERT INTO copies ("_generation", id, version, created_at, updated_at, name)
           SELECT 1, gen_random_uuid(), 1, now(), now(), 'n' FROM"#,
        "INSERT INTO microdb_applied_sequences (handler, generation, aggregate, sequence)
         SELECT 'h', 1, gen_random_uuid(), 1 FROM",
        "INSERT INTO microdb_outbox (id, aggregatetype, aggregateid, type, payload, topic, partition,
             headers, sequence, logged, written_at)
         SELECT gen_random_uuid(), 't', gen_random_uuid(), 't', '', 't', 0, '{}', 1, FALSE, now() FROM",
        r#"INSERT INTO microdb_jobs (key, "group", position, due, version, body)
           SELECT gen_random_uuid()::text, gen_random_uuid()::text, 1, now(), 1, '{}' FROM"#,
    ];
    statements
        .map(|statement| format!("{statement} generate_series(1, {rows})"))
        .to_vec()
}

/// What a handler, a relay and a worker do: looks for what there is to do, makes, changes and deletes the
/// rows of a round, one of each kind, then two of each.
async fn round(engine: &dyn Engine, number: u64) {
    let due = DocumentsQuery {
        collection: Documents::Jobs,
        group: None,
        due_by: Some(engine.now().await.expect("the time")),
        heads_only: true,
        after: None,
        limit: 10,
    };
    engine.documents(&due).await.expect("jobs");
    engine.outbox(0, 10).await.expect("messages");
    for many in 1..=2_u64 {
        let ids: Vec<_> = (0..many)
            .map(|one| id(number * 10 + many * 2 + one))
            .collect();
        for version in 1..=2_u64 {
            let before = (version > 1).then_some(version - 1);
            engine.load_each(&COPY, 1, &ids).await.expect("rows");
            engine
                .applied_sequences("h", 1, &ids)
                .await
                .expect("applied_sequences");
            let applied = |aggregate| SequenceAdvance {
                handler: "h".to_owned(),
                generation: 1,
                aggregate,
                from: before,
                to: AppliedSequence {
                    sequence: version,
                    event: None,
                },
            };
            let row = |id| live(&COPY, 1, stored(id, version, json!({ "name": "n" })));
            let job = |id: uuid::Uuid| DocumentWrite::Put {
                collection: Documents::Jobs,
                expected: version - 1,
                document: Document {
                    key: id.to_string(),
                    group: id.to_string(),
                    position: 1,
                    due: None,
                    version: 0,
                    body: json!({}),
                },
            };
            let write = WriteSet {
                saves: ids.iter().copied().map(row).collect(),
                applied_sequences: ids.iter().copied().map(applied).collect(),
                documents: ids.iter().copied().map(job).collect(),
                events: ids.iter().map(|id| event(*id, version)).collect(),
                ..WriteSet::default()
            };
            engine.commit(write).await.expect("it is to be taken");
            let events: Vec<_> = ids.iter().map(|id| event(*id, version).id).collect();
            engine.acknowledge(&events).await.expect("they are to go");
        }
        let gone = |id: &uuid::Uuid| DocumentWrite::Delete {
            collection: Documents::Jobs,
            key: id.to_string(),
            expected: 2,
        };
        let write = WriteSet {
            documents: ids.iter().map(gone).collect(),
            ..WriteSet::default()
        };
        engine.commit(write).await.expect("they are to go");
    }
}

/// How many rows were read, when all other sessions have ended and told of theirs.
async fn rows_read(url: &str) -> i64 {
    let mut session = PgConnection::connect(url).await.expect("the server");
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    while sqlx::query(others)
        .fetch_one(&mut session)
        .await
        .is_ok_and(|row| row.get::<i64, _>(0) > 0)
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
        FROM pg_stat_user_tables";
    let row = sqlx::query(read).fetch_one(&mut session).await;
    row.expect("what was read").get(0)
}

/// Checks that plans which were made for small tables serve large ones.
async fn serves_large_tables(few: &[String]) {
    let Some(administrator) = administrator() else {
        return;
    };
    let database = Database::new(&administrator).await;
    let engine = database.open().await;
    run(&database.url(), few).await;
    for number in 0..ROUNDS {
        round(&engine, number).await;
    }
    run(&database.url(), &filling(ROWS)).await;
    for number in ROUNDS..2 * ROUNDS {
        round(&engine, number).await;
    }
    drop(engine);
    let read = rows_read(&database.url()).await;
    assert!(
        u64::try_from(read).expect("a count") < ROWS,
        "{read} rows were read"
    );
}

#[tokio::test]
async fn tables_that_were_empty_once_are_not_read_as_a_whole() {
    serves_large_tables(&[]).await;
}

#[tokio::test]
async fn neither_are_those_that_were_small() {
    let mut few = filling(FEW);
    few.push("ANALYZE".to_owned());
    serves_large_tables(&few).await;
}
