//! The embedded broker: the suite of all brokers, and what several processes see of it.

use std::path::Path;
use std::time::{Duration, Instant};

use platform_conformance::broker::{self as conformance, PARTITIONS, message, text, topic};
use platform_contract::envelope::Control;
use platform_contract::value::Timestamp;
use platform_embedded_broker::EmbeddedBroker;
use platform_ports::broker::{Broker, BrokerError, Polled, PublishOutcome};
use platform_support::child::Child;
use platform_testing::consuming::Reader;
use tempfile::TempDir;
use uuid::Uuid;

/// The test that is another process.
const CHILD: &str = "child_process";

type Outcome = Result<(), BrokerError>;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder for the file")
}

fn open(folder: &Path) -> Result<EmbeddedBroker, BrokerError> {
    EmbeddedBroker::open(&folder.join("broker.db"))
}

/// Runs a part of the suite with two handles on a new file.
async fn conforms(part: impl AsyncFnOnce(&dyn Broker, &dyn Broker) -> Outcome) -> Outcome {
    let folder = folder();
    let (first, second) = (open(folder.path())?, open(folder.path())?);
    part(&first, &second).await
}

#[tokio::test]
async fn keeps_order() -> Outcome {
    conforms(conformance::keeps_order).await
}

#[tokio::test]
async fn serves_groups() -> Outcome {
    conforms(conformance::serves_groups).await
}

#[tokio::test]
async fn shares_partitions() -> Outcome {
    conforms(conformance::shares_partitions).await
}

#[tokio::test]
async fn seeks() -> Outcome {
    conforms(conformance::seeks).await
}

#[tokio::test]
async fn pauses() -> Outcome {
    conforms(conformance::pauses).await
}

#[tokio::test]
async fn tells_topics_apart() -> Outcome {
    conforms(conformance::tells_topics_apart).await
}

#[tokio::test]
async fn refuses_too_large() -> Outcome {
    conforms(conformance::refuses_too_large).await
}

#[tokio::test]
async fn guards_topics() -> Outcome {
    conforms(conformance::guards_topics).await
}

/// Not a test of its own: what the other tests start as another process.
#[tokio::test]
async fn child_process() -> Outcome {
    let Some((role, folder)) = platform_support::child::role() else {
        return Ok(());
    };
    let broker = open(&folder)?;
    match role.as_str() {
        "publish" => publish_for_good(&broker).await,
        "member" => be_a_member(&broker).await,
        "echo" => answer(&broker).await,
        other => panic!("no such role: {other}"),
    }
}

/// Publishes numbers under a key of its own, and says which were acknowledged.
async fn publish_for_good(broker: &EmbeddedBroker) -> Outcome {
    let key = Uuid::now_v7();
    for number in 0.. {
        let messages = [message("kept", key, &number.to_string())];
        if broker.publish(&messages).await? == [PublishOutcome::Acknowledged] {
            println!("{key} {number}");
        }
    }
    Ok(())
}

/// Reads, and says what it is given and what is taken from it.
async fn be_a_member(broker: &EmbeddedBroker) -> Outcome {
    let mut reader = Reader::join(broker, "members", &["kept"]).await?;
    loop {
        match reader.poll(|assignment| assignment.start).await? {
            Polled::Assigned(partitions) => println!("assigned {}", partitions.len()),
            Polled::Revoked(partitions) => println!("revoked {}", partitions.len()),
            _ => {}
        }
    }
}

/// Says at which time a message came.
async fn answer(broker: &EmbeddedBroker) -> Outcome {
    let mut reader = Reader::join(broker, "echo", &["kept"]).await?;
    reader
        .until(|reader, _| reader.owned().len() == PARTITIONS as usize)
        .await?;
    println!("ready");
    loop {
        let messages = reader.until(|_, came| !came.is_empty()).await?;
        let now = Timestamp::now();
        for message in &messages {
            println!("{} {now}", text(message));
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() -> Outcome {
    let folder = folder();
    let broker = open(folder.path())?;
    topic(&broker, "kept").await?;
    let mut children: Vec<_> = (0..2)
        .map(|_| Child::start(CHILD, "publish", folder.path()))
        .collect();
    let mut acknowledged = Vec::new();
    for _ in 0..50 {
        for child in &mut children {
            acknowledged.push(child.line());
        }
    }
    for child in &mut children {
        child.signal("KILL");
        acknowledged.extend(child.rest());
    }
    let mut reader = Reader::join(&broker, "auditors", &["kept"]).await?;
    let count = acknowledged.len();
    let deliveries = reader.until(|_, came| came.len() >= count).await?;
    let found: Vec<_> = deliveries
        .iter()
        .map(|delivery| format!("{} {}", delivery.key, text(delivery)))
        .collect();
    for line in &acknowledged {
        assert!(found.contains(line), "{line} was acknowledged and is lost");
    }
    Ok(())
}

#[tokio::test]
async fn partitions_of_a_killed_member_move() -> Outcome {
    let folder = folder();
    let broker = open(folder.path())?;
    topic(&broker, "kept").await?;
    let mut child = Child::start(CHILD, "member", folder.path());
    assert_eq!(child.line(), "assigned 6");
    child.signal("KILL");
    let killed = Instant::now();
    let mut reader = Reader::join(&broker, "members", &["kept"]).await?;
    reader
        .until(|reader, _| reader.owned().len() == PARTITIONS as usize)
        .await?;
    println!("taken over after {:?}", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(8));
    Ok(())
}

#[tokio::test]
async fn a_member_that_stood_still_hears_that_it_lost_everything() -> Outcome {
    let folder = folder();
    let broker = open(folder.path())?;
    topic(&broker, "kept").await?;
    let mut child = Child::start(CHILD, "member", folder.path());
    assert_eq!(child.line(), "assigned 6");
    child.signal("STOP");
    let mut reader = Reader::join(&broker, "members", &["kept"]).await?;
    reader
        .until(|reader, _| reader.owned().len() == PARTITIONS as usize)
        .await?;
    child.signal("CONT");
    reader.until(|reader, _| reader.owned().len() == 3).await?;
    assert_eq!(child.line(), "revoked 6");
    // Who polls on is done with what was taken from it.
    reader.poll(|assignment| assignment.start).await?;
    assert_eq!(child.line(), "assigned 3");
    Ok(())
}

#[tokio::test]
async fn messages_reach_other_processes_soon() -> Outcome {
    let folder = folder();
    let broker = open(folder.path())?;
    topic(&broker, "kept").await?;
    let mut child = Child::start(CHILD, "echo", folder.path());
    assert_eq!(child.line(), "ready");
    let mut microseconds = Vec::new();
    for pause in [1, 30].repeat(50) {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let sent = Timestamp::now();
        broker
            .publish(&[message("kept", Uuid::now_v7(), "x")])
            .await?;
        let acknowledged = Timestamp::now();
        let line = child.line();
        let came: Timestamp = line.trim_start_matches("x ").parse().expect("a time");
        let since = |from: Timestamp| came.as_microseconds() - from.as_microseconds();
        microseconds.push((since(sent), since(acknowledged)));
    }
    microseconds.sort_unstable();
    let (half, worst) = (microseconds[50], microseconds[99]);
    println!("from publish (from acknowledgement) to poll, µs: median {half:?}, worst {worst:?}");
    assert!(half.0 < 500_000);
    Ok(())
}

#[tokio::test]
async fn what_no_wake_up_tells_is_found_all_the_same() -> Outcome {
    let folder = folder();
    let deaf = open(folder.path())?;
    topic(&deaf, "kept").await?;
    let mut reader = Reader::join(&deaf, "readers", &["kept"]).await?;
    reader
        .until(|reader, _| reader.owned().len() == PARTITIONS as usize)
        .await?;
    // Made anew under its name, it is another file than the one that is listened to.
    std::fs::remove_file(folder.path().join("broker.db-bell")).expect("the file of wake-ups");
    let other = open(folder.path())?;
    let sent = message("kept", Uuid::now_v7(), "unheard");
    other.publish(&[sent]).await?;
    let came = reader.until(|_, came| !came.is_empty()).await?;
    assert_eq!(text(&came[0]), "unheard");
    Ok(())
}

/// A heartbeat of a partition.
fn beat(topic: &str, partition: u32) -> platform_ports::broker::Publication {
    let (id, as_of) = (Uuid::now_v7(), Timestamp::now());
    platform_ports::broker::Publication {
        partition,
        wire: Control::Heartbeat { as_of }.to_wire(id, "/a/b", as_of),
        ..message(topic, id, "")
    }
}

#[tokio::test]
async fn heartbeats_of_all_partitions_take_the_places_of_those_before() -> Outcome {
    let folder = folder();
    let broker = open(folder.path())?;
    topic(&broker, "beating").await?;
    for _ in 0..3 {
        // The last is of a partition that is not there.
        let beats: Vec<_> = (0..=PARTITIONS).map(|one| beat("beating", one)).collect();
        let outcomes = broker.publish(&beats).await?;
        let there = PARTITIONS as usize;
        assert_eq!(outcomes[..there], vec![PublishOutcome::Acknowledged; there]);
        assert!(matches!(outcomes[there..], [PublishOutcome::Failed(_)]));
    }
    let mut reader = Reader::join(&broker, "listeners", &["beating"]).await?;
    let came = reader
        .until(|_, came| came.len() >= PARTITIONS as usize)
        .await?;
    assert!(came.iter().all(|came| came.offset == 2), "{came:?}");
    let after = message("beating", Uuid::now_v7(), "after");
    let partition = after.partition;
    broker.publish(&[after]).await?;
    let came = reader.until(|_, came| !came.is_empty()).await?;
    assert_eq!((came[0].partition, came[0].offset), (partition, 3));
    Ok(())
}

#[tokio::test]
async fn only_the_newest_heartbeat_is_kept() -> Outcome {
    let folder = folder();
    let broker = open(folder.path())?;
    topic(&broker, "beating").await?;
    let key = Uuid::now_v7();
    let as_of = Timestamp::now();
    let mut beat = message("beating", key, "");
    beat.wire = Control::Heartbeat { as_of }.to_wire(key, "/a/b", as_of);
    let beats = [
        beat.clone(),
        message("beating", key, "1"),
        beat.clone(),
        beat,
    ];
    broker.publish(&beats).await?;
    let mut reader = Reader::join(&broker, "listeners", &["beating"]).await?;
    let came = reader.until(|_, came| came.len() >= 2).await?;
    assert_eq!(
        came.iter().map(|came| came.offset).collect::<Vec<_>>(),
        [1, 3]
    );
    assert!(Control::is_heartbeat(&came[1].wire));
    Ok(())
}

#[tokio::test]
async fn operators_see_how_far_a_group_has_read() -> Outcome {
    let folder = folder();
    let broker = open(folder.path())?;
    topic(&broker, "read").await?;
    let key = Uuid::now_v7();
    broker
        .publish(&[message("read", key, "1"), message("read", key, "2")])
        .await?;
    let mut reader = Reader::join(&broker, "readers", &["read"]).await?;
    let came = reader.until(|_, came| came.len() >= 2).await?;
    reader
        .subscription()
        .commit("read", came[0].partition, 1)
        .await?;
    drop(reader);
    let started = Instant::now();
    let committed = loop {
        let committed = broker.committed("readers").await?;
        if !committed.is_empty() || started.elapsed() > Duration::from_secs(5) {
            break committed;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!((committed[0].next, committed[0].end), (1, 2));
    Ok(())
}
