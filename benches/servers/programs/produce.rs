//! What the Kafka client makes of the messages of an outbox from memory: `produce DATABASE BROKERS`
//! reads them all, makes a topic, sends them as fast as they are taken, with the settings of the
//! service's producer, and prints how many a second were acknowledged.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer,
};
use rdkafka::{ClientConfig, ClientContext};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many partitions topics have.
const PARTITIONS: i32 = 8;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [database, brokers] = &arguments[..] else {
        return Err("see the first lines of the source".into());
    };
    let messages = read(database).await?;
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    let topic = format!("raw.{}", Uuid::now_v7());
    let admin: AdminClient<DefaultClientContext> = config.create()?;
    let made = NewTopic::new(&topic, PARTITIONS, TopicReplication::Fixed(1));
    admin.create_topics(&[made], &AdminOptions::new()).await?;
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let producer: ThreadedProducer<Count> = config
        .set("enable.idempotence", "true")
        .set("enable.gapless.guarantee", "true")
        .set("acks", "all")
        .set("linger.ms", "1")
        .set("compression.type", "lz4")
        .create_with_context(Count(Arc::clone(&acknowledged)))?;
    // The connections are there before the time begins.
    producer.client().fetch_metadata(Some(&topic), Duration::from_secs(10))?;
    let started = Instant::now();
    for message in &messages {
        send(&producer, &topic, message)?;
    }
    producer.flush(Duration::from_secs(60))?;
    let time = started.elapsed();
    assert_eq!(acknowledged.load(Ordering::SeqCst), messages.len());
    println!("{}", messages.len() as f64 / time.as_secs_f64());
    admin.delete_topics(&[&topic], &AdminOptions::new()).await?;
    Ok(())
}

struct Message {
    key: String,
    partition: i32,
    headers: BTreeMap<String, String>,
    payload: Vec<u8>,
}

async fn read(database: &str) -> Outcome<Vec<Message>> {
    let mut connection = PgConnection::connect(database).await?;
    let rows: Vec<(String, i64, String, Vec<u8>)> = sqlx::query_as(
        "SELECT aggregateid::text, partition, headers, payload FROM microdb_outbox ORDER BY position",
    )
    .fetch_all(&mut connection)
    .await?;
    let message = |(key, partition, headers, payload): (String, i64, String, Vec<u8>)| {
        Ok(Message {
            key,
            partition: i32::try_from(partition)?,
            headers: serde_json::from_str(&headers)?,
            payload,
        })
    };
    rows.into_iter().map(message).collect()
}

fn send(producer: &ThreadedProducer<Count>, topic: &str, message: &Message) -> Outcome<()> {
    let headers = message.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: Some(value),
        })
    });
    let mut record = BaseRecord::to(topic)
        .key(&message.key)
        .partition(message.partition)
        .headers(headers)
        .payload(&message.payload);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                std::thread::sleep(Duration::from_micros(500));
                record = again;
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}

/// Counts acknowledgements.
struct Count(Arc<AtomicUsize>);

impl ClientContext for Count {}

impl ProducerContext for Count {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}
