//! Writes down who reads what, whenever members come and go.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use super::assignment::{Members, assign};
use super::error::Error;

/// Assigns anew in all groups that read a topic.
///
/// # Errors
/// When the file fails.
pub fn rebalance_readers(connection: &Connection, topic: &str, now: i64) -> Result<(), Error> {
    let groups: BTreeSet<String> = connection
        .prepare_cached(r#"SELECT "group" FROM members"#)?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for group in groups {
        let members = members(connection, &group)?;
        if members.values().any(|topics| topics.contains(topic)) {
            rebalance(connection, &group, now)?;
        }
    }
    Ok(())
}

/// Assigns a group's partitions anew. What a living member holds it keeps until it lets go.
///
/// # Errors
/// When the file fails.
pub fn rebalance(connection: &Connection, group: &str, now: i64) -> Result<(), Error> {
    let members = members(connection, group)?;
    let previous = previous(connection, group)?;
    connection.execute(r#"DELETE FROM assignments WHERE "group" = ?1"#, [group])?;
    if members.is_empty() {
        connection.execute("DELETE FROM groups WHERE name = ?1", [group])?;
        return Ok(());
    }
    let alive = |member: &String| members.contains_key(member);
    let current = previous
        .iter()
        .map(|(partition, assignment)| {
            let member = if alive(&assignment.wanted) {
                &assignment.wanted
            } else {
                &assignment.owner
            };
            (*partition, member.clone())
        })
        .collect();
    let partitions = partitions(connection, members.values().flatten())?;
    let mut insert = connection.prepare_cached(
        r#"INSERT INTO assignments ("group", partition, owner, wanted, since)
           VALUES (?1, ?2, ?3, ?4, ?5)"#,
    )?;
    for (partition, wanted) in assign(&partitions, &members, &current) {
        let before = previous.get(&partition);
        let owner = before
            .map(|assignment| &assignment.owner)
            .filter(|owner| alive(owner));
        let unchanged = before.filter(|assignment| assignment.wanted == wanted);
        let since = unchanged.map_or(now, |assignment| assignment.since);
        insert.execute(params![
            group,
            partition,
            owner.unwrap_or(&wanted),
            wanted,
            since
        ])?;
    }
    next_generation(connection, group)
}

/// A partition as it was assigned before.
struct PreviousAssignment {
    owner: String,
    wanted: String,
    since: i64,
}

fn previous(
    connection: &Connection,
    group: &str,
) -> rusqlite::Result<BTreeMap<i64, PreviousAssignment>> {
    connection
        .prepare_cached(
            r#"SELECT partition, owner, wanted, since FROM assignments WHERE "group" = ?1"#,
        )?
        .query_map([group], |row| {
            let assignment = PreviousAssignment {
                owner: row.get(1)?,
                wanted: row.get(2)?,
                since: row.get(3)?,
            };
            Ok((row.get(0)?, assignment))
        })?
        .collect()
}

fn members(connection: &Connection, group: &str) -> Result<Members, Error> {
    let mut statement =
        connection.prepare_cached(r#"SELECT id, topics FROM members WHERE "group" = ?1"#)?;
    let mut rows = statement.query([group])?;
    let mut members = Members::new();
    while let Some(row) = rows.next()? {
        let topics: String = row.get(1)?;
        let topics = serde_json::from_str(&topics).map_err(Error::unusable)?;
        members.insert(row.get(0)?, topics);
    }
    Ok(members)
}

fn partitions<'a>(
    connection: &Connection,
    topics: impl Iterator<Item = &'a String>,
) -> rusqlite::Result<BTreeMap<i64, String>> {
    let mut partitions = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT id FROM partitions WHERE topic = ?1")?;
    for topic in topics.collect::<BTreeSet<_>>() {
        for id in statement.query_map([topic], |row| row.get(0))? {
            partitions.insert(id?, topic.clone());
        }
    }
    Ok(partitions)
}

/// Lets the group's members know that something has changed.
///
/// # Errors
/// When the file fails.
pub fn next_generation(connection: &Connection, group: &str) -> Result<(), Error> {
    connection.execute("UPDATE counter SET generation = generation + 1", [])?;
    connection.execute(
        "INSERT INTO groups (name, generation) SELECT ?1, generation FROM counter WHERE true
         ON CONFLICT DO UPDATE SET generation = excluded.generation",
        [group],
    )?;
    Ok(())
}
