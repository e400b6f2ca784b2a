//! The handlers of a service: registered by its generated wiring, started with it.

use std::sync::Arc;

use tokio::task::JoinSet;
use uuid::Uuid;

use super::dead_letters::{DeadLetter, LetterError, Settled};
use super::{Effect, Policy, Replicated};
use crate::engine::EngineError;
use crate::runtime::Runtime;

/// The handlers of a service.
#[derive(Default, Clone)]
pub struct Handlers {}

impl Handlers {
    /// The same with a replica.
    pub fn replica<R: Replicated>(self) -> Self {
        self
    }

    /// The same with a policy.
    pub fn policy<P: Policy>(self) -> Self {
        self
    }

    /// The same with an effect.
    pub fn effect<E: Effect>(self, effect: E) -> Self {
        let _ = effect;
        self
    }

    /// The topics that the handlers read, each once.
    pub fn topics(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The ids of the handlers.
    pub fn ids(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Starts all of them; each ends when `runtime.shutdown` becomes true.
    pub fn spawn(&self, runtime: &Arc<Runtime>) -> JoinSet<()> {
        let _ = runtime;
        JoinSet::new()
    }

    /// Whether all of them have what they need to serve; the error says which does not, and why.
    ///
    /// # Errors
    /// [`NotReady`], also when the database does not answer.
    pub async fn ready(&self, runtime: &Runtime) -> Result<(), NotReady> {
        let _ = runtime;
        Ok(())
    }

    /// Begins to fill a projection anew, beside the rows that are read until it is done.
    ///
    /// # Errors
    /// When there is no such projection, or the database or the broker does not answer.
    pub async fn rebuild(&self, runtime: &Runtime, handler: &str) -> Result<(), ReplayError> {
        let _ = (runtime, handler);
        Ok(())
    }

    /// Lets a handler see all events again that the owner still has: a projection is rebuilt, a
    /// policy or an effect does everything again, which has to be asked for.
    ///
    /// # Errors
    /// When there is no such handler, it would do things again without `re_execute`, or the database
    /// or the broker does not answer.
    pub async fn replay(
        &self,
        runtime: &Runtime,
        handler: &str,
        re_execute: bool,
    ) -> Result<(), ReplayError> {
        let _ = (runtime, handler, re_execute);
        Ok(())
    }

    /// The messages that could not be handled, of one handler or of all.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn dead_letters(
        &self,
        runtime: &Runtime,
        handler: Option<&str>,
    ) -> Result<Vec<DeadLetter>, EngineError> {
        let _ = (runtime, handler);
        Ok(Vec::new())
    }

    /// Tries the first message of a key again, and those behind it.
    ///
    /// # Errors
    /// When there is none, or the database does not answer.
    pub async fn retry(
        &self,
        runtime: &Arc<Runtime>,
        handler: &str,
        key: Uuid,
    ) -> Result<Settled, LetterError> {
        let _ = (runtime, handler, key);
        Ok(Settled::Empty)
    }

    /// Gives up the first message of a key, and tries those behind it.
    ///
    /// # Errors
    /// When there is none, or the database does not answer.
    pub async fn discard(
        &self,
        runtime: &Arc<Runtime>,
        handler: &str,
        key: Uuid,
    ) -> Result<Settled, LetterError> {
        let _ = (runtime, handler, key);
        Ok(Settled::Empty)
    }
}

/// A handler that cannot serve yet, or a database that does not answer.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// A projection has not got all it has to show.
    #[error("`{0}` is not filled yet")]
    NotFilled(&'static str),
    /// A handler has not read its topic yet.
    #[error("`{0}` has not started yet")]
    NotStarted(&'static str),
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Why a handler does not see its messages again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is none with this id, or it is of another sort.
    #[error("there is no such handler: `{0}`")]
    Unknown(String),
    /// It would do again what it has done.
    #[error("`{0}` would do again what it has done; say `--re-execute` when that is wanted")]
    WouldReExecute(String),
    /// It is under way already.
    #[error("`{0}` is being rebuilt or replayed already")]
    UnderWay(String),
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] crate::broker::BrokerError),
}
