//! The one writing connection of a process, on a thread of its own: what is asked for while it
//! commits goes into its next commit together.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::file;
use crate::broker::BrokerError;
use crate::outage::Outage;
use crate::sqlite_lock::FairLock;

/// How many writes wait at most, and go into one commit at most.
const QUEUE: usize = 256;

/// How long a write may take before its outcome counts as unknown. Another process that stands
/// still in its turn must not hold up callers for good.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hands writes to the writing thread, which ends when the last handle is gone.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    outage: Arc<Outage>,
}

/// Whether a write says something that others wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Others have to be told.
    ForOthers,
    /// It can wait until they look by themselves.
    Nothing,
}

/// A write that waits for its commit.
trait Job: Send {
    /// Whether nobody waits for it any longer.
    fn abandoned(&self) -> bool;
    /// Does it within a transaction; what it says, `None` when it shall not be kept.
    fn run(&mut self, connection: &Connection) -> Option<News>;
    /// Tells whoever waits: what came of it, or why the commit failed.
    fn finish(self: Box<Self>, failure: Option<String>);
}

struct Waiting<T, F> {
    work: Option<F>,
    outcome: Option<Result<(T, News), BrokerError>>,
    reply: Reply<T>,
}

/// Who is told what came of a write.
enum Reply<T> {
    /// Whoever asked for it, and may have stopped waiting.
    Caller(oneshot::Sender<Result<T, BrokerError>>),
    /// Nobody asked: a failure is one of the broker's.
    Nobody(Arc<Outage>),
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<(T, News), BrokerError> + Send,
{
    fn abandoned(&self) -> bool {
        matches!(&self.reply, Reply::Caller(reply) if reply.is_closed())
    }

    fn run(&mut self, connection: &Connection) -> Option<News> {
        self.outcome = self.work.take().map(|work| work(connection));
        match &self.outcome {
            Some(Ok((_, news))) => Some(*news),
            _ => None,
        }
    }

    fn finish(self: Box<Self>, failure: Option<String>) {
        let outcome = match (self.outcome, failure) {
            (Some(Err(error)), _) => Err(error),
            (_, Some(failure)) => Err(BrokerError::Unavailable(failure)),
            (Some(Ok((value, _))), None) => Ok(value),
            (None, None) => Err(BrokerError::Unavailable("it was not tried".to_owned())),
        };
        match (self.reply, outcome) {
            (Reply::Caller(reply), outcome) => drop(reply.send(outcome)),
            (Reply::Nobody(_), Ok(_)) => {}
            (Reply::Nobody(outage), Err(error)) => outage.failed(
                &error,
                || tracing::warn!(%error, "the broker's file was not written"),
            ),
        }
    }
}

impl Writer {
    /// Starts the thread; `tell` is called after every commit that others have to be told of.
    ///
    /// # Errors
    /// When the file cannot be opened or the thread not started.
    pub fn start(
        path: &Path,
        lock: FairLock,
        outage: Arc<Outage>,
        tell: impl Fn() + Send + 'static,
    ) -> Result<Self, BrokerError> {
        let mut connection = file::connect(path)?;
        let (jobs, mut queue) = mpsc::channel::<Box<dyn Job>>(QUEUE);
        std::thread::Builder::new()
            .name("broker-writer".to_owned())
            .spawn(move || {
                let mut batch = Vec::with_capacity(QUEUE);
                while queue.blocking_recv_many(&mut batch, QUEUE) > 0 {
                    batch.retain(|job| !job.abandoned());
                    let committed = commit(&mut connection, &lock, &mut batch);
                    if matches!(committed, Ok(News::ForOthers)) {
                        tell();
                    }
                    let failure = committed.err().map(|error| error.to_string());
                    for job in batch.drain(..) {
                        job.finish(failure.clone());
                    }
                }
            })
            .map_err(file::unavailable)?;
        Ok(Self { jobs, outage })
    }

    /// Carries out a write and waits until it is durable. A failing write undoes itself only.
    ///
    /// # Errors
    /// The write's own, or that it could not be committed (or, after a while, that nobody knows).
    pub async fn run<T, F>(&self, work: F) -> Result<T, BrokerError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, BrokerError> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        let work = |connection: &Connection| Ok((work(connection)?, News::ForOthers));
        let wait = async {
            self.jobs
                .send(job(work, Reply::Caller(reply)))
                .await
                .map_err(file::unavailable)?;
            outcome.await.map_err(file::unavailable)?
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .map_err(file::unavailable)?
    }

    /// Asks for a write without waiting for it. It is left out when the queue is full.
    pub fn post<F>(&self, work: F)
    where
        F: FnOnce(&Connection) -> Result<News, BrokerError> + Send + 'static,
    {
        let work = |connection: &Connection| Ok(((), work(connection)?));
        let reply = Reply::Nobody(Arc::clone(&self.outage));
        if self.jobs.try_send(job(work, reply)).is_err() {
            let why = "too many writes wait for the broker's file";
            self.outage.failed(why, || tracing::warn!("{why}"));
        }
    }
}

fn job<T, F>(work: F, reply: Reply<T>) -> Box<dyn Job>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<(T, News), BrokerError> + Send + 'static,
{
    Box::new(Waiting {
        work: Some(work),
        outcome: None,
        reply,
    })
}

/// Does all jobs in one transaction; what they say together.
fn commit(
    connection: &mut Connection,
    lock: &FairLock,
    jobs: &mut [Box<dyn Job>],
) -> Result<News, BrokerError> {
    let mut news = News::Nothing;
    if jobs.is_empty() {
        return Ok(news);
    }
    let _turn = lock.take().map_err(file::unavailable)?;
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        if run(&mut transaction, job.as_mut())? == Some(News::ForOthers) {
            news = News::ForOthers;
        }
        // A full disk, among others, undoes the whole transaction, not the savepoint alone.
        if transaction.is_autocommit() {
            return Err(file::unavailable("the write was undone"));
        }
    }
    transaction.commit()?;
    Ok(news)
}

/// Does one job in a savepoint of its own; what it says.
fn run(transaction: &mut Transaction<'_>, job: &mut dyn Job) -> rusqlite::Result<Option<News>> {
    let savepoint = transaction.savepoint()?;
    let news = job.run(&savepoint);
    if news.is_some() {
        savepoint.commit()?;
    }
    Ok(news)
}
