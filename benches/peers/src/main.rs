//! Other crates for what a generated service does, each on an empty database of PostgreSQL.
//!
//! `peers PEER write DATABASE CLIENTS COMMANDS` prints how many commands a second are committed with
//! what is to be told of them; `peers PEER carry DATABASE BROKERS EVENTS` how many events a second go
//! from a full outbox or queue to Kafka.

mod cqrs;
mod kafka;
mod outbox;
mod queue;

use std::error::Error;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let speed = match arguments[..] {
        [peer, "write", database, clients, commands] => {
            let load = Load {
                clients: clients.parse()?,
                commands: commands.parse()?,
            };
            match peer {
                "cqrs-es" => cqrs::write(database, load).await?,
                "outbox-postgres" => outbox::write(database, load).await?,
                "pgmq" => queue::write(database, load).await?,
                _ => return Err("there is no such peer".into()),
            }
        }
        [peer, "carry", database, brokers, events] => {
            let events = events.parse()?;
            match peer {
                "outbox-postgres" => outbox::carry(database, brokers, events).await?,
                "pgmq" => queue::carry(database, brokers, events).await?,
                _ => return Err("there is no such peer".into()),
            }
        }
        _ => return Err("see the first lines of the source".into()),
    };
    println!("{speed}");
    Ok(())
}

/// So many commands, sent by so many clients.
#[derive(Clone, Copy)]
struct Load {
    clients: usize,
    commands: usize,
}

impl Load {
    /// Lets every client do its part, and tells how many commands a second were done.
    async fn run<F, Done>(self, command: F) -> Outcome<f64>
    where
        F: Fn(usize) -> Done + Clone + Send + 'static,
        Done: Future<Output = ()> + Send,
    {
        let each = self.commands / self.clients;
        let started = Instant::now();
        let clients: Vec<_> = (0..self.clients)
            .map(|client| {
                let command = command.clone();
                tokio::spawn(async move {
                    for number in 0..each {
                        command(client * each + number).await;
                    }
                })
            })
            .collect();
        for client in clients {
            client.await?;
        }
        Ok((each * self.clients) as f64 / started.elapsed().as_secs_f64())
    }
}

/// As many connections as a generated service has for writing.
async fn pool(database: &str) -> Outcome<PgPool> {
    let pool = PgPoolOptions::new().max_connections(16);
    Ok(pool.connect(database).await?)
}

/// The row that a command makes.
const TABLE: &str = "DROP TABLE IF EXISTS greeting;
    CREATE TABLE greeting (id UUID PRIMARY KEY, version BIGINT NOT NULL, created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL, name TEXT NOT NULL)";

const INSERT: &str = "INSERT INTO greeting VALUES ($1, 1, now(), now(), 'Ada')";

/// Waits until something is so.
async fn until<E, Look>(mut look: impl FnMut() -> Look) -> Outcome<()>
where
    E: Error + 'static,
    Look: Future<Output = Result<bool, E>>,
{
    while !look().await? {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
