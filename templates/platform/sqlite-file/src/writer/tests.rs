//! How writes come into transactions, and who learns what of them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{Failing, Grouping, Writer};
use crate::error::tests::Why;
use crate::{FairLock, News, open};

const WAITING: Grouping = Grouping {
    room: Some(8),
    first: 8,
    most: 8,
    joining: Duration::ZERO,
    failing: Failing::Kept,
};

const JOINING: Grouping = Grouping {
    room: None,
    first: 1,
    most: 4,
    joining: Duration::from_secs(60),
    failing: Failing::All,
};

/// A writer that is in the middle of its first write, until it may go on.
struct Busy {
    folder: TempDir,
    writer: Writer<Why>,
    go_on: Sender<News>,
    /// Something for each time that others were told.
    told: Receiver<()>,
}

impl Busy {
    fn with(grouping: Grouping) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let connection = open(&path, 8, "").unwrap();
        let table = "CREATE TABLE numbers (number INTEGER PRIMARY KEY) STRICT";
        connection.execute_batch(table).unwrap();
        let (tell, told) = channel();
        let tell = move || tell.send(()).unwrap();
        let lock = FairLock::open(&path).unwrap();
        let writer = Writer::start("writer", connection, lock, grouping, tell).unwrap();
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
            told,
        }
    }

    fn insert(&self, number: i64, news: News, failed: &Sender<(i64, Why)>) -> bool {
        let failed = failed.clone();
        let work = move |connection: &Connection| insert(connection, number).map(|()| news);
        let tell = move |why| failed.send((number, why)).unwrap();
        self.writer.post(work, tell)
    }

    /// Lets it go on to its end; how often others were told, and what is in the file.
    fn end(self) -> (usize, Vec<i64>) {
        self.go_on.send(News::Nothing).unwrap();
        drop(self.writer);
        let told = self.told.iter().count();
        let file = open(&self.folder.path().join("file"), 8, "").unwrap();
        let mut all = file.prepare("SELECT number FROM numbers").unwrap();
        let numbers = all.query_map([], |row| row.get(0)).unwrap();
        (told, numbers.collect::<Result<_, _>>().unwrap())
    }
}

fn insert(connection: &Connection, number: i64) -> Result<(), Why> {
    let sql = "INSERT INTO numbers VALUES (?1)";
    connection.execute(sql, [number])?;
    Ok(())
}

/// Fails where 1 is there.
fn half(connection: &Connection) -> Result<News, Why> {
    insert(connection, 3)?;
    insert(connection, 1).map(|()| News::ForOthers)
}

fn undo(connection: &Connection) -> Result<News, Why> {
    connection.execute_batch("ROLLBACK")?;
    Err(Why("the disk is full".to_owned()))
}

#[test]
fn what_waits_is_committed_together_or_joins_what_is_under_way() {
    for (grouping, commits) in [(WAITING, 1), (JOINING, 2)] {
        let busy = Busy::with(grouping);
        let (failed, _) = channel();
        for number in 1..=6 {
            assert!(busy.insert(number, News::ForOthers, &failed));
        }
        assert_eq!(busy.end(), (commits, (1..=6).collect()));
    }
}

#[test]
fn a_write_that_fails_undoes_itself_only_and_news_alone_is_told() {
    for grouping in [WAITING, JOINING] {
        let busy = Busy::with(grouping);
        let (failed, failures) = channel();
        assert!(busy.insert(1, News::Nothing, &failed));
        let tell = failed.clone();
        let tell = move |why| tell.send((3, why)).unwrap();
        assert!(busy.writer.post(half, tell));
        assert!(busy.insert(2, News::Nothing, &failed));
        drop(failed);
        assert_eq!(busy.end(), (0, vec![1, 2]));
        let numbers: Vec<_> = failures.iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, [3]);
    }
}

#[test]
fn whom_a_transaction_fails_that_is_given_up() {
    let given_up = || Why("unavailable: unavailable: the transaction was given up".to_owned());
    let full = || Why("the disk is full".to_owned());
    let told_full = [(1, given_up()), (9, full())];
    let told_all = [(1, given_up()), (9, given_up()), (2, given_up())];
    let cases = [(WAITING, &told_full[..], true), (JOINING, &told_all, false)];
    for (grouping, expected, goes_on) in cases {
        // What is under way goes well alone; of the three that wait, two are in the next transaction.
        let busy = Busy::with(Grouping {
            first: 2,
            joining: Duration::ZERO,
            ..grouping
        });
        let (failed, failures) = channel();
        assert!(busy.insert(1, News::Nothing, &failed));
        let tell = failed.clone();
        let tell = move |why| tell.send((9, why)).unwrap();
        assert!(busy.writer.post(undo, tell));
        assert!(busy.insert(2, News::ForOthers, &failed));
        drop(failed);
        let rest = if goes_on { vec![2] } else { Vec::new() };
        assert_eq!(busy.end(), (rest.len(), rest));
        assert_eq!(failures.iter().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_left_out() {
    for grouping in [WAITING, JOINING] {
        let busy = Busy::with(grouping);
        let write = busy.writer.write(|connection| insert(connection, 1));
        let soon = Duration::from_millis(1);
        tokio::time::timeout(soon, write).await.unwrap_err();
        assert_eq!(busy.end(), (0, Vec::new()));
    }
}

#[tokio::test]
async fn there_is_room_for_so_many() {
    let busy = Busy::with(WAITING);
    let (failed, _) = channel();
    for number in 1..=8 {
        assert!(busy.insert(number, News::Nothing, &failed));
    }
    assert!(!busy.insert(9, News::Nothing, &failed));
    busy.go_on.send(News::Nothing).unwrap();
    let written: Result<(), Why> = busy.writer.write(|it| insert(it, 9)).await;
    assert_eq!(written, Ok(()));
    busy.told.recv().unwrap();
}
