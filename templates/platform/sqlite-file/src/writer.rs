//! The one thread of a process that writes to a file. It takes what is waiting, writes it in one
//! transaction, and answers after that is on the disk: the disk is asked once for many (group commit).

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::error::FileError;
use super::job::{Ask, Job, News, Reply};
use super::lock::FairLock;

/// Which writes go into one transaction, and together with whom they fail.
#[derive(Debug, Clone, Copy)]
pub struct Grouping {
    /// How many may wait; `None`: as many as come.
    pub room: Option<usize>,
    /// With how many of those who wait a transaction begins at most.
    pub first: usize,
    /// How many it has at most, together with those who join it while it is under way.
    pub most: usize,
    /// How long it takes in others while it is under way.
    pub joining: Duration,
    /// Whom it fails when it is not committed.
    pub failing: Failing,
}

/// Whom a transaction fails that is not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// All that are in it, and those who wait: they would find the same, each after waiting as long.
    /// What a write found by itself is not told: that may be why.
    All,
    /// Those in it that have not failed by themselves.
    Kept,
}

type Jobs<E> = Vec<Box<dyn Job<E>>>;
type Receiver<E> = mpsc::Receiver<Box<dyn Job<E>>>;

/// The way to the thread, which ends when this is dropped and all is written.
pub struct Writer<E> {
    queue: mpsc::Sender<Box<dyn Job<E>>>,
}

impl<E: FileError> Writer<E> {
    /// Starts the thread. It calls `tell` after every commit that others have to be told of, before those
    /// who wait for that are answered.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        name: &str,
        connection: Connection,
        lock: FairLock,
        grouping: Grouping,
        tell: impl Fn() + Send + 'static,
    ) -> Result<Self, E> {
        let room = grouping.room.unwrap_or(Semaphore::MAX_PERMITS);
        let (queue, waiting) = mpsc::channel(room);
        let thread = Thread {
            connection,
            lock,
            grouping,
            tell,
        };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || thread.run(waiting))
            .map_err(E::unavailable)?;
        Ok(Self { queue })
    }

    /// Does `work` in a transaction, on its own terms: when it fails, nothing of it is written, and
    /// others in the same transaction are. The answer comes after the transaction is on the disk, and
    /// others have been told.
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
        let work = |connection: &Connection| work(connection).map(|value| (value, News::ForOthers));
        let job = Box::new(Ask::new(work, Reply::Caller(reply)));
        let stopped = || X::from(E::unavailable("its writer has stopped"));
        self.queue.send(job).await.map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// The same, without anybody who waits: what comes of it is told only when it fails. Whether there
    /// was room.
    pub fn post(
        &self,
        work: impl FnOnce(&Connection) -> Result<News, E> + Send + 'static,
        failed: impl FnOnce(E) + Send + 'static,
    ) -> bool {
        let work = |connection: &Connection| work(connection).map(|news| ((), news));
        let reply = Reply::Nobody(Box::new(failed));
        self.queue.try_send(Box::new(Ask::new(work, reply))).is_ok()
    }
}

struct Thread<F> {
    connection: Connection,
    lock: FairLock,
    grouping: Grouping,
    tell: F,
}

impl<F: Fn()> Thread<F> {
    fn run<E: FileError>(self, mut waiting: Receiver<E>) {
        let mut jobs = Vec::new();
        while waiting.blocking_recv_many(&mut jobs, self.grouping.first) > 0 {
            jobs.retain(|job| !job.is_abandoned());
            if jobs.is_empty() {
                continue;
            }
            match self.group(&mut jobs, &mut waiting) {
                Ok(news) => {
                    if news == News::ForOthers {
                        (self.tell)();
                    }
                    jobs.drain(..).for_each(|job| job.answer(None));
                }
                Err(error) => self.fail(&mut jobs, &mut waiting, &error.to_string()),
            }
        }
    }

    /// Tells those whom it concerns why a transaction failed.
    fn fail<E: FileError>(&self, jobs: &mut Jobs<E>, waiting: &mut Receiver<E>, why: &str) {
        let all = self.grouping.failing == Failing::All;
        if all {
            jobs.extend(std::iter::from_fn(|| waiting.try_recv().ok()));
        }
        for job in jobs.drain(..) {
            let concerned = all || !job.has_failed();
            job.answer(concerned.then(|| E::unavailable(why)));
        }
    }

    /// One transaction, up to its end on the disk; what its jobs say together.
    fn group<E: FileError>(
        &self,
        jobs: &mut Jobs<E>,
        waiting: &mut Receiver<E>,
    ) -> Result<News, E> {
        let _turn = self.lock.take().map_err(E::unavailable)?;
        self.execute("BEGIN IMMEDIATE")?;
        let written = self.write(jobs, waiting);
        if written.is_err() {
            self.roll_back();
        }
        written
    }

    fn write<E: FileError>(
        &self,
        jobs: &mut Jobs<E>,
        waiting: &mut Receiver<E>,
    ) -> Result<News, E> {
        let Grouping { most, joining, .. } = self.grouping;
        let start = Instant::now();
        let (mut done, mut all) = (0, News::Nothing);
        while let Some(job) = jobs.get_mut(done) {
            if self.one(job.as_mut())? == News::ForOthers {
                all = News::ForOthers;
            }
            done += 1;
            if done == jobs.len() && done < most && start.elapsed() < joining {
                jobs.extend(waiting.try_recv());
            }
        }
        self.execute("COMMIT")?;
        Ok(all)
    }

    /// One job, of which nothing stays when it fails; what it says.
    fn one<E: FileError>(&self, job: &mut dyn Job<E>) -> Result<News, E> {
        if job.is_abandoned() {
            return Ok(News::Nothing);
        }
        self.execute("SAVEPOINT job")?;
        let news = job.run(&self.connection);
        // On a full disk and the like SQLite gives up the whole transaction by itself.
        if self.connection.is_autocommit() {
            return Err(E::unavailable("the transaction was given up"));
        }
        if news.is_none() {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")?;
        Ok(news.unwrap_or(News::Nothing))
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
