//! What is special about Kafka's topics: limits and offsets that others change, and new ones under
//! an old name.

use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use uuid::Uuid;

use super::{Outcome, served};
use platform_conformance::broker::{PARTITIONS, message, text, topic};
use platform_kafka::{KafkaBroker, Settings};
use platform_ports::broker::{Broker, BrokerError, Polled, Publication, PublishOutcome, Topic};
use platform_testing::consuming::Reader;

/// An operator's client.
fn operator(settings: &Settings) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &settings.brokers);
    config.create().expect("an operator")
}

/// A message of a key into partition 0.
fn into_first(topic: &str, key: Uuid, text: &str) -> Publication {
    let mut message = message(topic, key, text);
    message.partition = 0;
    message
}

#[tokio::test]
async fn what_a_topic_does_not_take_holds_up_its_own_key_only() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let name = format!("{}narrow", settings.prefix);
    let narrow =
        NewTopic::new(&name, 6, TopicReplication::Fixed(1)).set("max.message.bytes", "2000");
    // It has to live as long as its question.
    let operator = operator(&settings);
    let made = operator.create_topics([&narrow], &AdminOptions::new());
    made.await.expect("a topic")[0].as_ref().expect("made");

    let broker = KafkaBroker::open(settings)?;
    topic(&broker, "narrow").await?;
    let (key, other) = (Uuid::now_v7(), Uuid::now_v7());
    // It must not get small by compression.
    let large: String = (0..200).map(|_| Uuid::now_v7().to_string()).collect();
    let messages = [
        into_first("narrow", other, "1"),
        into_first("narrow", key, "before"),
        into_first("narrow", key, &large),
        into_first("narrow", key, "after"),
        into_first("narrow", other, "2"),
        into_first("narrow", other, "3"),
    ];
    // The first time nothing is known of the partition, the second time all goes into one batch.
    for _ in 0..2 {
        let outcomes = broker.publish(&messages).await?;
        let taken: Vec<_> = outcomes
            .iter()
            .map(|outcome| match outcome {
                PublishOutcome::Acknowledged => "taken",
                PublishOutcome::Refused(_) => "refused",
                PublishOutcome::Failed(_) => "failed",
            })
            .collect();
        let expected = ["taken", "taken", "refused", "failed", "taken", "taken"];
        assert_eq!(taken, expected, "{outcomes:?}");
    }
    let mut reader = Reader::join(&broker, "readers", &["narrow"]).await?;
    let came = reader.until(|_, came| came.len() >= 8).await?;
    let mut of_other: Vec<_> = came
        .iter()
        .filter(|one| one.key == other.to_string())
        .map(text)
        .collect();
    of_other.dedup();
    assert_eq!(of_other, ["1", "2", "3", "1", "2", "3"]);
    assert!(came.iter().all(|one| text(one) != "after"), "it overtook");
    Ok(())
}

/// Deletes what is before an offset, as retention does.
async fn forget(settings: &Settings, topic: &str, partition: i32, before: i64) {
    let mut list = TopicPartitionList::new();
    let name = format!("{}{topic}", settings.prefix);
    list.add_partition_offset(&name, partition, Offset::Offset(before))
        .expect("an offset");
    // It has to live as long as its question.
    let operator = operator(settings);
    let deleted = operator.delete_records(&list, &AdminOptions::new());
    let deleted = deleted.await.expect("deleted records");
    deleted.elements()[0].error().expect("deleted");
}

#[tokio::test]
async fn what_retention_took_is_out_of_range() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let broker = KafkaBroker::open(settings.clone())?;
    topic(&broker, "short").await?;
    let key = Uuid::now_v7();
    let messages: Vec<_> = (0..10)
        .map(|number| into_first("short", key, &number.to_string()))
        .collect();
    broker.publish(&messages).await?;
    let topics = ["short".to_owned()];
    let mut member = broker.subscribe("readers", &topics).await?;
    let assigned = loop {
        if let Polled::Assigned(assigned) = member.poll(100, 250).await? {
            break assigned;
        }
    };
    // Between the assignment and the first look the beginning goes.
    forget(&settings, "short", 0, 5).await;
    for assignment in &assigned {
        member
            .seek("short", assignment.partition, assignment.start)
            .await?;
    }
    for round in 0..2 {
        let polled = loop {
            match member.poll(100, 250).await? {
                Polled::Messages(none) if none.is_empty() => {}
                other => break other,
            }
        };
        assert!(
            matches!(polled, Polled::OutOfRange { partition: 0, .. }),
            "{round}: {polled:?}"
        );
        // What is already known to be gone is told as well.
        member.seek("short", 0, 4).await?;
    }
    let there = broker.partitions("short").await?;
    assert_eq!((there[0].start, there[0].end), (5, 10));
    member.seek("short", 0, 5).await?;
    let mut came = Vec::new();
    while came.len() < 5 {
        if let Polled::Messages(messages) = member.poll(100, 250).await? {
            came.extend(messages.iter().map(text));
        }
    }
    assert_eq!(came, ["5", "6", "7", "8", "9"]);
    Ok(())
}

/// Nobody sees that it was gone in between: the client itself reads on in the new topic.
#[tokio::test]
async fn a_topic_made_anew_at_once_is_another_one() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let broker = KafkaBroker::open(settings)?;
    topic(&broker, "anew").await?;
    let key = Uuid::now_v7();
    let old = [
        into_first("anew", key, "old 1"),
        into_first("anew", key, "old 2"),
    ];
    broker.publish(&old).await?;
    let before = broker.partitions("anew").await?;
    let mut reader = Reader::join(&broker, "readers", &["anew"]).await?;
    reader.until(|_, came| came.len() == 2).await?;

    broker.delete_topic("anew").await?;
    topic(&broker, "anew").await?;
    let new: Vec<_> = (0..3)
        .map(|number| into_first("anew", key, &format!("new {number}")))
        .collect();
    let mut acknowledged = 0;
    while acknowledged < new.len() {
        let outcomes = broker.publish(&new[acknowledged..]).await?;
        let taken = outcomes
            .iter()
            .take_while(|one| **one == PublishOutcome::Acknowledged);
        acknowledged += taken.count();
    }
    let after = broker.partitions("anew").await?;
    assert_ne!(before[0].topic_id, after[0].topic_id);
    let began = std::time::Instant::now();
    let topic_id = loop {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody was told");
        if let Polled::Assigned(assigned) = reader.poll(|assignment| assignment.start).await? {
            break assigned[0].topic_id.clone();
        }
    };
    assert_eq!(topic_id, after[0].topic_id);
    println!("told of the new topic after {:?}", began.elapsed());
    let came = reader.until(|_, came| came.len() >= 3).await?;
    let texts: Vec<_> = came.iter().map(text).collect();
    assert!(
        texts.ends_with(&["new 0".to_owned(), "new 1".to_owned(), "new 2".to_owned()]),
        "{texts:?}"
    );
    Ok(())
}

#[tokio::test]
async fn many_make_the_same_topics_at_once() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let brokers: Vec<_> = (0..4)
        .map(|_| KafkaBroker::open(settings.clone()))
        .collect::<Result<_, _>>()?;
    let topics: Vec<_> = ["a", "b", "c"]
        .map(|name| Topic {
            name: name.to_owned(),
            partitions: PARTITIONS,
        })
        .to_vec();
    let (one, two, three, four) = tokio::join!(
        brokers[0].ensure_topics(&topics),
        brokers[1].ensure_topics(&topics),
        brokers[2].ensure_topics(&topics),
        brokers[3].ensure_topics(&topics),
    );
    one.and(two).and(three).and(four)?;
    let seen = brokers[0].partitions("c").await?;
    assert_eq!(seen, brokers[3].partitions("c").await?);
    let other = Topic {
        name: "c".to_owned(),
        partitions: 3,
    };
    let refused = brokers[1].ensure_topics(&[other]).await;
    assert!(
        matches!(&refused, Err(BrokerError::Unusable(why)) if why.contains("6 partitions")),
        "{refused:?}"
    );
    Ok(())
}

/// What operators have set stays, and so does what tells the topic from one made anew.
#[tokio::test]
async fn topics_keep_messages_as_long_as_is_said_now() -> Outcome {
    let Some(mut settings) = served() else {
        return Ok(());
    };
    let day = Duration::from_secs(24 * 60 * 60);
    let operator = operator(&settings);
    let name = format!("{}lasting", settings.prefix);
    settings.retention = Some(2 * day);
    let broker = KafkaBroker::open(settings.clone())?;
    topic(&broker, "lasting").await?;
    assert_eq!(
        configured(&operator, &name, "retention.ms").await,
        "172800000"
    );
    let policy = configured(&operator, &name, "cleanup.policy").await;
    let mark = configured(&operator, &name, "max.compaction.lag.ms").await;

    let narrow = AlterConfig::new(ResourceSpecifier::Topic(&name))
        .set("retention.ms", "172800000")
        .set("cleanup.policy", &policy)
        .set("max.compaction.lag.ms", &mark)
        .set("max.message.bytes", "2000");
    let altered = operator.alter_configs([&narrow], &AdminOptions::new());
    altered.await.expect("altered")[0].as_ref().expect("set");

    let before = broker.partitions("lasting").await?;
    settings.retention = Some(3 * day);
    let again = KafkaBroker::open(settings.clone())?;
    topic(&again, "lasting").await?;
    becomes(&operator, &name, "retention.ms", "259200000").await;
    becomes(&operator, &name, "max.message.bytes", "2000").await;
    assert_eq!(again.partitions("lasting").await?, before);

    // Where nothing is said, it stays as it is.
    settings.retention = None;
    topic(&KafkaBroker::open(settings)?, "lasting").await?;
    becomes(&operator, &name, "retention.ms", "259200000").await;
    Ok(())
}

/// Waits until the configuration of a topic says this: brokers hear of changes one after the other.
async fn becomes(
    operator: &AdminClient<DefaultClientContext>,
    topic: &str,
    name: &str,
    wanted: &str,
) {
    let end = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let value = configured(operator, topic, name).await;
        if value == wanted {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{name} is {value}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What the configuration of a topic says, as an operator sees it.
async fn configured(
    operator: &AdminClient<DefaultClientContext>,
    topic: &str,
    name: &str,
) -> String {
    let topic = ResourceSpecifier::Topic(topic);
    let described = operator.describe_configs([&topic], &AdminOptions::new());
    let described = described.await.expect("an answer");
    let config = described[0].as_ref().expect("a configuration");
    let entry = config.get(name).expect("an entry");
    entry.value.clone().expect("a value")
}

/// An empty payload stays one, and what is no envelope is passed on as it is.
#[tokio::test]
async fn payloads_and_headers_come_back_as_they_were() -> Outcome {
    let Some(settings) = served() else {
        return Ok(());
    };
    let broker = KafkaBroker::open(settings)?;
    topic(&broker, "kept").await?;
    let key = Uuid::now_v7();
    let mut sent = into_first("kept", key, "");
    sent.wire.headers.push("ce_subject", "ä, ✓");
    sent.wire.headers.push("ce_empty", "");
    broker.publish(std::slice::from_ref(&sent)).await?;
    let mut reader = Reader::join(&broker, "readers", &["kept"]).await?;
    let came = reader.until(|_, came| !came.is_empty()).await?;
    assert_eq!(came[0].wire, sent.wire);
    assert_eq!((came[0].key.clone(), came[0].offset), (key.to_string(), 0));
    Ok(())
}
