//! Topics and their partitions.

use platform_ports::broker::{Assignment, Topic};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::error::Error;
use super::rebalance;

/// Makes the topics that are missing.
///
/// # Errors
/// When a topic is there with another number of partitions, or the file fails.
pub fn ensure(connection: &Connection, topics: &[Topic], now: i64) -> Result<(), Error> {
    for topic in topics {
        let there = count(connection, &topic.name)?;
        if there == Some(topic.partitions) {
            continue;
        }
        if let Some(there) = there {
            return Err(Error::unusable(format!(
                "the topic `{}` has {there} partitions, not {}",
                topic.name, topic.partitions
            )));
        }
        create(connection, topic)?;
        rebalance::rebalance_readers(connection, &topic.name, now)?;
    }
    Ok(())
}

/// Deletes a topic; its messages follow later, in slices.
///
/// # Errors
/// When the file fails.
pub fn delete(connection: &Connection, name: &str, now: i64) -> Result<(), Error> {
    const OF_TOPIC: &str = "partition IN (SELECT id FROM partitions WHERE topic = ?1)";
    connection.execute(
        "INSERT INTO dropped SELECT id FROM partitions WHERE topic = ?1",
        [name],
    )?;
    connection.execute(&format!("DELETE FROM assignments WHERE {OF_TOPIC}"), [name])?;
    connection.execute(&format!("DELETE FROM committed WHERE {OF_TOPIC}"), [name])?;
    connection.execute("DELETE FROM partitions WHERE topic = ?1", [name])?;
    connection.execute("DELETE FROM topics WHERE name = ?1", [name])?;
    rebalance::rebalance_readers(connection, name, now)
}

/// The partitions of a topic; none when it is not there.
///
/// # Errors
/// When the file fails.
pub fn partitions(connection: &Connection, name: &str) -> Result<Vec<Assignment>, Error> {
    let mut statement = connection.prepare_cached(
        "SELECT number, topic_id, start, next FROM partitions JOIN topics ON name = topic
         WHERE topic = ?1 ORDER BY number",
    )?;
    let rows = statement.query_map([name], |row| {
        Ok(Assignment {
            topic: name.to_owned(),
            partition: row.get(0)?,
            topic_id: row.get(1)?,
            start: row.get(2)?,
            end: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn count(connection: &Connection, name: &str) -> rusqlite::Result<Option<u32>> {
    connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM partitions WHERE topic = name)
             FROM topics WHERE name = ?1",
        )?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn create(connection: &Connection, topic: &Topic) -> rusqlite::Result<()> {
    let topic_id = Uuid::now_v7().to_string();
    connection.execute(
        "INSERT INTO topics (name, topic_id) VALUES (?1, ?2)",
        [&topic.name, &topic_id],
    )?;
    for number in 0..topic.partitions {
        connection.execute(
            "INSERT INTO partitions (topic, number) VALUES (?1, ?2)",
            params![topic.name, number],
        )?;
    }
    Ok(())
}
