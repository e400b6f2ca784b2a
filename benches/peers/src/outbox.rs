//! `outbox-postgres`: an outbox that a manager carries to a transport.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use outbox_core::prelude::*;
use outbox_postgres::{PostgresOutbox, PostgresWriter};
use serde::{Deserialize, Serialize};
use sqlx::{Executor, PgPool};
use tokio::sync::watch;
use uuid::Uuid;

use crate::kafka::Topic;
use crate::{INSERT, Load, Outcome, TABLE, pool, until};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Greeted {
    id: Uuid,
    name: String,
}

/// As its documentation has them.
const TABLES: &str = "
    DROP TABLE IF EXISTS outbox_events; DROP TYPE IF EXISTS status;
    CREATE TYPE status AS ENUM ('Pending', 'Processing', 'Sent');
    CREATE TABLE outbox_events (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(), idempotency_token TEXT DEFAULT NULL,
        event_type TEXT NOT NULL, payload JSONB NOT NULL, status status NOT NULL DEFAULT 'Pending',
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(), locked_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity');
    CREATE INDEX idx_outbox_processing_queue ON outbox_events (locked_until ASC, status)
        WHERE status IN ('Pending', 'Processing');
    CREATE UNIQUE INDEX idx_outbox_idempotency ON outbox_events (idempotency_token);
    CREATE OR REPLACE FUNCTION notify_outbox_event() RETURNS TRIGGER AS $$
        BEGIN PERFORM pg_notify('outbox_event', 'ping'); RETURN new; END; $$ LANGUAGE plpgsql;
    CREATE TRIGGER outbox_events_notify_trigger AFTER INSERT OR UPDATE ON outbox_events
        FOR EACH ROW EXECUTE FUNCTION notify_outbox_event()";

fn config() -> Arc<OutboxConfig<Greeted>> {
    let mut config = OutboxConfig::default();
    config.batch_size = 500;
    config.poll_interval_secs = 1;
    Arc::new(config)
}

async fn prepared(database: &str) -> Outcome<PgPool> {
    let pool = pool(database).await?;
    pool.execute(TABLE).await?;
    pool.execute(TABLES).await?;
    Ok(pool)
}

/// A row and its event in a transaction each.
pub async fn write(database: &str, load: Load) -> Outcome<f64> {
    let pool = prepared(database).await?;
    let outbox = Arc::new(OutboxService::new(Arc::new(PostgresWriter), config()));
    load.run(move |_| {
        let (pool, outbox) = (pool.clone(), Arc::clone(&outbox));
        async move {
            let id = Uuid::now_v7();
            let mut transaction = pool.begin().await.expect("no transaction");
            let row = sqlx::query(INSERT).bind(id).execute(&mut *transaction);
            row.await.expect("no row");
            let event = Greeted {
                id,
                name: "Ada".to_owned(),
            };
            let added = outbox.add_event("Greeted", event, None, &mut *transaction);
            added.await.expect("no event");
            transaction.commit().await.expect("no commit");
        }
    })
    .await
}

/// Sends to Kafka, and counts.
struct ToKafka {
    topic: Topic,
    sent: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Transport<Greeted> for ToKafka {
    async fn publish(&self, event: Event<Greeted>) -> Result<(), OutboxError> {
        let failed = |why: String| OutboxError::InfrastructureError(why);
        let greeted = event.payload.as_value();
        let payload =
            serde_json::to_vec(greeted).map_err(|error| failed(error.to_string()))?;
        let key = greeted.id.to_string();
        self.topic.send(&key, &payload).await.map_err(failed)?;
        self.sent.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// From a full outbox until all is sent and marked so.
pub async fn carry(database: &str, brokers: &str, events: usize) -> Outcome<f64> {
    let pool = prepared(database).await?;
    let fill = "INSERT INTO outbox_events (event_type, payload)
        SELECT 'Greeted', jsonb_build_object('id', gen_random_uuid(), 'name', 'Ada')
        FROM generate_series(1, $1)";
    sqlx::query(fill)
        .bind(i64::try_from(events)?)
        .execute(&pool)
        .await?;
    let (shutdown, ended) = watch::channel(false);
    let sent = Arc::new(AtomicUsize::new(0));
    let manager = OutboxManagerBuilder::new()
        .storage(Arc::new(PostgresOutbox::new(pool.clone(), config())))
        .publisher(Arc::new(ToKafka {
            topic: Topic::create(brokers).await?,
            sent: Arc::clone(&sent),
        }))
        .config(config())
        .shutdown_rx(ended)
        .build()?;
    let started = Instant::now();
    let running = tokio::spawn(async move { manager.run().await });
    until::<sqlx::Error, _>(async || {
        if sent.load(Ordering::SeqCst) < events {
            return Ok(false);
        }
        let left = "SELECT NOT EXISTS (SELECT FROM outbox_events WHERE status <> 'Sent')";
        sqlx::query_scalar(left).fetch_one(&pool).await
    })
    .await?;
    let time = started.elapsed();
    shutdown.send(true)?;
    running.abort();
    Ok(events as f64 / time.as_secs_f64())
}
