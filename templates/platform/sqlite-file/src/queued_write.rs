//! What waits for the writing thread.

use rusqlite::Connection;
use tokio::sync::oneshot;

/// Who is notified of a write once it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// The other processes.
    Others,
    /// Nobody: it can wait until they look by themselves.
    Nobody,
}

/// A write that waits for its transaction.
pub(super) trait QueuedWrite<E>: Send {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;

    /// Does the work, once; who is notified of it, `None` when nothing of it shall be kept.
    fn run(&mut self, connection: &Connection) -> Option<Notify>;

    /// Whether the work has failed by itself.
    fn has_failed(&self) -> bool;

    /// Tells what came of it, or why the transaction failed.
    fn answer(self: Box<Self>, failure: Option<E>);
}

/// A write that is a function, and who is told its result.
pub(super) struct WriteRequest<W, T, X> {
    work: Option<W>,
    result: Option<Result<(T, Notify), X>>,
    reply: Reply<T, X>,
}

/// Who is told what came of a write.
pub(super) enum Reply<T, X> {
    /// Whoever asked for it, and may have stopped waiting.
    Caller(oneshot::Sender<Result<T, X>>),
    /// Nobody waits; a failure goes here.
    Nobody(Box<dyn FnOnce(X) + Send>),
}

impl<W, T, X> WriteRequest<W, T, X> {
    /// A write that has not been done.
    pub(super) fn new(work: W, reply: Reply<T, X>) -> Self {
        Self {
            work: Some(work),
            result: None,
            reply,
        }
    }
}

impl<W, T, X, E> QueuedWrite<E> for WriteRequest<W, T, X>
where
    W: FnOnce(&Connection) -> Result<(T, Notify), X> + Send,
    T: Send,
    X: From<E> + Send,
{
    fn is_abandoned(&self) -> bool {
        matches!(&self.reply, Reply::Caller(reply) if reply.is_closed())
    }

    fn run(&mut self, connection: &Connection) -> Option<Notify> {
        self.result = self.work.take().map(|work| work(connection));
        match &self.result {
            Some(Ok((_, notify))) => Some(*notify),
            _ => None,
        }
    }

    fn has_failed(&self) -> bool {
        matches!(self.result, Some(Err(_)))
    }

    fn answer(self: Box<Self>, failure: Option<E>) {
        let answer = match (self.result, failure) {
            (_, Some(failure)) => Err(failure.into()),
            (Some(result), None) => result.map(|(value, _)| value),
            // It was abandoned before its turn came.
            (None, None) => return,
        };
        match (self.reply, answer) {
            (Reply::Caller(reply), answer) => drop(reply.send(answer)),
            (Reply::Nobody(_), Ok(_)) => {}
            (Reply::Nobody(failed), Err(error)) => failed(error),
        }
    }
}
