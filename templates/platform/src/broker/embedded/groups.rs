//! Groups: which members are alive, and which of them reads what.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use super::assignment::{Members, assign};
use crate::broker::BrokerError;

/// How long a process counts as alive after it last said so, in milliseconds.
pub const LEASE_MS: i64 = 4_000;

/// How long a member may take to let go of a partition, in milliseconds.
const RELEASE_MS: i64 = 10_000;

/// A member that joins a group.
#[derive(Debug, Clone)]
pub struct Joining {
    /// Its id, used once.
    pub member: String,
    /// The group.
    pub group: String,
    /// The session of its process.
    pub session: String,
    /// The topics it reads.
    pub topics: BTreeSet<String>,
}

/// How far a member has read a partition.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The group.
    pub group: String,
    /// The member; it counts only while the partition is its own.
    pub member: String,
    /// The partition's id.
    pub partition: i64,
    /// The offset it reads next.
    pub next: i64,
}

/// Adds a member.
///
/// # Errors
/// When the file fails.
pub fn join(connection: &Connection, joining: &Joining, now: i64) -> Result<(), BrokerError> {
    renew(connection, &joining.session, now)?;
    let topics = serde_json::to_string(&joining.topics)
        .map_err(|error| BrokerError::Unusable(error.to_string()))?;
    connection.execute(
        r#"INSERT INTO members (id, "group", session, topics) VALUES (?1, ?2, ?3, ?4)"#,
        [&joining.member, &joining.group, &joining.session, &topics],
    )?;
    rebalance(connection, &joining.group, now)
}

/// Takes a member out.
///
/// # Errors
/// When the file fails.
pub fn leave(connection: &Connection, member: &str, now: i64) -> Result<(), BrokerError> {
    let groups = texts(
        connection,
        r#"DELETE FROM members WHERE id = ?1 RETURNING "group""#,
        params![member],
    )?;
    for group in groups {
        rebalance(connection, &group, now)?;
    }
    Ok(())
}

/// Says that a process lives, and moves what others held who do not, or do not let go.
///
/// # Errors
/// When the file fails.
pub fn renew(connection: &Connection, session: &str, now: i64) -> Result<(), BrokerError> {
    connection
        .prepare_cached(
            "INSERT INTO sessions (id, expires) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET expires = excluded.expires",
        )?
        .execute(params![session, now + LEASE_MS])?;
    connection
        .prepare_cached("DELETE FROM sessions WHERE expires < ?1")?
        .execute([now])?;
    let mut changed: BTreeSet<String> = texts(
        connection,
        r#"DELETE FROM members WHERE session NOT IN (SELECT id FROM sessions)
           RETURNING "group""#,
        params![],
    )?;
    changed.extend(texts(
        connection,
        r#"UPDATE assignments SET owner = wanted, since = ?1
           WHERE owner <> wanted AND since < ?2 RETURNING "group""#,
        params![now, now - RELEASE_MS],
    )?);
    for group in changed {
        rebalance(connection, &group, now)?;
    }
    Ok(())
}

/// Notes how far partitions were read, for operators.
///
/// # Errors
/// When the file fails.
pub fn commit(connection: &Connection, commits: &[Commit]) -> Result<(), BrokerError> {
    let mut statement = connection.prepare_cached(
        r#"INSERT INTO committed ("group", partition, next)
           SELECT "group", partition, ?4 FROM assignments
           WHERE "group" = ?1 AND partition = ?2 AND owner = ?3
           ON CONFLICT DO UPDATE SET next = excluded.next"#,
    )?;
    for commit in commits {
        statement.execute(params![
            commit.group,
            commit.partition,
            commit.member,
            commit.next
        ])?;
    }
    Ok(())
}

/// Hands partitions over to whom they are meant for.
///
/// # Errors
/// When the file fails.
pub fn release(
    connection: &Connection,
    group: &str,
    member: &str,
    partitions: &[i64],
) -> Result<(), BrokerError> {
    for partition in partitions {
        connection.execute(
            r#"UPDATE assignments SET owner = wanted
               WHERE "group" = ?1 AND owner = ?2 AND partition = ?3"#,
            params![group, member, partition],
        )?;
    }
    next_generation(connection, group)
}

/// Assigns anew in all groups that read a topic.
///
/// # Errors
/// When the file fails.
pub fn rebalance_readers(
    connection: &Connection,
    topic: &str,
    now: i64,
) -> Result<(), BrokerError> {
    for group in texts(connection, r#"SELECT "group" FROM members"#, params![])? {
        let members = members(connection, &group)?;
        if members.values().any(|topics| topics.contains(topic)) {
            rebalance(connection, &group, now)?;
        }
    }
    Ok(())
}

/// Assigns a group's partitions anew. What a living member holds it keeps until it lets go.
fn rebalance(connection: &Connection, group: &str, now: i64) -> Result<(), BrokerError> {
    let members = members(connection, group)?;
    let held = held(connection, group)?;
    connection.execute(r#"DELETE FROM assignments WHERE "group" = ?1"#, [group])?;
    if members.is_empty() {
        connection.execute("DELETE FROM groups WHERE name = ?1", [group])?;
        return Ok(());
    }
    let alive = |member: &String| members.contains_key(member);
    let current = held
        .iter()
        .map(|(partition, held)| {
            let member = if alive(&held.wanted) {
                &held.wanted
            } else {
                &held.owner
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
        let before = held.get(&partition);
        let owner = before.map(|held| &held.owner).filter(|owner| alive(owner));
        let asked = before.filter(|held| held.wanted == wanted);
        let since = asked.map_or(now, |held| held.since);
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
struct Held {
    owner: String,
    wanted: String,
    since: i64,
}

fn held(connection: &Connection, group: &str) -> rusqlite::Result<BTreeMap<i64, Held>> {
    connection
        .prepare_cached(
            r#"SELECT partition, owner, wanted, since FROM assignments WHERE "group" = ?1"#,
        )?
        .query_map([group], |row| {
            let held = Held {
                owner: row.get(1)?,
                wanted: row.get(2)?,
                since: row.get(3)?,
            };
            Ok((row.get(0)?, held))
        })?
        .collect()
}

fn members(connection: &Connection, group: &str) -> Result<Members, BrokerError> {
    let mut statement =
        connection.prepare_cached(r#"SELECT id, topics FROM members WHERE "group" = ?1"#)?;
    let mut rows = statement.query([group])?;
    let mut members = Members::new();
    while let Some(row) = rows.next()? {
        let topics: String = row.get(1)?;
        let topics = serde_json::from_str(&topics)
            .map_err(|error| BrokerError::Unusable(error.to_string()))?;
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

fn next_generation(connection: &Connection, group: &str) -> Result<(), BrokerError> {
    connection.execute("UPDATE counter SET generation = generation + 1", [])?;
    connection.execute(
        "INSERT INTO groups (name, generation) SELECT ?1, generation FROM counter WHERE true
         ON CONFLICT DO UPDATE SET generation = excluded.generation",
        [group],
    )?;
    Ok(())
}

fn texts(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
) -> rusqlite::Result<BTreeSet<String>> {
    connection
        .prepare_cached(sql)?
        .query_map(values, |row| row.get(0))?
        .collect()
}
