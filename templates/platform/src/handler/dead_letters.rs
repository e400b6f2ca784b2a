//! Messages that could not be handled.

use uuid::Uuid;

use crate::engine::EngineError;
use crate::value::Timestamp;

/// A message that could not be handled, or waits behind one.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The handler.
    pub handler: String,
    /// The aggregate; for a refused command, the command.
    pub key: Uuid,
    /// Its place in the queue of its key, from 0.
    pub position: i64,
    /// What it is, as far as it can be told: its type, or the command's name.
    pub kind: String,
    /// Its sequence, when it can be told.
    pub sequence: Option<u64>,
    /// Why it could not be handled; `None`: it waits behind one that could not.
    pub failure: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it is here, by the database's clock.
    pub since: Timestamp,
}

/// What became of the queue of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// All of it was handled; the key is free.
    Empty,
    /// A message failed, perhaps another one than before, and why.
    StillFailing(String),
}

/// Why nothing was done about a dead letter.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// There is no such handler.
    #[error("there is no handler `{0}`")]
    UnknownHandler(String),
    /// The key has no dead letter.
    #[error("`{handler}` has no dead letter of {key}")]
    Nothing {
        /// The handler.
        handler: String,
        /// The key.
        key: Uuid,
    },
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
