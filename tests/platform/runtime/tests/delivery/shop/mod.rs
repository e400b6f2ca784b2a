//! A service with a real database and a real broker, without anything that serves.

pub mod flaky;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use platform_contract::envelope::{Change, Control, Envelope, partition_of};
use platform_contract::schema::{Column, Kind, Schema};
use platform_contract::value::Timestamp;
use platform_embedded_broker::{self as embedded, EmbeddedBroker};
use platform_kafka as kafka;
use platform_ports::broker::{Broker, Topic};
use platform_ports::engine::{
    CommitError, Engine, EngineError, Options, OutboxEvent, Save, SaveTo, Stored, WriteSet,
};
use platform_runtime::Runtime;
use platform_runtime::wake_up::WakeUp;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use platform_support::place::{self, Place, Tables, initial};

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

/// What makes its table.
pub static TABLES: Tables = Tables {
    sqlite: &[initial(include_str!("stock/sqlite.sql"))],
    postgres: &[initial(include_str!("stock/postgres.sql"))],
    mongodb: &[initial(include_str!("stock/mongodb.json"))],
    redis: &[initial(include_str!("stock/redis.lua"))],
};

/// What the parts under test share, and the end of it.
pub struct Service {
    pub runtime: Arc<Runtime>,
    pub shutdown: watch::Sender<bool>,
}

/// The greatest message the broker takes.
pub const MAX_BYTES: usize = 20_000;

/// A place of a test's own.
pub fn place() -> Place {
    Place::new(&TABLES)
}

/// The broker of a place, with the aggregate's topic.
pub async fn broker(folder: &Path) -> Arc<dyn Broker> {
    let at = place::config("stock", folder).broker;
    let broker: Arc<dyn Broker> = if place::broker_is_a_file() {
        let options = embedded::Options {
            max_message_bytes: MAX_BYTES,
            ..embedded::Options::default()
        };
        let broker = EmbeddedBroker::open_with(&at.path(), options);
        Arc::new(broker.expect("a broker"))
    } else {
        let mut settings = kafka::Settings::read(&at).expect("settings");
        settings.max_message_bytes = u32::try_from(MAX_BYTES).expect("small");
        let broker = kafka::KafkaBroker::open(settings);
        Arc::new(broker.expect("a broker"))
    };
    let topic = Topic {
        name: TOPIC.to_owned(),
        partitions: PARTITIONS,
    };
    broker.ensure_topics(&[topic]).await.expect("a topic");
    broker
}

impl Service {
    /// A service that stands in a place, by its folder.
    pub async fn open(folder: &Path, instance: Uuid, broker: Arc<dyn Broker>) -> Self {
        let at = place::config("stock", folder).database;
        let database = TABLES.database();
        database.migrate(&at).await.expect("the migrations");
        let engine = database.open(&at, &[], Options::default()).await;
        let (shutdown, receiver) = watch::channel(false);
        let runtime = Runtime {
            system: "shop",
            context: "stock",
            instance,
            engine: engine.expect("an engine"),
            cache: None,
            broker,
            outages: Arc::default(),
            partitions: PARTITIONS,
            commands: BTreeMap::new(),
            outbox_wake_up: WakeUp::default(),
            commands_wake_up: Notify::new(),
            jobs_wake_up: Notify::new(),
            erasures_wake_up: Notify::new(),
            generations_wake_up: Notify::new(),
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
        self.runtime.outbox_wake_up.send();
        saved.map_err(|(_, error)| error)
    }

    /// Deletes an item, with the event of it.
    pub async fn delete(&self, id: Uuid, version: u64) -> Result<(), CommitError> {
        let event = event(id, version, Change::Deleted, json!({}));
        let to = SaveTo::Deleted { id, version };
        self.commit(write(version, to, &event)).await
    }

    /// Tells a partition that it has all snapshots of a request.
    pub async fn answer(&self, partition: u32) -> Result<(), CommitError> {
        let (id, now) = (Uuid::now_v7(), Timestamp::now());
        let answer = Control::SnapshotComplete {
            request: id,
            aggregate_type: "item".to_owned(),
        };
        let event = OutboxEvent {
            id,
            aggregate_type: "item".to_owned(),
            aggregate_id: id,
            sequence: 0,
            kind: answer.versioned_kind(),
            topic: TOPIC.to_owned(),
            partition,
            logged: false,
            wire: answer.to_wire(id, "/shop/stock", now),
        };
        let write = WriteSet {
            events: vec![event],
            ..WriteSet::default()
        };
        self.commit(write).await
    }

    async fn commit(&self, write: WriteSet) -> Result<(), CommitError> {
        self.runtime.engine.commit(write).await?;
        self.runtime.outbox_wake_up.send();
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
        correlation: id.into(),
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
