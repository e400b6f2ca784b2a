//! `cqrs-es` with `postgres-es`: event sourcing; it publishes nothing.

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use serde::{Deserialize, Serialize};
use sqlx::Executor;
use uuid::Uuid;

use crate::{Load, Outcome, pool};

#[derive(Default, Serialize, Deserialize)]
struct Greeting {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Greeted { name: String },
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        "Greeted".to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

struct Greet {
    name: String,
}

impl Aggregate for Greeting {
    const TYPE: &'static str = "Greeting";
    type Command = Greet;
    type Event = Event;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        command: Greet,
        _: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let event = Event::Greeted { name: command.name };
        sink.write(event, self).await;
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        let Event::Greeted { name } = event;
        self.name = name;
    }
}

const TABLES: &str = "DROP TABLE IF EXISTS events;
    CREATE TABLE events (aggregate_type TEXT NOT NULL, aggregate_id TEXT NOT NULL,
        sequence BIGINT CHECK (sequence >= 0) NOT NULL, event_type TEXT NOT NULL, event_version TEXT NOT NULL,
        payload JSON NOT NULL, metadata JSON NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

/// Commands that make an aggregate each.
pub async fn write(database: &str, load: Load) -> Outcome<f64> {
    let pool = pool(database).await?;
    pool.execute(TABLES).await?;
    let cqrs = Arc::new(postgres_es::postgres_cqrs::<Greeting>(pool, Vec::new(), ()));
    load.run(move |_| {
        let cqrs = Arc::clone(&cqrs);
        async move {
            let greet = Greet {
                name: "Ada".to_owned(),
            };
            let id = Uuid::now_v7().to_string();
            cqrs.execute(&id, greet).await.expect("a command fails");
        }
    })
    .await
}
