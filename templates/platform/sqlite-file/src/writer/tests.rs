//! How writes come into transactions, and who learns what of them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{FailureScope, GroupCommit, Writer};
use crate::error::tests::TestError;
use crate::{FairLock, Notify, open};

const WAITING: GroupCommit = GroupCommit {
    queue_limit: Some(8),
    initial: 8,
    max_writes: 8,
    join_window: Duration::ZERO,
    failure_scope: FailureScope::Transaction,
};

const JOINING: GroupCommit = GroupCommit {
    queue_limit: None,
    initial: 1,
    max_writes: 4,
    join_window: Duration::from_secs(60),
    failure_scope: FailureScope::TransactionAndQueue,
};

/// A writer that is in the middle of its first write, until it may go on.
struct Busy {
    folder: TempDir,
    writer: Writer<TestError>,
    go_on: Sender<Notify>,
    /// Something for each time that others were notified.
    notified: Receiver<()>,
}

impl Busy {
    fn with(group_commit: GroupCommit) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let connection = open(&path, 8, "").unwrap();
        let table = "CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT";
        connection.execute_batch(table).unwrap();
        let (tell, notified) = channel();
        let tell = move || tell.send(()).unwrap();
        let lock = FairLock::open(&path).unwrap();
        let writer = Writer::start("writer", connection, lock, group_commit, tell).unwrap();
        let ((begins, begun), (go_on, may)) = (channel(), channel());
        let wait = move |_: &Connection| {
            begins.send(()).unwrap();
            Ok(may.recv().unwrap())
        };
        assert!(writer.post(wait, |why| panic!("{why}")));
        begun.recv().unwrap();
        Self {
            folder,
            writer,
            go_on,
            notified,
        }
    }

    fn insert(&self, number: i64, notify: Notify, failed: &Sender<(i64, TestError)>) -> bool {
        let failed = failed.clone();
        let work = move |connection: &Connection| insert(connection, number).map(|()| notify);
        let tell = move |why| failed.send((number, why)).unwrap();
        self.writer.post(work, tell)
    }

    /// Lets it go on to its end; how often others were notified, and what is in the file.
    fn end(self) -> (usize, Vec<i64>) {
        self.go_on.send(Notify::Nobody).unwrap();
        drop(self.writer);
        let notified = self.notified.iter().count();
        let file = open(&self.folder.path().join("file"), 8, "").unwrap();
        let mut all = file.prepare("SELECT number FROM numbers").unwrap();
        let numbers = all.query_map([], |row| row.get(0)).unwrap();
        (notified, numbers.collect::<Result<_, _>>().unwrap())
    }
}

fn insert(connection: &Connection, number: i64) -> Result<(), TestError> {
    let sql = "INSERT INTO numbers VALUES (?1)";
    connection.execute(sql, [number])?;
    Ok(())
}

/// Fails where 1 is there.
fn half(connection: &Connection) -> Result<Notify, TestError> {
    insert(connection, 3)?;
    insert(connection, 1).map(|()| Notify::Others)
}

fn undo(connection: &Connection) -> Result<Notify, TestError> {
    connection.execute_batch("ROLLBACK")?;
    Err(TestError("the disk is full".to_owned()))
}

#[test]
fn what_waits_is_committed_together_or_joins_what_is_under_way() {
    for (group_commit, commits) in [(WAITING, 1), (JOINING, 2)] {
        let busy = Busy::with(group_commit);
        let (failed, _) = channel();
        for number in 1..=6 {
            assert!(busy.insert(number, Notify::Others, &failed));
        }
        assert_eq!(busy.end(), (commits, (1..=6).collect()));
    }
}

#[test]
fn a_write_that_fails_undoes_itself_only_and_nobody_is_notified() {
    for group_commit in [WAITING, JOINING] {
        let busy = Busy::with(group_commit);
        let (failed, failures) = channel();
        assert!(busy.insert(1, Notify::Nobody, &failed));
        let tell = failed.clone();
        let tell = move |why| tell.send((3, why)).unwrap();
        assert!(busy.writer.post(half, tell));
        assert!(busy.insert(2, Notify::Nobody, &failed));
        drop(failed);
        assert_eq!(busy.end(), (0, vec![1, 2]));
        let numbers: Vec<_> = failures.iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [3]);
    }
}

#[test]
fn which_writes_fail_with_a_transaction_that_is_given_up() {
    let given_up =
        || TestError("unavailable: unavailable: the transaction was given up".to_owned());
    let full = || TestError("the disk is full".to_owned());
    let told_full = [(1, given_up()), (9, full())];
    let told_all = [(1, given_up()), (9, given_up()), (2, given_up())];
    let cases = [(WAITING, &told_full[..], true), (JOINING, &told_all, false)];
    for (group_commit, expected, goes_on) in cases {
        // What is under way goes well alone; of the three that wait, two are in the next transaction.
        let busy = Busy::with(GroupCommit {
            initial: 2,
            join_window: Duration::ZERO,
            ..group_commit
        });
        let (failed, failures) = channel();
        assert!(busy.insert(1, Notify::Nobody, &failed));
        let tell = failed.clone();
        let tell = move |why| tell.send((9, why)).unwrap();
        assert!(busy.writer.post(undo, tell));
        assert!(busy.insert(2, Notify::Others, &failed));
        drop(failed);
        let rest = if goes_on { vec![2] } else { Vec::new() };
        assert_eq!(busy.end(), (rest.len(), rest));
        assert_eq!(failures.iter().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_left_out() {
    for group_commit in [WAITING, JOINING] {
        let busy = Busy::with(group_commit);
        let write = busy.writer.write(|connection| insert(connection, 1));
        let soon = Duration::from_millis(1);
        tokio::time::timeout(soon, write).await.unwrap_err();
        assert_eq!(busy.end(), (0, Vec::new()));
    }
}

#[tokio::test]
async fn the_queue_has_a_limit() {
    let busy = Busy::with(WAITING);
    let (failed, _) = channel();
    for number in 1..=8 {
        assert!(busy.insert(number, Notify::Nobody, &failed));
    }
    assert!(!busy.insert(9, Notify::Nobody, &failed));
    busy.go_on.send(Notify::Nobody).unwrap();
    let written: Result<(), TestError> = busy.writer.write(|it| insert(it, 9)).await;
    assert_eq!(written, Ok(()));
    busy.notified.recv().unwrap();
}
