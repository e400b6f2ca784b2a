//! A broker that is not there, stands still, or dies.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Outcome, settings};
use platform_conformance::broker::{message, text, topic};
use platform_kafka::KafkaBroker;
use platform_ports::broker::{Broker, BrokerError, Polled, PublishOutcome};
use platform_support::kafka::Server;
use platform_testing::consuming::Reader;

/// Does something slow elsewhere.
async fn elsewhere(server: &Arc<Server>, work: impl FnOnce(&Server) + Send + 'static) {
    let server = Arc::clone(server);
    let done = tokio::task::spawn_blocking(move || work(&server)).await;
    done.expect("the server's work");
}

/// Publishes as a relay does: each key from its first message on that was not acknowledged.
async fn publish(broker: KafkaBroker, stop: Arc<AtomicBool>) -> BTreeMap<String, usize> {
    let keys: Vec<_> = (0..8).map(|_| Uuid::now_v7()).collect();
    let mut next: BTreeMap<Uuid, usize> = keys.iter().map(|key| (*key, 0)).collect();
    while !stop.load(Ordering::Relaxed) {
        let steps = (0..20).flat_map(|step| keys.iter().map(move |key| (*key, step)));
        let batch: Vec<_> = steps.map(|(key, step)| (key, next[&key] + step)).collect();
        let messages: Vec<_> = batch
            .iter()
            .map(|(key, number)| message("kept", *key, &number.to_string()))
            .collect();
        let began = Instant::now();
        match broker.publish(&messages).await {
            Ok(outcomes) => {
                for ((key, number), outcome) in batch.iter().zip(outcomes) {
                    let next = next.entry(*key).or_default();
                    if outcome == PublishOutcome::Acknowledged && *number == *next {
                        *next += 1;
                    }
                }
            }
            Err(BrokerError::Unavailable(why)) => println!("publishing waits: {why}"),
            Err(error) => panic!("{error}"),
        }
        let took = began.elapsed();
        assert!(took < Duration::from_secs(25), "it took {took:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    next.into_iter()
        .map(|(key, next)| (key.to_string(), next))
        .collect()
}

/// The numbers of each key, in the order in which they came.
type Seen = Arc<Mutex<BTreeMap<String, Vec<usize>>>>;

/// Reads until it is stopped.
async fn read(broker: KafkaBroker, seen: Seen) -> Outcome {
    let mut reader = Reader::join(&broker, "readers", &["kept"]).await?;
    let began = Instant::now();
    loop {
        match reader.poll(|assignment| assignment.start).await {
            Ok(Polled::Messages(messages)) => {
                let mut seen = seen.lock().expect("what was seen");
                for one in messages {
                    let number = text(&one).parse().expect("a number");
                    seen.entry(one.key).or_default().push(number);
                }
            }
            Ok(other) => println!("{:?} {other:?}", began.elapsed()),
            // The same member goes on.
            Err(BrokerError::Unavailable(why)) => {
                println!("{:?} reading waits: {why}", began.elapsed())
            }
            Err(error) => return Err(error),
        }
    }
}

/// Stands still for longer than publishing waits, dies, comes back, and stands still for a moment.
async fn ill_use(server: &Arc<Server>) {
    let rest = |seconds| tokio::time::sleep(Duration::from_millis(seconds));
    rest(2_000).await;
    elsewhere(server, |server| server.signal("STOP")).await;
    rest(13_000).await;
    elsewhere(server, |server| server.signal("CONT")).await;
    rest(3_000).await;
    elsewhere(server, |server| {
        server.signal("KILL");
        server.run("down");
        server.run("up");
    })
    .await;
    rest(3_000).await;
    elsewhere(server, |server| server.signal("STOP")).await;
    rest(3_000).await;
    elsewhere(server, |server| server.signal("CONT")).await;
    rest(3_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_comes_late_stands_still_and_dies_loses_nothing() -> Outcome {
    let Some(server) = Server::prepare().map(Arc::new) else {
        return Ok(());
    };
    let settings = settings(&server.brokers());
    let broker = KafkaBroker::open(settings.clone())?;
    let absent = topic(&broker, "kept").await;
    assert!(
        matches!(&absent, Err(BrokerError::Unavailable(why)) if why.contains(&server.brokers())),
        "{absent:?}"
    );
    println!("{absent:?}");
    elsewhere(&server, |server| drop(server.run("up"))).await;
    topic(&broker, "kept").await?;

    let stop = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish(KafkaBroker::open(settings)?, Arc::clone(&stop)));
    let seen = Seen::default();
    let reading = tokio::spawn(read(broker, Arc::clone(&seen)));
    while seen.lock().expect("what was seen").is_empty() && !reading.is_finished() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ill_use(&server).await;
    stop.store(true, Ordering::Relaxed);
    let acknowledged = publishing.await.expect("a publisher");
    let began = Instant::now();
    while !has_all(&seen.lock().expect("what was seen"), &acknowledged) {
        if reading.is_finished() {
            return reading.await.expect("a reader");
        }
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "something is lost of {acknowledged:?}: {:?}",
            seen.lock()
                .expect("what was seen")
                .iter()
                .map(|(key, numbers)| (key, numbers.len(), numbers.iter().max()))
                .collect::<Vec<_>>()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    reading.abort();
    check_order(&seen.lock().expect("what was seen"));
    let count: usize = acknowledged.values().sum();
    println!("{count} messages were acknowledged");
    Ok(())
}

fn has_all(seen: &BTreeMap<String, Vec<usize>>, acknowledged: &BTreeMap<String, usize>) -> bool {
    acknowledged.iter().all(|(key, count)| {
        let greatest = seen.get(key).and_then(|numbers| numbers.iter().max());
        greatest.is_some_and(|greatest| greatest + 1 >= *count)
    })
}

/// The first time that each number is seen, all before it were.
fn check_order(seen: &BTreeMap<String, Vec<usize>>) {
    let mut repeated = 0;
    for (key, numbers) in seen {
        let mut next = 0;
        for number in numbers {
            assert!(*number <= next, "{key}: {number} before {next}");
            if *number == next {
                next += 1;
            } else {
                repeated += 1;
            }
        }
    }
    println!("{repeated} messages came again");
}
