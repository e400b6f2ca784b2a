//! What PostgreSQL takes of the rows of a copy and its gates: `unnest DATABASE ROWS` writes as many
//! into tables of the same form, by one statement for each batch, and prints rows a second.

use std::error::Error;
use std::time::Instant;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many rows are written in one transaction.
const BATCH: usize = 500;

const TABLES: &str = r#"
    DROP TABLE IF EXISTS bench_rows, bench_gates;
    CREATE TABLE bench_rows (LIKE "replica__greetings" INCLUDING ALL);
    CREATE TABLE bench_gates (LIKE microdb_applied_sequences INCLUDING ALL);"#;

const WRITE: &str = r#"
    WITH gates AS (
        INSERT INTO bench_gates (handler, generation, aggregate, sequence, event)
        SELECT 'Greetings', 1, aggregate::uuid, 1, event::uuid FROM unnest($1::text[], $2::text[]) AS n(aggregate, event))
    INSERT INTO bench_rows ("_generation", "id", "version", "created_at", "updated_at", "name")
    SELECT 1, id::uuid, 1, now(), now(), name FROM unnest($1::text[], $3::text[]) AS n(id, name)"#;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [database, rows] = &arguments[..] else {
        return Err("see the first lines of the source".into());
    };
    let rows: usize = rows.parse()?;
    let mut connection = PgConnection::connect(database).await?;
    connection.execute(AssertSqlSafe(TABLES)).await?;
    let id = || Uuid::new_v4().to_string();
    let ids: Vec<_> = (0..rows).map(|_| (id(), id())).collect();
    let started = Instant::now();
    for batch in ids.chunks(BATCH) {
        let (aggregates, events): (Vec<_>, Vec<_>) = batch.iter().cloned().unzip();
        let names = vec!["Ada"; batch.len()];
        sqlx::query(WRITE)
            .bind(aggregates)
            .bind(events)
            .bind(names)
            .execute(&mut connection)
            .await?;
    }
    let time = started.elapsed();
    let (written,): (i64,) = sqlx::query_as("SELECT count(*) FROM bench_rows")
        .fetch_one(&mut connection)
        .await?;
    assert_eq!(usize::try_from(written)?, rows);
    connection.execute("DROP TABLE bench_rows, bench_gates").await?;
    println!("{}", rows as f64 / time.as_secs_f64());
    Ok(())
}
