//! A service with a real database and a real broker in a folder, without anything that serves.

pub mod flaky;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use platform::broker::embedded::{EmbeddedBroker, Options};
use platform::broker::{Broker, Topic};
use platform::engine::sqlite::{self, SqliteEngine};
use platform::engine::{
    CommitError, Engine, EngineError, Migration, OutboxEvent, Save, SaveTo, Stored, WriteSet,
};
use platform::envelope::{Change, Envelope, partition_of};
use platform::runtime::Runtime;
use platform::schema::{Column, Kind, Schema};
use platform::value::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

/// The topic of the one aggregate.
pub const TOPIC: &str = "shop.stock.item";
/// How many partitions it has.
pub const PARTITIONS: u32 = 4;

/// The one aggregate.
pub static ITEM: Schema = Schema {
    name: "item",
    table: "items",
    columns: &[
        Column::new("name", Kind::Text),
        Column::new("secret", Kind::Text).optional(),
        Column::new("status", Kind::Text),
    ],
    collections: &[],
    unique: &[],
    referenced_by: &[],
    shard_by: None,
    generations: false,
};

const MIGRATIONS: &[Migration] = &[Migration {
    name: "0001_initial",
    text: r#"CREATE TABLE "items" (
        "id" TEXT PRIMARY KEY,
        "version" INTEGER NOT NULL,
        "created_at" TEXT NOT NULL,
        "updated_at" TEXT NOT NULL,
        "name" TEXT NOT NULL,
        "secret" TEXT,
        "status" TEXT NOT NULL
    ) STRICT;"#,
}];

/// What the parts under test share, and the end of it.
pub struct Service {
    pub runtime: Arc<Runtime>,
    pub shutdown: watch::Sender<bool>,
}

/// The greatest message the broker takes.
pub const MAX_BYTES: usize = 20_000;

/// The broker in a folder, with the aggregate's topic.
pub async fn broker(folder: &Path) -> Arc<EmbeddedBroker> {
    let options = Options {
        max_message_bytes: MAX_BYTES,
        ..Options::default()
    };
    let broker = EmbeddedBroker::open_with(&folder.join("broker.db"), options).expect("a broker");
    let topic = Topic {
        name: TOPIC.to_owned(),
        partitions: PARTITIONS,
    };
    broker.ensure_topics(&[topic]).await.expect("a topic");
    Arc::new(broker)
}

impl Service {
    /// A service over the files of a folder.
    pub fn open(folder: &Path, instance: Uuid, broker: Arc<dyn Broker>) -> Self {
        let path = folder.join("stock.db");
        sqlite::migrate(&path, MIGRATIONS).expect("the migrations");
        let engine = SqliteEngine::open(&path, MIGRATIONS, platform::engine::Options::default());
        let (shutdown, receiver) = watch::channel(false);
        let runtime = Runtime {
            system: "shop",
            context: "stock",
            instance,
            engine: Arc::new(engine.expect("an engine")),
            cache: None,
            broker,
            partitions: PARTITIONS,
            commands: BTreeMap::new(),
            outbox_bell: Notify::new(),
            commands_bell: Notify::new(),
            jobs_bell: Notify::new(),
            shutdown: receiver,
        };
        Self {
            runtime: Arc::new(runtime),
            shutdown,
        }
    }

    pub fn engine(&self) -> &dyn Engine {
        self.runtime.engine.as_ref()
    }

    /// Saves an item at a version, with the event of it.
    pub async fn save(&self, id: Uuid, version: u64, name: &str) -> Result<(), CommitError> {
        self.commit(saved(id, version, name)).await
    }

    /// Saves versions of an item one after the other, and waits for the disk once.
    pub async fn save_versions(
        &self,
        id: Uuid,
        versions: RangeInclusive<u64>,
    ) -> Result<(), CommitError> {
        let writes = versions.map(|version| saved(id, version, "x")).collect();
        let saved = self.runtime.engine.commit_all(writes).await;
        self.runtime.outbox_bell.notify_one();
        saved.map_err(|(_, error)| error)
    }

    /// Deletes an item, with the event of it.
    pub async fn delete(&self, id: Uuid, version: u64) -> Result<(), CommitError> {
        let event = event(id, version, Change::Deleted, json!({}));
        let to = SaveTo::Deleted { id, version };
        self.commit(write(version, to, &event)).await
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        self.runtime.engine.commit(write).await?;
        self.runtime.outbox_bell.notify_one();
        Ok(())
    }

    /// Waits until nothing is in the outbox.
    pub async fn drained(&self) -> Result<(), EngineError> {
        let started = Instant::now();
        while self.engine().outbox_depth().await?.rows > 0 {
            let patient = started.elapsed() < Duration::from_secs(20);
            assert!(patient, "the outbox is not drained");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

/// An item at a version, with the event of it.
fn saved(id: Uuid, version: u64, name: &str) -> WriteSet {
    let now = Timestamp::now();
    let stored = Stored {
        id,
        version,
        created_at: now,
        updated_at: now,
        members: members(json!({"name": name, "secret": "s", "status": "new"})),
    };
    let data = json!({"name": name, "status": "new"});
    let event = event(id, version, Change::Saved, data);
    write(version, SaveTo::Live(stored), &event)
}

fn write(version: u64, to: SaveTo, event: &Envelope) -> WriteSet {
    let save = Save {
        schema: &ITEM,
        generation: 0,
        expected: version - 1,
        to,
    };
    WriteSet {
        saves: vec![save],
        events: vec![outbox_event(event)],
        ..WriteSet::default()
    }
}

/// The event of an item; its id follows from item and version.
pub fn event(id: Uuid, version: u64, change: Change, data: Value) -> Envelope {
    Envelope {
        id: Uuid::new_v5(&id, &version.to_be_bytes()),
        kind: "shop.stock.ItemChanged".to_owned(),
        version: 1,
        source: "/shop/stock".to_owned(),
        subject: id,
        sequence: version,
        change,
        last_event: None,
        time: Timestamp::now(),
        correlation: id,
        causation: id,
        traceparent: None,
        data,
    }
}

fn outbox_event(envelope: &Envelope) -> OutboxEvent {
    OutboxEvent {
        id: envelope.id,
        aggregate_type: "item".to_owned(),
        aggregate_id: envelope.subject,
        sequence: envelope.sequence,
        kind: envelope.versioned_kind(),
        topic: TOPIC.to_owned(),
        partition: partition_of(envelope.subject, PARTITIONS),
        logged: true,
        wire: envelope.to_wire(),
    }
}

fn members(object: Value) -> serde_json::Map<String, Value> {
    match object {
        Value::Object(members) => members,
        other => panic!("an object, not {other}"),
    }
}
