//! Puts write sets that wait at the same time into one call. The server reads little at once from one
//! connection and asks the disk after every reading: one call of many is written to the disk once.

use std::sync::Arc;

use platform_ports::engine::EngineError;
use redis::{ErrorKind, RedisError, RedisResult};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::connect::Connection;
use super::error::failure;

/// The most write sets of one call: the server does nothing else meanwhile.
const MAX_WRITE_SETS: usize = 64;

/// How many calls are under way: while the disk works for one, another is read.
const CALLS: usize = 2;

/// A write set that waits, and who waits for its outcome.
struct QueuedWriteSet {
    text: String,
    reply: oneshot::Sender<RedisResult<String>>,
}

/// The way to the task that makes the calls, which ends when this is dropped.
pub(super) struct GroupCommit {
    queue: mpsc::UnboundedSender<QueuedWriteSet>,
}

impl GroupCommit {
    /// Starts the task.
    pub(super) fn start(connection: Arc<Connection>, outbox_limit: u64) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(run(connection, outbox_limit, waiting));
        Self { queue }
    }

    /// Commits a write set on its own terms; what the function says of it.
    pub(super) async fn commit(&self, text: String) -> Result<String, EngineError> {
        let (reply, answer) = oneshot::channel();
        let stopped = || EngineError::Unavailable("its writer has stopped".to_owned());
        let write_set = QueuedWriteSet { text, reply };
        self.queue.send(write_set).map_err(|_| stopped())?;
        let answer = answer.await.map_err(|_| stopped())?;
        answer.map_err(failure)
    }
}

async fn run(
    connection: Arc<Connection>,
    outbox_limit: u64,
    mut waiting: mpsc::UnboundedReceiver<QueuedWriteSet>,
) {
    let calls = Arc::new(Semaphore::new(CALLS));
    // First a place for a call, so that what comes meanwhile goes with it.
    while let Ok(call) = Arc::clone(&calls).acquire_owned().await {
        let mut write_sets = Vec::new();
        if waiting.recv_many(&mut write_sets, MAX_WRITE_SETS).await == 0 {
            return;
        }
        let connection = Arc::clone(&connection);
        tokio::spawn(async move {
            send(&connection, outbox_limit, write_sets).await;
            drop(call);
        });
    }
}

async fn send(connection: &Connection, outbox_limit: u64, mut write_sets: Vec<QueuedWriteSet>) {
    write_sets.retain(|write_set| !write_set.reply.is_closed());
    if write_sets.is_empty() {
        return;
    }
    let texts = write_sets
        .iter_mut()
        .map(|write_set| std::mem::take(&mut write_set.text));
    let limit = std::iter::once(outbox_limit.to_string());
    let arguments: Vec<String> = limit.chain(texts).collect();
    let answers: RedisResult<Vec<String>> = connection.call("each", &arguments).await;
    let mut answers = answers.map(Vec::into_iter);
    for write_set in write_sets {
        let answer = match &mut answers {
            Ok(answers) => answers.next().ok_or_else(too_few),
            Err(error) => Err(error.clone()),
        };
        // Who asked may have stopped waiting.
        let _ = write_set.reply.send(answer);
    }
}

fn too_few() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "an answer is missing").into()
}
