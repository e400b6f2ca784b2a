//! What every broker has to satisfy. Each function takes two handles on the same broker, as two
//! processes would have them, and panics where it does not conform.

use std::collections::BTreeMap;

use uuid::Uuid;

use platform_contract::envelope::{Headers, Wire, partition_of};
use platform_ports::broker::{
    Broker, BrokerError, Delivery, Polled, Publication, PublishOutcome, Topic,
};
use platform_testing::consuming::Reader;

/// The number of partitions of the suite's topics.
pub const PARTITIONS: u32 = 6;

/// Makes a topic.
///
/// # Errors
/// When the broker fails.
pub async fn topic(broker: &dyn Broker, name: &str) -> Result<(), BrokerError> {
    let name = name.to_owned();
    let partitions = PARTITIONS;
    broker.ensure_topics(&[Topic { name, partitions }]).await
}

/// A message with this text as its payload.
pub fn message(topic: &str, key: Uuid, text: &str) -> Publication {
    Publication {
        topic: topic.to_owned(),
        partition: partition_of(key, PARTITIONS),
        key: key.to_string(),
        wire: Wire {
            headers: Headers::from_iter([("ce_id", &*key.to_string())]),
            payload: text.as_bytes().to_vec(),
        },
    }
}

/// The payload as text.
pub fn text(delivery: &Delivery) -> String {
    String::from_utf8_lossy(&delivery.wire.payload).into_owned()
}

/// Messages of one key arrive in the order of their publication, and nothing of them is changed.
///
/// # Errors
/// When the broker fails.
pub async fn keeps_order(first: &dyn Broker, second: &dyn Broker) -> Result<(), BrokerError> {
    topic(first, "order").await?;
    topic(second, "order").await?;
    let keys: Vec<_> = (0..8).map(|_| Uuid::now_v7()).collect();
    let write = async |broker: &dyn Broker, keys: &[Uuid]| {
        for round in 0..20 {
            let steps = (0..5).flat_map(|step| keys.iter().map(move |key| (key, step)));
            let messages: Vec<_> = steps
                .map(|(key, step)| message("order", *key, &(round * 5 + step).to_string()))
                .collect();
            let outcomes = broker.publish(&messages).await?;
            assert_eq!(outcomes, vec![PublishOutcome::Acknowledged; messages.len()]);
        }
        Ok::<_, BrokerError>(())
    };
    let (one, other) = tokio::join!(write(first, &keys[..4]), write(second, &keys[4..]));
    one.and(other)?;
    let mut reader = Reader::join(first, "order-readers", &["order"]).await?;
    let deliveries = reader.until(|_, came| came.len() >= 800).await?;
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for delivery in &deliveries {
        assert_eq!(delivery.wire.headers.get("ce_id"), Some(&*delivery.key));
        texts
            .entry(delivery.key.clone())
            .or_default()
            .push(text(delivery));
    }
    let expected: Vec<_> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(texts.len(), keys.len());
    assert!(texts.values().all(|texts| *texts == expected), "{texts:?}");
    Ok(())
}

/// Every group gets every message; within one, a partition has one reader.
///
/// # Errors
/// When the broker fails.
pub async fn serves_groups(first: &dyn Broker, second: &dyn Broker) -> Result<(), BrokerError> {
    topic(first, "groups").await?;
    let messages: Vec<_> = (0..50)
        .map(|number| message("groups", Uuid::now_v7(), &number.to_string()))
        .collect();
    first.publish(&messages).await?;
    for (broker, group) in [(first, "one"), (second, "other")] {
        let mut reader = Reader::join(broker, group, &["groups"]).await?;
        let deliveries = reader.until(|_, came| came.len() >= 50).await?;
        assert_eq!(deliveries.len(), 50, "{group}");
    }
    Ok(())
}

/// A second member gets its share, and only that moves; when it leaves, the first gets it back.
///
/// # Errors
/// When the broker fails.
pub async fn shares_partitions(first: &dyn Broker, second: &dyn Broker) -> Result<(), BrokerError> {
    let half = PARTITIONS as usize / 2;
    topic(first, "shared").await?;
    let mut one = Reader::join(first, "sharers", &["shared"]).await?;
    one.until(|reader, _| reader.owned().len() == 2 * half)
        .await?;
    let before = one.owned().clone();

    let mut other = Reader::join(second, "sharers", &["shared"]).await?;
    let revoked = revocation(&mut one).await?;
    assert_eq!(revoked.len(), half, "only what moves is revoked");
    for _ in 0..3 {
        other.poll(|assignment| assignment.start).await?;
    }
    assert!(
        other.owned().is_empty(),
        "a partition moves when its owner is done with it"
    );

    one.poll(|assignment| assignment.start).await?;
    other
        .until(|reader, _| reader.owned().len() == half)
        .await?;
    assert!(one.owned().is_disjoint(other.owned()));
    assert_eq!(one.owned() | other.owned(), before);

    drop(other);
    one.until(|reader, _| reader.owned().len() == 2 * half)
        .await?;
    Ok(())
}

async fn revocation(reader: &mut Reader) -> Result<Vec<(String, u32)>, BrokerError> {
    for _ in 0..200 {
        if let Polled::Revoked(partitions) = reader.poll(|assignment| assignment.start).await? {
            return Ok(partitions);
        }
    }
    Err(BrokerError::Unusable("nothing was revoked".to_owned()))
}

/// What was read before it is read again after a seek; an offset that is not there is said to be so.
///
/// # Errors
/// When the broker fails.
pub async fn seeks(first: &dyn Broker, _: &dyn Broker) -> Result<(), BrokerError> {
    topic(first, "sought").await?;
    let key = Uuid::now_v7();
    let partition = partition_of(key, PARTITIONS);
    let messages: Vec<_> = (0..10)
        .map(|number| message("sought", key, &number.to_string()))
        .collect();
    first.publish(&messages).await?;
    let mut reader = Reader::join(first, "seekers", &["sought"]).await?;
    let all = reader.until(|_, came| came.len() >= 10).await?;
    let there = first.partitions("sought").await?;
    let there = there.iter().find(|there| there.partition == partition);
    let end = there.map_or(0, |there| there.end);
    assert_eq!(there.map(|there| there.start), Some(all[0].offset));

    reader
        .subscription()
        .seek("sought", partition, all[7].offset)
        .await?;
    let again = reader.until(|_, came| came.len() >= 3).await?;
    assert_eq!(again.iter().map(text).collect::<Vec<_>>(), ["7", "8", "9"]);

    for absent in [end + 1, all[0].offset - 1] {
        reader
            .subscription()
            .seek("sought", partition, absent)
            .await?;
        let polled = reader.poll(|assignment| assignment.start).await?;
        assert!(
            matches!(polled, Polled::OutOfRange { .. }),
            "{absent}: {polled:?}"
        );
    }
    Ok(())
}

/// A paused partition delivers nothing and stays assigned.
///
/// # Errors
/// When the broker fails.
pub async fn pauses(first: &dyn Broker, second: &dyn Broker) -> Result<(), BrokerError> {
    topic(first, "paused").await?;
    let mut reader = Reader::join(first, "pausers", &["paused"]).await?;
    reader
        .until(|reader, _| reader.owned().len() == PARTITIONS as usize)
        .await?;
    let (key, other) = (key_in(0), key_in(1));
    reader.subscription().pause("paused", 0, true).await?;
    let messages = [
        message("paused", key, "held"),
        message("paused", other, "free"),
    ];
    second.publish(&messages).await?;
    let came = reader.until(|_, came| !came.is_empty()).await?;
    assert_eq!(came.iter().map(text).collect::<Vec<_>>(), ["free"]);
    let polled = reader.poll(|assignment| assignment.start).await?;
    assert!(
        matches!(&polled, Polled::Messages(none) if none.is_empty()),
        "{polled:?}"
    );
    reader.subscription().pause("paused", 0, false).await?;
    let came = reader.until(|_, came| !came.is_empty()).await?;
    assert_eq!(came.iter().map(text).collect::<Vec<_>>(), ["held"]);
    Ok(())
}

fn key_in(partition: u32) -> Uuid {
    std::iter::repeat_with(Uuid::now_v7)
        .find(|key| partition_of(*key, PARTITIONS) == partition)
        .unwrap_or_default()
}

/// A topic that was deleted and made again is another one, and readers hear of it.
///
/// # Errors
/// When the broker fails.
pub async fn tells_topics_apart(
    first: &dyn Broker,
    second: &dyn Broker,
) -> Result<(), BrokerError> {
    topic(first, "anew").await?;
    first
        .publish(&[message("anew", Uuid::now_v7(), "old")])
        .await?;
    let before = first.partitions("anew").await?;
    let mut reader = Reader::join(first, "renewers", &["anew"]).await?;
    reader.until(|_, came| came.len() == 1).await?;

    second.delete_topic("anew").await?;
    assert_eq!(second.partitions("anew").await?, []);
    reader.until(|reader, _| reader.owned().is_empty()).await?;
    topic(second, "anew").await?;
    let after = first.partitions("anew").await?;
    assert_eq!(after.len(), PARTITIONS as usize);
    assert_ne!(before[0].topic_id, after[0].topic_id);
    second
        .publish(&[message("anew", Uuid::now_v7(), "new")])
        .await?;
    let came = reader.until(|_, came| !came.is_empty()).await?;
    assert_eq!(came.iter().map(text).collect::<Vec<_>>(), ["new"]);
    Ok(())
}

/// A message that is too large is refused for good, and only its own key waits.
///
/// # Errors
/// When the broker fails.
pub async fn refuses_too_large(first: &dyn Broker, _: &dyn Broker) -> Result<(), BrokerError> {
    topic(first, "large").await?;
    let (key, other) = (Uuid::now_v7(), Uuid::now_v7());
    let outcomes = first
        .publish(&[
            message("large", key, "before"),
            message("large", key, &"x".repeat(64 << 20)),
            message("large", key, "after"),
            message("large", other, "other"),
        ])
        .await?;
    assert_eq!(outcomes[0], PublishOutcome::Acknowledged);
    assert!(
        matches!(outcomes[1], PublishOutcome::Refused(_)),
        "{:?}",
        outcomes[1]
    );
    assert!(
        matches!(outcomes[2], PublishOutcome::Failed(_)),
        "{:?}",
        outcomes[2]
    );
    assert_eq!(outcomes[3], PublishOutcome::Acknowledged);
    Ok(())
}

/// A topic keeps its number of partitions, and what has no topic is not taken.
///
/// # Errors
/// When the broker fails.
pub async fn guards_topics(first: &dyn Broker, _: &dyn Broker) -> Result<(), BrokerError> {
    topic(first, "guarded").await?;
    topic(first, "guarded").await?;
    let other = Topic {
        name: "guarded".to_owned(),
        partitions: PARTITIONS + 1,
    };
    assert!(first.ensure_topics(&[other]).await.is_err());
    let outcomes = first
        .publish(&[message("nowhere", Uuid::now_v7(), "")])
        .await?;
    assert!(
        matches!(outcomes[..], [PublishOutcome::Failed(_)]),
        "{outcomes:?}"
    );
    Ok(())
}
