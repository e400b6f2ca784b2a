//! The one thread of a process that writes to a file. It takes what is waiting, writes it in one
//! transaction, and answers after that is on the disk: the disk is asked once for many (group commit).

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::error::FileError;
use super::lock::FairLock;
use super::queued_write::{Notify, QueuedWrite, Reply, WriteRequest};

/// Which writes are committed in one transaction, and which fail together with it.
#[derive(Debug, Clone, Copy)]
pub struct GroupCommit {
    /// How many may wait; `None`: as many as come.
    pub queue_limit: Option<usize>,
    /// How many of those who wait a transaction begins with at most.
    pub initial: usize,
    /// How many it has at most, together with those who join it while it is under way.
    pub max_writes: usize,
    /// How long it takes in others while it is under way.
    pub join_window: Duration,
    /// Which writes fail when it is not committed.
    pub failure_scope: FailureScope,
}

/// Which writes fail with a transaction that is not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureScope {
    /// All that are in it, and those who wait: they would find the same, each after waiting as long.
    /// What a write found by itself is not told: that may be why.
    TransactionAndQueue,
    /// Those in it that have not failed by themselves.
    Transaction,
}

type Writes<E> = Vec<Box<dyn QueuedWrite<E>>>;
type Receiver<E> = mpsc::Receiver<Box<dyn QueuedWrite<E>>>;

/// The handle of the thread, which ends when this is dropped and all is written.
pub struct Writer<E> {
    queue: mpsc::Sender<Box<dyn QueuedWrite<E>>>,
}

impl<E: FileError> Writer<E> {
    /// Starts the thread. It calls `notify_others` after every commit of which others are notified, before
    /// those who wait for that are answered.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        name: &str,
        connection: Connection,
        lock: FairLock,
        group_commit: GroupCommit,
        notify_others: impl Fn() + Send + 'static,
    ) -> Result<Self, E> {
        let limit = group_commit.queue_limit.unwrap_or(Semaphore::MAX_PERMITS);
        let (queue, waiting) = mpsc::channel(limit);
        let thread = WriterThread {
            connection,
            lock,
            group_commit,
            notify_others,
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || thread.run(waiting))
            .map_err(E::unavailable)?;
        Ok(Self { queue })
    }

    /// Does `work` in a transaction, on its own terms: when it fails, nothing of it is written, and
    /// others in the same transaction are. The answer comes after the transaction is on the disk, and
    /// others have been notified.
    ///
    /// # Errors
    /// The work's own, or that the transaction was not committed.
    pub async fn write<T, X>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, X> + Send + 'static,
    ) -> Result<T, X>
    where
        T: Send + 'static,
        X: From<E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = |connection: &Connection| work(connection).map(|value| (value, Notify::Others));
        let write = Box::new(WriteRequest::new(work, Reply::Caller(reply)));
        let stopped = || X::from(E::unavailable("its writer has stopped"));
        self.queue.send(write).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// The same, without anybody who waits: what comes of it is told only when it fails. Whether it was
    /// queued.
    pub fn post(
        &self,
        work: impl FnOnce(&Connection) -> Result<Notify, E> + Send + 'static,
        failed: impl FnOnce(E) + Send + 'static,
    ) -> bool {
        let work = |connection: &Connection| work(connection).map(|notify| ((), notify));
        let reply = Reply::Nobody(Box::new(failed));
        self.queue
            .try_send(Box::new(WriteRequest::new(work, reply)))
            .is_ok()
    }
}

struct WriterThread<F> {
    connection: Connection,
    lock: FairLock,
    group_commit: GroupCommit,
    notify_others: F,
}

impl<F: Fn()> WriterThread<F> {
    fn run<E: FileError>(self, mut waiting: Receiver<E>) {
        let mut writes = Vec::new();
        while waiting.blocking_recv_many(&mut writes, self.group_commit.initial) > 0 {
            writes.retain(|write| !write.is_abandoned());
            if writes.is_empty() {
                continue;
            }
            match self.commit_group(&mut writes, &mut waiting) {
                Ok(notify) => {
                    if notify == Notify::Others {
                        (self.notify_others)();
                    }
                    writes.drain(..).for_each(|write| write.answer(None));
                }
                Err(error) => self.fail(&mut writes, &mut waiting, &error.to_string()),
            }
        }
    }

    /// Tells those that fail with a transaction why it failed.
    fn fail<E: FileError>(&self, writes: &mut Writes<E>, waiting: &mut Receiver<E>, why: &str) {
        let all = self.group_commit.failure_scope == FailureScope::TransactionAndQueue;
        if all {
            writes.extend(std::iter::from_fn(|| waiting.try_recv().ok()));
        }
        for write in writes.drain(..) {
            let concerned = all || !write.has_failed();
            write.answer(concerned.then(|| E::unavailable(why)));
        }
    }

    /// One transaction, up to its end on the disk; who is notified of it.
    fn commit_group<E: FileError>(
        &self,
        writes: &mut Writes<E>,
        waiting: &mut Receiver<E>,
    ) -> Result<Notify, E> {
        let _guard = self.lock.take().map_err(E::unavailable)?;
        self.execute("BEGIN IMMEDIATE")?;
        let written = self.write(writes, waiting);
        if written.is_err() {
            self.roll_back();
        }
        written
    }

    fn write<E: FileError>(
        &self,
        writes: &mut Writes<E>,
        waiting: &mut Receiver<E>,
    ) -> Result<Notify, E> {
        let GroupCommit {
            max_writes,
            join_window,
            ..
        } = self.group_commit;
        let start = Instant::now();
        let (mut done, mut notify) = (0, Notify::Nobody);
        while let Some(write) = writes.get_mut(done) {
            if self.run_one(write.as_mut())? == Notify::Others {
                notify = Notify::Others;
            }
            done += 1;
            if done == writes.len() && done < max_writes && start.elapsed() < join_window {
                writes.extend(waiting.try_recv());
            }
        }
        self.execute("COMMIT")?;
        Ok(notify)
    }

    /// One write, of which nothing stays when it fails; who is notified of it.
    fn run_one<E: FileError>(&self, write: &mut dyn QueuedWrite<E>) -> Result<Notify, E> {
        if write.is_abandoned() {
            return Ok(Notify::Nobody);
        }
        self.execute("SAVEPOINT write")?;
        let notify = write.run(&self.connection);
        // On a full disk and the like SQLite gives up the whole transaction by itself.
        if self.connection.is_autocommit() {
            return Err(E::unavailable("the transaction was given up"));
        }
        if notify.is_none() {
            self.execute("ROLLBACK TO write")?;
        }
        self.execute("RELEASE write")?;
        Ok(notify.unwrap_or(Notify::Nobody))
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
