//! What the writing thread is asked to do.

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::engine::EngineError;

/// Work with a transaction, and somebody who waits for its outcome.
pub(super) trait Job: Send {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;

    /// Does the work, once.
    fn run(&mut self, connection: &Connection) -> Ran;

    /// Tells the outcome, given that of the transaction.
    fn answer(self: Box<Self>, written: &Result<(), EngineError>);
}

/// What became of a job's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// It is to be kept.
    Done,
    /// It is to be rolled back.
    Failed,
}

/// A job made of a function and the place its result goes to.
pub(super) struct Ask<W, T, E> {
    work: Option<W>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<W, T, E> Ask<W, T, E> {
    /// A job that has not been done.
    pub(super) fn new(work: W, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self {
            work: Some(work),
            result: None,
            reply,
        }
    }
}

impl<W, T, E> Job for Ask<W, T, E>
where
    W: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<EngineError> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run(&mut self, connection: &Connection) -> Ran {
        self.result = self.work.take().map(|work| work(connection));
        match self.result {
            Some(Ok(_)) => Ran::Done,
            _ => Ran::Failed,
        }
    }

    fn answer(self: Box<Self>, written: &Result<(), EngineError>) {
        let answer = match (self.result, written) {
            // What it found is not told when the transaction failed: that may be why.
            (_, Err(error)) => Err(EngineError::Unavailable(error.to_string()).into()),
            (Some(result), Ok(())) => result,
            (None, Ok(())) => return,
        };
        // Who asked may have stopped waiting.
        let _ = self.reply.send(answer);
    }
}
