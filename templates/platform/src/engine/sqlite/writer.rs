//! The one thread that writes. It takes what is waiting, writes it in one transaction, and answers
//! after that is on the disk: the disk is asked once for many (group commit).

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::job::{Ask, Job};
use super::{connect, job};
use crate::engine::EngineError;
use crate::sqlite_lock::FairLock;

/// The most jobs of one transaction.
const GROUP: usize = 512;

/// How long a transaction takes jobs, so that other processes and the first job do not wait long.
const GROUP_TIME: Duration = Duration::from_millis(20);

/// The way to the thread.
pub(super) struct Writer {
    queue: Sender<Box<dyn Job>>,
}

impl Writer {
    /// Starts the thread, which ends when the writer is dropped and its queue is empty.
    pub(super) fn start(path: &Path) -> Result<Self, EngineError> {
        let unavailable = |error: std::io::Error| EngineError::Unavailable(error.to_string());
        let (queue, waiting) = channel();
        let thread = Thread {
            connection: connect::open(path)?,
            lock: FairLock::open(path).map_err(unavailable)?,
            waiting,
        };
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || thread.run())
            .map_err(unavailable)?;
        Ok(Self { queue })
    }

    /// Does `work` in a transaction, on its own terms: when it fails, nothing of it is written, and
    /// others in the same transaction are. The answer comes after the transaction is on the disk.
    pub(super) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<EngineError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let stopped = || {
            E::from(EngineError::Unavailable(
                "its writer has stopped".to_owned(),
            ))
        };
        self.queue
            .send(Box::new(Ask::new(work, reply)))
            .map_err(|_| stopped())?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }
}

struct Thread {
    connection: Connection,
    lock: FairLock,
    waiting: Receiver<Box<dyn Job>>,
}

impl Thread {
    fn run(self) {
        while let Ok(first) = self.waiting.recv() {
            let mut jobs = vec![first];
            let written = self.group(&mut jobs);
            if written.is_err() {
                // Those who wait would find the same, each after waiting as long.
                jobs.extend(self.waiting.try_iter());
                self.roll_back();
            }
            for job in jobs {
                job.answer(&written);
            }
        }
    }

    /// One transaction, up to its end on the disk.
    fn group(&self, jobs: &mut Vec<Box<dyn Job>>) -> Result<(), EngineError> {
        let turn = self.lock.take();
        let _turn = turn.map_err(|error| EngineError::Unavailable(error.to_string()))?;
        self.execute("BEGIN IMMEDIATE")?;
        let start = Instant::now();
        let mut done = 0;
        while let Some(job) = jobs.get_mut(done) {
            self.one(job.as_mut())?;
            done += 1;
            if done == jobs.len() && done < GROUP && start.elapsed() < GROUP_TIME {
                jobs.extend(self.waiting.try_recv());
            }
        }
        self.execute("COMMIT")
    }

    /// One job, of which nothing stays when it fails.
    fn one(&self, job: &mut dyn Job) -> Result<(), EngineError> {
        if job.is_abandoned() {
            return Ok(());
        }
        self.execute("SAVEPOINT job")?;
        if job.run(&self.connection) == job::Ran::Failed {
            // On a full disk and the like SQLite gives up the whole transaction by itself.
            if self.connection.is_autocommit() {
                return Err(EngineError::Unavailable(
                    "the transaction was given up".to_owned(),
                ));
            }
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.execute("ROLLBACK")
        {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
    }

    fn execute(&self, sql: &str) -> Result<(), EngineError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
