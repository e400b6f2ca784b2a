//! Deleting what is older than the retention, and what deleted topics left.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::Error;

/// How many messages one write deletes at most, so that no other write waits for long.
const SLICE: u32 = 1_000;

/// Deletes a slice of what is due; whether there may be more.
///
/// # Errors
/// When the file fails.
pub fn trim(connection: &Connection, before: i64) -> Result<bool, Error> {
    let full = usize::try_from(SLICE).unwrap_or(usize::MAX);
    Ok(trim_old(connection, before)? == full || trim_dropped(connection)?)
}

/// `id` grows with time, so the oldest messages come first in its order.
fn trim_old(connection: &Connection, before: i64) -> rusqlite::Result<usize> {
    let deleted: Vec<(i64, i64)> = connection
        .prepare_cached(
            r#"DELETE FROM messages WHERE id IN (SELECT id FROM messages ORDER BY id LIMIT ?2)
               AND at < ?1 RETURNING partition, "offset""#,
        )?
        .query_map(params![before, SLICE], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (partition, offset) in &deleted {
        connection
            .prepare_cached("UPDATE partitions SET start = max(start, ?2) WHERE id = ?1")?
            .execute([*partition, offset + 1])?;
    }
    Ok(deleted.len())
}

fn trim_dropped(connection: &Connection) -> rusqlite::Result<bool> {
    let partition: Option<i64> = connection
        .prepare_cached("SELECT partition FROM dropped LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let Some(partition) = partition else {
        return Ok(false);
    };
    let deleted = connection
        .prepare_cached(
            "DELETE FROM messages WHERE id IN
             (SELECT id FROM messages WHERE partition = ?1 LIMIT ?2)",
        )?
        .execute(params![partition, SLICE])?;
    if deleted == 0 {
        connection.execute("DELETE FROM dropped WHERE partition = ?1", [partition])?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{SLICE, trim};
    use crate::error::Error;
    use crate::fetch::{Fetched, fetch};
    use crate::{append, topics};
    use platform_contract::envelope::Wire;
    use platform_ports::broker::{Publication, Topic};
    use rusqlite::Connection;

    fn with_messages(times: &[(i64, u32)]) -> Result<Connection, Error> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(include_str!("schema.sql"))?;
        let topic = Topic {
            name: "t".to_owned(),
            partitions: 1,
        };
        topics::ensure(&connection, &[topic], 0)?;
        let message = Publication {
            topic: "t".to_owned(),
            partition: 0,
            key: String::new(),
            wire: Wire::default(),
        };
        for (time, count) in times {
            for _ in 0..*count {
                append::append(&connection, std::slice::from_ref(&message), 100, *time)?;
            }
        }
        Ok(connection)
    }

    fn count(connection: &Connection) -> rusqlite::Result<u32> {
        connection.query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
    }

    #[test]
    fn what_is_too_old_goes_in_slices_and_is_out_of_range() -> Result<(), Error> {
        let connection = with_messages(&[(10, SLICE + 5), (20, 2)])?;
        assert!(trim(&connection, 20)?);
        assert_eq!(count(&connection)?, 7);
        assert!(!trim(&connection, 20)?);
        assert_eq!(count(&connection)?, 2);
        let first = i64::from(SLICE) + 5;
        assert!(matches!(
            fetch(&connection, 1, first - 1, 9)?,
            Fetched::OutOfRange
        ));
        let Fetched::Messages { rows, next } = fetch(&connection, 1, first, 9)? else {
            panic!("the rest is there");
        };
        assert_eq!((rows.len(), next), (2, first + 2));
        assert!(!trim(&connection, 30)?);
        let Fetched::Messages { rows, .. } = fetch(&connection, 1, first + 2, 9)? else {
            panic!("the end is in range, though nothing is left");
        };
        assert!(rows.is_empty());
        Ok(())
    }

    #[test]
    fn deleted_topics_leave_nothing() -> Result<(), Error> {
        let connection = with_messages(&[(10, SLICE + 5)])?;
        topics::delete(&connection, "t", 0)?;
        while trim(&connection, 0)? {}
        assert_eq!(count(&connection)?, 0);
        let left: u32 =
            connection.query_row("SELECT count(*) FROM dropped", [], |row| row.get(0))?;
        assert_eq!(left, 0);
        Ok(())
    }
}
