//! `pgmq`: a queue in tables of PostgreSQL.

use std::time::Instant;

use current_sqlx::postgres::{PgPool, PgPoolOptions};
use current_sqlx::{Executor, query};
use pgmq::PGMQueueExt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kafka::Topic;
use crate::{INSERT, Load, Outcome, TABLE};

/// The queue.
const QUEUE: &str = "greetings";

/// How many messages are read at a time, and for how many seconds nobody else gets them.
const BATCH: (i32, i32) = (500, 30);

#[derive(Serialize, Deserialize)]
struct Greeted {
    id: Uuid,
    name: String,
}

async fn prepared(database: &str) -> Outcome<(PgPool, PGMQueueExt)> {
    let pool = PgPoolOptions::new().max_connections(16);
    let pool = pool.connect(database).await?;
    pool.execute(TABLE).await?;
    pool.execute("DROP SCHEMA IF EXISTS pgmq CASCADE").await?;
    let queue = PGMQueueExt::new_with_pool(pool.clone()).await;
    queue.install_sql_from_embedded().await?;
    queue.create(QUEUE).await?;
    Ok((pool, queue))
}

/// A row and its message in a transaction each.
pub async fn write(database: &str, load: Load) -> Outcome<f64> {
    let (pool, queue) = prepared(database).await?;
    load.run(move |_| {
        let (pool, queue) = (pool.clone(), queue.clone());
        async move {
            let id = Uuid::now_v7();
            let mut transaction = pool.begin().await.expect("no transaction");
            let row = query(INSERT).bind(id).execute(&mut *transaction);
            row.await.expect("no row");
            let message = Greeted {
                id,
                name: "Ada".to_owned(),
            };
            let sent = queue.send_with_cxn(QUEUE, &message, &mut *transaction);
            sent.await.expect("no message");
            transaction.commit().await.expect("no commit");
        }
    })
    .await
}

/// From a full queue until all is sent and deleted.
pub async fn carry(database: &str, brokers: &str, events: usize) -> Outcome<f64> {
    let (pool, queue) = prepared(database).await?;
    let fill = "SELECT count(*) FROM generate_series(1, $2) AS n, LATERAL pgmq.send($1,
        jsonb_build_object('id', gen_random_uuid(), 'name', 'Ada', 'number', n))";
    query(fill)
        .bind(QUEUE)
        .bind(i64::try_from(events)?)
        .execute(&pool)
        .await?;
    let topic = Topic::create(brokers).await?;
    let started = Instant::now();
    let mut carried = 0;
    while carried < events {
        let (many, seconds) = BATCH;
        let messages = queue
            .read_batch::<Greeted, serde_json::Value>(QUEUE, seconds, many)
            .await?;
        let sending = messages.iter().map(|message| {
            let topic = topic.clone();
            let key = message.message.id.to_string();
            let payload = serde_json::to_vec(&message.message);
            tokio::spawn(async move { topic.send(&key, &payload.map_err(|error| error.to_string())?).await })
        });
        for sent in sending.collect::<Vec<_>>() {
            sent.await??;
        }
        let ids: Vec<_> = messages.iter().map(|message| message.msg_id).collect();
        queue.delete_batch(QUEUE, &ids).await?;
        carried += ids.len();
    }
    Ok(events as f64 / started.elapsed().as_secs_f64())
}
