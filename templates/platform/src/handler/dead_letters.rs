//! Messages that could not be handled, for operators: to be listed, tried again or discarded.
//!
//! A message that fails blocks its key, the aggregate it is of: later messages of it queue behind,
//! in order. A command that was refused, where its policy says that this matters, blocks nothing:
//! it stands for itself, under its own id.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

use super::command::{self, RefusedCommand};
use super::generations::State;
use super::queue;
use super::reactor::Scope;
use super::release;
use crate::engine::{Document, Documents, DocumentsQuery, Engine, EngineError};
use crate::value::Timestamp;

/// How many documents are read in one go.
const AT_ONCE: u32 = 500;

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

/// All dead letters of one handler, or of all, with those that wait behind them.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    engine: &dyn Engine,
    handler: Option<&str>,
) -> Result<Vec<DeadLetter>, EngineError> {
    let mut letters = Vec::new();
    let mut after = handler.map_or_else(String::new, |handler| format!("{handler}/"));
    loop {
        let query = DocumentsQuery {
            collection: Documents::DeadLetters,
            group: None,
            due_by: None,
            heads_only: false,
            after: Some(after),
            limit: AT_ONCE,
        };
        let page = engine.documents(&query).await?;
        for document in &page {
            let letter = shown(document)?;
            if handler.is_none_or(|handler| handler == letter.handler) {
                letters.push(letter);
            }
        }
        match page.last() {
            Some(last) if page.len() >= AT_ONCE as usize => after = last.key.clone(),
            _ => return Ok(letters),
        }
    }
}

/// Tries the first message of a key again, and then those behind it.
pub(super) async fn retry(scope: &Scope, key: Uuid) -> Result<Settled, LetterError> {
    if command::retry_refused(scope, key).await? || release::let_go(scope, key).await? {
        return Ok(work_off(scope, key).await?);
    }
    Err(nothing(scope, key))
}

/// Gives up the first message of a key, and then tries those behind it.
pub(super) async fn discard(scope: &Scope, key: Uuid) -> Result<Settled, LetterError> {
    let mid_topic = mid_topic(scope).await?;
    if command::discard_refused(scope, key).await?
        || release::discard_head(scope, &mid_topic, key).await?
    {
        return Ok(work_off(scope, key).await?);
    }
    Err(nothing(scope, key))
}

async fn work_off(scope: &Scope, key: Uuid) -> Result<Settled, EngineError> {
    let mid_topic = mid_topic(scope).await?;
    release::work_off(scope, &mid_topic, key).await
}

async fn mid_topic(scope: &Scope) -> Result<BTreeSet<u32>, EngineError> {
    let state = State::load(&*scope.runtime.engine, scope.about.handler).await?;
    let begun = state
        .as_ref()
        .filter(|_| scope.about.projection.is_none())
        .and_then(|(state, _)| state.begun(scope.generation));
    Ok(begun.map(|begun| begun.mid_topic()).unwrap_or_default())
}

fn nothing(scope: &Scope, key: Uuid) -> LetterError {
    LetterError::Nothing {
        handler: scope.about.handler.to_owned(),
        key,
    }
}

/// What an operator is shown of a document.
fn shown(document: &Document) -> Result<DeadLetter, EngineError> {
    let corrupt = || EngineError::Corrupt(format!("dead letter {}", document.key));
    let mut parts = document.group.rsplitn(3, '/');
    let key = parts.next().and_then(|key| key.parse().ok());
    let handler = parts.nth(1);
    let (Some(key), Some(handler)) = (key, handler) else {
        return Err(corrupt());
    };
    if let Ok(refused) = RefusedCommand::deserialize(&document.body) {
        return Ok(refused.shown(handler, key));
    }
    let letter = queue::letter(document)?;
    let envelope = letter.message.envelope().ok();
    Ok(DeadLetter {
        handler: handler.to_owned(),
        key,
        position: document.position,
        sequence: envelope.as_ref().map(|envelope| envelope.sequence),
        kind: envelope.map_or_else(
            || "unreadable".to_owned(),
            |envelope| envelope.versioned_kind(),
        ),
        failure: letter.failure,
        attempts: letter.attempts,
        since: letter.since,
    })
}
