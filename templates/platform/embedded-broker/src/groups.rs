//! Groups: which members are alive, and how far they have read.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::error::Error;
use super::rebalance::{next_generation, rebalance};

/// How long a process counts as alive after it last said so, in milliseconds.
pub const LEASE_MS: i64 = 4_000;

/// How long a member may take to let go of a partition, in milliseconds.
const RELEASE_MS: i64 = 10_000;

/// A member that joins a group.
#[derive(Debug, Clone)]
pub struct Membership {
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
pub fn join(connection: &Connection, membership: &Membership, now: i64) -> Result<(), Error> {
    renew(connection, &membership.session, now)?;
    let topics = serde_json::to_string(&membership.topics).map_err(Error::unusable)?;
    connection.execute(
        r#"INSERT INTO members (id, "group", session, topics) VALUES (?1, ?2, ?3, ?4)"#,
        [
            &membership.member,
            &membership.group,
            &membership.session,
            &topics,
        ],
    )?;
    rebalance(connection, &membership.group, now)
}

/// Takes a member out.
///
/// # Errors
/// When the file fails.
pub fn leave(connection: &Connection, member: &str, now: i64) -> Result<(), Error> {
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

/// Says that a process lives, and moves what others held who do not, or do not let go; whether
/// anything moved.
///
/// # Errors
/// When the file fails.
pub fn renew(connection: &Connection, session: &str, now: i64) -> Result<bool, Error> {
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
    for group in &changed {
        rebalance(connection, group, now)?;
    }
    Ok(!changed.is_empty())
}

/// Notes how far partitions were read, for operators.
///
/// # Errors
/// When the file fails.
pub fn commit(connection: &Connection, commits: &[Commit]) -> Result<(), Error> {
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
) -> Result<(), Error> {
    for partition in partitions {
        connection.execute(
            r#"UPDATE assignments SET owner = wanted
               WHERE "group" = ?1 AND owner = ?2 AND partition = ?3"#,
            params![group, member, partition],
        )?;
    }
    next_generation(connection, group)
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

#[cfg(test)]
mod tests {
    use super::{Commit, LEASE_MS, Membership, RELEASE_MS, commit, join, release, renew};
    use crate::error::Error;
    use crate::{fetch, topics};
    use platform_ports::broker::Topic;
    use rusqlite::Connection;

    fn file() -> Result<Connection, Error> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(include_str!("schema.sql"))?;
        let topic = Topic {
            name: "t".to_owned(),
            partitions: 4,
        };
        topics::ensure(&connection, &[topic], 0)?;
        Ok(connection)
    }

    /// Each member is of a process of its own.
    fn joining(member: &str) -> Membership {
        Membership {
            member: member.to_owned(),
            group: "g".to_owned(),
            session: format!("session of {member}"),
            topics: ["t".to_owned()].into(),
        }
    }

    fn owned(connection: &Connection, member: &str) -> Result<Vec<(i64, bool)>, Error> {
        let assigned = fetch::assigned_partitions(connection, "g", member)?.unwrap_or_default();
        Ok(assigned
            .iter()
            .map(|partition| (partition.id, partition.stays))
            .collect())
    }

    #[test]
    fn a_partition_moves_when_its_owner_lets_go() -> Result<(), Error> {
        let connection = file()?;
        join(&connection, &joining("a"), 0)?;
        join(&connection, &joining("b"), 1)?;
        assert!(owned(&connection, "b")?.is_empty());
        let leaving: Vec<_> = owned(&connection, "a")?;
        let leaving: Vec<_> = leaving
            .iter()
            .filter(|(_, stays)| !stays)
            .map(|(id, _)| *id)
            .collect();
        assert_eq!(leaving.len(), 2);
        release(&connection, "g", "a", &leaving)?;
        assert_eq!(owned(&connection, "b")?.len(), 2);
        Ok(())
    }

    #[test]
    fn who_does_not_let_go_in_time_is_not_waited_for() -> Result<(), Error> {
        let connection = file()?;
        join(&connection, &joining("a"), 0)?;
        join(&connection, &joining("b"), 0)?;
        let mut now = 0;
        while now <= RELEASE_MS {
            renew(&connection, "session of a", now)?;
            renew(&connection, "session of b", now)?;
            assert!(owned(&connection, "b")?.is_empty());
            now += LEASE_MS / 2;
        }
        renew(&connection, "session of b", now)?;
        assert_eq!(owned(&connection, "b")?.len(), 2);
        Ok(())
    }

    #[test]
    fn only_the_owner_of_a_partition_commits() -> Result<(), Error> {
        let connection = file()?;
        join(&connection, &joining("a"), 0)?;
        let of = |member: &str, next| Commit {
            group: "g".to_owned(),
            member: member.to_owned(),
            partition: 1,
            next,
        };
        let committed = || {
            connection.query_row(
                "SELECT next FROM committed WHERE partition = 1",
                [],
                |row| row.get::<_, i64>(0),
            )
        };
        commit(&connection, &[of("a", 5)])?;
        assert_eq!(committed()?, 5);
        // The process of `a` stood still beyond its lease.
        join(&connection, &joining("b"), LEASE_MS + 1)?;
        assert_eq!(owned(&connection, "b")?.len(), 4);
        commit(&connection, &[of("a", 9)])?;
        assert_eq!(committed()?, 5);
        commit(&connection, &[of("b", 6)])?;
        assert_eq!(committed()?, 6);
        Ok(())
    }
}
