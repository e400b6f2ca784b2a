//! How fast it is; run with `--ignored --nocapture`, in a release build.

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use uuid::Uuid;

use super::{Outcome, served};
use platform_conformance::broker::{PARTITIONS, message, topic};
use platform_contract::envelope::{Change, Envelope, partition_of};
use platform_contract::value::Timestamp;
use platform_kafka::{KafkaBroker, Settings};
use platform_ports::broker::{Broker, Polled, Publication, PublishOutcome};
use platform_testing::consuming::Reader;

/// As many messages as a relay publishes at once.
const BATCH: usize = 500;
const BATCHES: usize = 100;

/// An event as a service would publish it.
fn event(topic: &str) -> Publication {
    let subject = Uuid::now_v7();
    let envelope = Envelope {
        id: Uuid::now_v7(),
        kind: "fintech.loan.LoanApproved".to_owned(),
        version: 1,
        source: "/fintech/loan".to_owned(),
        subject,
        sequence: 1,
        change: Change::Saved,
        last_event: None,
        time: Timestamp::now(),
        correlation: Uuid::now_v7().into(),
        causation: Uuid::now_v7(),
        traceparent: None,
        data: serde_json::json!({"status": "approved", "amount": "1200.50", "note": "x".repeat(200)}),
    };
    Publication {
        topic: topic.to_owned(),
        partition: partition_of(subject, PARTITIONS),
        key: subject.to_string(),
        wire: envelope.to_wire(),
    }
}

/// The client alone, with the same promises and the same bytes, as fast as it goes.
fn raw(settings: &Settings, events: &[Publication]) -> Duration {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "1")
        .set("compression.type", "lz4");
    let producer: BaseProducer = config.create().expect("a producer");
    let topic = format!("{}fast", settings.prefix);
    let send = |event: &Publication| {
        let mut headers =
            rdkafka::message::OwnedHeaders::new_with_capacity(event.wire.headers.len());
        for (key, value) in event.wire.headers.iter() {
            headers = headers.insert(rdkafka::message::Header {
                key,
                value: Some(value),
            });
        }
        let record = BaseRecord::to(&topic)
            .partition(event.partition.cast_signed())
            .key(&event.key)
            .payload(&event.wire.payload)
            .headers(headers);
        producer
            .send(record)
            .map_err(|(error, _)| error)
            .expect("room");
        producer.poll(Duration::ZERO);
    };
    send(&events[0]);
    producer.flush(Duration::from_secs(10)).expect("an answer");
    let began = Instant::now();
    for _ in 0..BATCHES {
        events.iter().for_each(send);
    }
    producer.flush(Duration::from_secs(60)).expect("answers");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn publishing_against_the_client_alone() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let broker = KafkaBroker::open(settings.clone())?;
    topic(&broker, "fast").await?;
    let events: Vec<_> = (0..BATCH).map(|_| event("fast")).collect();
    let bytes: usize = events.iter().map(|event| event.wire.payload.len()).sum();
    println!("{} bytes of payload each", bytes / BATCH);
    for round in 0..3 {
        let alone = raw(&settings, &events);
        broker.publish(&events).await?;
        let began = Instant::now();
        for _ in 0..BATCHES {
            let outcomes = broker.publish(&events).await?;
            assert!(
                outcomes
                    .iter()
                    .all(|one| *one == PublishOutcome::Acknowledged)
            );
        }
        let ours = began.elapsed();
        let per_second = |time: Duration| (BATCH * BATCHES) as f64 / time.as_secs_f64();
        println!(
            "round {round}: publish {:.0}/s, the client alone {:.0}/s: {:.2}",
            per_second(ours),
            per_second(alone),
            alone.as_secs_f64() / ours.as_secs_f64()
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures"]
async fn from_publish_to_poll() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let (writer, broker) = (
        KafkaBroker::open(settings.clone())?,
        KafkaBroker::open(settings)?,
    );
    topic(&broker, "soon").await?;
    let mut reader = Reader::join(&broker, "readers", &["soon"]).await?;
    reader
        .until(|reader, _| reader.owned().len() == PARTITIONS as usize)
        .await?;
    let reading = tokio::spawn(async move {
        let mut times = Vec::new();
        while times.len() < 400 {
            match reader.poll(|assignment| assignment.start).await {
                Ok(Polled::Messages(messages)) => {
                    let now = Timestamp::now().as_microseconds();
                    times.extend(messages.iter().map(|one| {
                        let sent: i64 = platform_conformance::broker::text(one)
                            .parse()
                            .unwrap_or(now);
                        now - sent
                    }));
                }
                Ok(_) => {}
                Err(error) => panic!("{error}"),
            }
        }
        times
    });
    for number in 0..400 {
        let now = Timestamp::now().as_microseconds().to_string();
        writer
            .publish(&[message("soon", Uuid::now_v7(), &now)])
            .await?;
        tokio::time::sleep(Duration::from_millis([1, 7, 20][number % 3])).await;
    }
    let mut times = reading.await.expect("a reader");
    // The first ones meet partitions that nobody has written to.
    times.drain(..50);
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 100];
    println!(
        "from publish to poll, µs: p50 {}, p90 {}, p99 {}",
        at(50),
        at(90),
        at(99)
    );
    Ok(())
}
