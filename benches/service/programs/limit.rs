//! The limit of a service on SQLite: the statements of its command `Greet`, run straight on such a
//! file by one writer, with the same pragmas.
//!
//! `limit copy SOURCE FILE` copies a database of greeter; `limit run FILE COMMANDS GROUP` prints
//! how many commands a second were written, GROUP of them in a transaction.

use std::error::Error;
use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["copy", source, file] => {
            Connection::open(source)?.execute("VACUUM INTO ?1", [file])?;
        }
        ["run", file, commands, group] => {
            let speed = run(&mut open(file)?, commands.parse()?, group.parse()?)?;
            println!("{speed}");
        }
        _ => return Err("see the first lines of the source".into()),
    }
    Ok(())
}

fn open(file: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;
         PRAGMA journal_size_limit = 67108864;",
    )?;
    Ok(connection)
}

/// What all events of the type have, as the service has written it.
struct Event {
    topic: String,
    kind: String,
    headers: String,
    payload: Vec<u8>,
}

fn run(connection: &mut Connection, commands: usize, group: usize) -> Outcome<f64> {
    let event = connection.query_row(
        "SELECT topic, type, headers, payload FROM microdb_event_log LIMIT 1",
        [],
        |row| {
            Ok(Event {
                topic: row.get(0)?,
                kind: row.get(1)?,
                headers: row.get(2)?,
                payload: row.get(3)?,
            })
        },
    )?;
    // What earlier rounds left: a relay would have published it.
    connection.execute("DELETE FROM microdb_outbox", [])?;
    let before = count(connection)?;
    let start = Instant::now();
    for first in (0..commands).step_by(group) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for _ in first..commands.min(first + group) {
            command(&transaction, &event)?;
        }
        transaction.commit()?;
    }
    let time = start.elapsed();
    assert_eq!(count(connection)? - before, commands as i64);
    Ok(commands as f64 / time.as_secs_f64())
}

fn count(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM greeting", [], |row| row.get(0))
}

/// The statements of one command, in their order: nothing stands under the new id, the outbox has
/// room, and then the row and its event.
fn command(transaction: &Transaction<'_>, event: &Event) -> Outcome<()> {
    let (id, event_id) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let now = "2026-01-01T00:00:00.000000Z";
    let version = r#"SELECT "version" FROM "greeting" WHERE "id" = ?1"#;
    let tombstone = "SELECT version FROM microdb_tombstones WHERE of = 'greeting' AND generation = 0 AND id = ?1";
    for sql in [version, tombstone] {
        let found: Option<i64> = transaction
            .prepare_cached(sql)?
            .query_row([&id], |row| row.get(0))
            .optional()?;
        assert_eq!(found, None);
    }
    transaction
        .prepare_cached(
            r#"INSERT INTO "greeting" ("id", "version", "created_at", "updated_at", "name")
               VALUES (?1, 1, ?2, ?2, 'Ada')"#,
        )?
        .execute(params![id, now])?;
    let _room: i64 = transaction
        .prepare_cached(
            "SELECT coalesce((SELECT max(position) FROM microdb_outbox)
                - (SELECT min(position) FROM microdb_outbox) + 1, 0)",
        )?
        .query_row([], |row| row.get(0))?;
    let Event {
        topic,
        kind,
        headers,
        payload,
    } = event;
    let partition = id.as_bytes()[35] % 8;
    let values = params![event_id, id, kind, topic, partition, headers, payload, now];
    for table in ["microdb_outbox", "microdb_event_log"] {
        let (name, value) = match table {
            "microdb_outbox" => (", logged", ", TRUE"),
            _ => ("", ""),
        };
        let sql = format!(
            "INSERT INTO {table} (id, aggregatetype, aggregateid, sequence, type, topic, partition,
                headers, payload, written_at{name})
             VALUES (?1, 'Greeting', ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8{value})"
        );
        transaction.prepare_cached(&sql)?.execute(values)?;
    }
    Ok(())
}
