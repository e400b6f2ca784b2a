//! Puts write sets that wait at the same time into one call. The server reads little at once from one
//! connection and asks the disk after every reading: one call of many is written to the disk once.

use std::sync::Arc;

use platform_ports::engine::EngineError;
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::error::failure;
use super::link::Link;

/// The most write sets of one call: the server does nothing else meanwhile.
const GROUP: usize = 64;

/// How many calls are under way: while the disk works for one, another is read.
const CALLS: usize = 2;

/// A write set that waits, and who waits for its outcome.
struct Job {
    text: String,
    reply: oneshot::Sender<RedisResult<String>>,
}

/// The way to the task that makes the calls, which ends when this is dropped.
pub(super) struct Group {
    queue: mpsc::UnboundedSender<Job>,
}

impl Group {
    /// Starts the task.
    pub(super) fn start(link: Arc<Link>, outbox_limit: u64) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(run(link, outbox_limit, waiting));
        Self { queue }
    }

    /// Commits a write set on its own terms; what the function says of it.
    pub(super) async fn commit(&self, text: String) -> Result<String, EngineError> {
        let (reply, answer) = oneshot::channel();
        let stopped = || EngineError::Unavailable("its writer has stopped".to_owned());
        let job = Job { text, reply };
        self.queue.send(job).map_err(|_| stopped())?;
        let answer = answer.await.map_err(|_| stopped())?;
        answer.map_err(failure)
    }
}

async fn run(link: Arc<Link>, outbox_limit: u64, mut waiting: mpsc::UnboundedReceiver<Job>) {
    let calls = Arc::new(Semaphore::new(CALLS));
    // First a place for a call, so that what comes meanwhile goes with it.
    while let Ok(call) = Arc::clone(&calls).acquire_owned().await {
        let mut jobs = Vec::new();
        if waiting.recv_many(&mut jobs, GROUP).await == 0 {
            return;
        }
        let link = Arc::clone(&link);
        tokio::spawn(async move {
            send(&link, outbox_limit, jobs).await;
            drop(call);
        });
    }
}

async fn send(link: &Link, outbox_limit: u64, mut jobs: Vec<Job>) {
    jobs.retain(|job| !job.reply.is_closed());
    if jobs.is_empty() {
        return;
    }
    let texts = jobs.iter_mut().map(|job| std::mem::take(&mut job.text));
    let limit = std::iter::once(outbox_limit.to_string());
    let arguments: Vec<String> = limit.chain(texts).collect();
    let answers: RedisResult<Vec<String>> = link.call("each", &arguments).await;
    let mut answers = answers.map(Vec::into_iter);
    for job in jobs {
        let answer = match &mut answers {
            Ok(answers) => answers.next().ok_or_else(too_few),
            Err(error) => Err(error.clone()),
        };
        // Who asked may have stopped waiting.
        let _ = job.reply.send(answer);
    }
}

fn too_few() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "an answer is missing").into()
}
