//! Members that come, go, stand still and die while there is something to read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Outcome, served};
use platform_conformance::broker::{PARTITIONS, message, topic};
use platform_kafka::{KafkaBroker, Settings};
use platform_ports::broker::{Broker, Polled, PublishOutcome};
use platform_support::child::Child;
use platform_testing::consuming::Reader;

/// The test that is another process.
const CHILD: &str = "groups::child_process";

/// Not a test of its own: a member in another process, of a group in the topics with this prefix. It
/// says what it is given and what is taken from it.
#[tokio::test]
async fn child_process() -> Outcome {
    let Some((_, prefix)) = platform_support::child::role() else {
        return Ok(());
    };
    let Some(mut settings) = served() else {
        return Ok(());
    };
    settings.prefix = prefix.to_string_lossy().into_owned();
    let broker = KafkaBroker::open(settings)?;
    let mut reader = Reader::join(&broker, "members", &["kept"]).await?;
    loop {
        match reader.poll(|assignment| assignment.start).await? {
            Polled::Assigned(partitions) => println!("assigned {}", partitions.len()),
            Polled::Revoked(partitions) => println!("revoked {}", partitions.len()),
            _ => {}
        }
    }
}

fn child(settings: &Settings) -> Child {
    Child::start(CHILD, "member", Path::new(&settings.prefix))
}

/// Where the group stands, kept where the effects are: the offset that each partition needs next.
type Positions = Arc<Mutex<BTreeMap<u32, i64>>>;

/// A member that reads until it is told to stop, and panics where something was left out.
fn member(
    settings: &Settings,
    positions: &Positions,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<Outcome> {
    let (settings, positions) = (settings.clone(), Arc::clone(positions));
    tokio::spawn(async move {
        let broker = KafkaBroker::open(settings)?;
        let topics = ["kept".to_owned()];
        let mut member = broker.subscribe("members", &topics).await?;
        while !*stop.borrow_and_update() {
            match member.poll(100, 50).await? {
                Polled::Assigned(assigned) => {
                    for one in assigned {
                        let next = positions
                            .lock()
                            .expect("positions")
                            .get(&one.partition)
                            .copied();
                        let next = next.unwrap_or(one.start);
                        member.seek("kept", one.partition, next).await?;
                    }
                }
                Polled::Messages(messages) => {
                    let mut positions = positions.lock().expect("positions");
                    for message in messages {
                        let next = positions.entry(message.partition).or_insert(0);
                        assert!(
                            message.offset <= *next,
                            "left out: {next} to {}",
                            message.offset
                        );
                        *next = (*next).max(message.offset + 1);
                    }
                }
                Polled::Revoked(_) => {}
                gone @ Polled::OutOfRange { .. } => panic!("{gone:?}"),
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_out_while_members_come_go_and_die() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let broker = KafkaBroker::open(settings.clone())?;
    topic(&broker, "kept").await?;
    let positions = Positions::default();
    let (stop, stopped) = watch::channel(false);
    let (leave, left) = watch::channel(false);
    let publishing = {
        let (settings, mut stopped) = (settings.clone(), stopped.clone());
        tokio::spawn(async move {
            let broker = KafkaBroker::open(settings)?;
            let mut count = 0;
            while !*stopped.borrow_and_update() {
                let messages: Vec<_> = (0..50)
                    .map(|_| message("kept", Uuid::now_v7(), "x"))
                    .collect();
                let outcomes = broker.publish(&messages).await?;
                count += outcomes
                    .iter()
                    .filter(|one| **one == PublishOutcome::Acknowledged)
                    .count();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok::<_, platform_ports::broker::BrokerError>(count)
        })
    };
    let one = member(&settings, &positions, stopped.clone());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let other = member(&settings, &positions, left);
    tokio::time::sleep(Duration::from_secs(3)).await;
    // It takes a share, and dies with it.
    let mut dying = child(&settings);
    assert!(dying.line().starts_with("assigned"));
    leave.send(true).expect("a member");
    other.await.expect("a member")?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    dying.signal("KILL");
    stop_when_read(&broker, &positions, &stop, publishing).await?;
    one.await.expect("a member")
}

/// How many messages have to be there before the publisher stops: fewer would show little.
const ENOUGH: i64 = 1_000;

/// Stops the publisher when it has published enough and nearly all of that was read, and then the rest.
async fn stop_when_read(
    broker: &KafkaBroker,
    positions: &Positions,
    stop: &watch::Sender<bool>,
    publishing: JoinHandle<Result<usize, platform_ports::broker::BrokerError>>,
) -> Outcome {
    let began = Instant::now();
    loop {
        let ends = broker.partitions("kept").await?;
        let sum: i64 = ends.iter().map(|one| one.end).sum();
        let read: i64 = positions.lock().expect("positions").values().sum();
        // Read up to the end, but for what has come in meanwhile.
        let taken_over = ends.iter().all(|one| {
            let positions = positions.lock().expect("positions");
            positions
                .get(&one.partition)
                .is_some_and(|next| one.end - next < 500)
        });
        if taken_over && sum > ENOUGH {
            println!("{read} of {sum} read, after {:?}", began.elapsed());
            break;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{read} of {sum} were read"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.send(true).expect("a publisher");
    let count = publishing.await.expect("a publisher")?;
    println!("{count} messages were acknowledged");
    Ok(())
}

#[tokio::test]
async fn a_member_that_stood_still_hears_that_it_lost_everything() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let broker = KafkaBroker::open(settings.clone())?;
    topic(&broker, "kept").await?;
    let mut child = child(&settings);
    assert_eq!(child.line(), "assigned 6");
    child.signal("STOP");
    let stopped = Instant::now();
    let mut reader = Reader::join(&broker, "members", &["kept"]).await?;
    reader
        .until(|reader, _| reader.owned().len() == PARTITIONS as usize)
        .await?;
    println!("taken over after {:?}", stopped.elapsed());
    child.signal("CONT");
    reader.until(|reader, _| reader.owned().len() == 3).await?;
    assert_eq!(child.line(), "revoked 6");
    // Who polls on is done with what was taken from it.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        reader.poll(|assignment| assignment.start).await?;
    }
    assert_eq!(child.line(), "assigned 3");
    Ok(())
}

#[tokio::test]
async fn operators_see_how_far_a_group_has_read() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let broker = KafkaBroker::open(settings.clone())?;
    topic(&broker, "read").await?;
    let key = Uuid::now_v7();
    broker
        .publish(&[message("read", key, "1"), message("read", key, "2")])
        .await?;
    let mut reader = Reader::join(&broker, "readers", &["read"]).await?;
    let came = reader.until(|_, came| came.len() >= 2).await?;
    let partition = came[0].partition;
    reader.subscription().commit("read", partition, 1).await?;
    drop(reader);

    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", format!("{}readers", settings.prefix));
    let operator: BaseConsumer = config.create().expect("an operator");
    let began = Instant::now();
    loop {
        let mut asked = TopicPartitionList::new();
        let name = format!("{}read", settings.prefix);
        asked.add_partition(&name, partition.cast_signed());
        let told = operator.committed_offsets(asked, Duration::from_secs(5));
        let told = told.expect("offsets").elements()[0].offset();
        if told == Offset::Offset(1) {
            return Ok(());
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{told:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
