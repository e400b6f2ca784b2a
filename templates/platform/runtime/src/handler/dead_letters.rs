//! Messages that could not be handled, for operators: to be listed, tried again or discarded.
//!
//! A message that fails blocks its key, the aggregate it is of: later messages of it queue behind,
//! in order. A command that was refused, where its policy says that this matters, blocks nothing:
//! it stands for itself, under its own id. What else stands still, see `stuck`,
//! `gaps` and `outbox` beside this module.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

use super::command::{self, RefusedCommand};
use super::contention::into_engine_error;
use super::generations::State;
use super::queue;
use super::reactor::Scope;
use super::release;
use platform_contract::envelope::Envelope;
use platform_contract::value::Timestamp;
use platform_ports::broker::BrokerError;
use platform_ports::engine::{
    Document, DocumentWrite, Documents, DocumentsQuery, Engine, EngineError, Generation, WriteSet,
};

/// How many documents are read in one go.
const AT_ONCE: u32 = 500;

/// A message that could not be handled, or waits behind one.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter {
    /// The handler.
    pub handler: String,
    /// The aggregate: that of the message, or the target of the command; for a refused command, the command.
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
    /// The running service goes on with it.
    UnderWay,
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
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
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
            let letter = shown(document);
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

/// The partitions whose earlier messages had gone by when a handler began.
pub(super) async fn mid_topic(scope: &Scope) -> Result<BTreeSet<u32>, EngineError> {
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

/// Forgets the first of a key of a handler that is gone, and all that waits behind it: there is nobody to
/// go on with it. Whether there was anything.
pub(super) async fn forget(
    engine: &dyn Engine,
    handler: &str,
    key: Uuid,
) -> Result<bool, EngineError> {
    let mut documents = Vec::new();
    for collection in [Documents::Parked, Documents::DeadLetters, Documents::Blocks] {
        let all = of_key(engine, collection, handler, key).await?;
        let delete = |document: Document| DocumentWrite::Delete {
            collection,
            key: document.key,
            expected: document.version,
        };
        documents.extend(all.into_iter().map(delete));
    }
    let any = !documents.is_empty();
    let write = WriteSet::of_documents(documents);
    engine.commit(write).await.map_err(into_engine_error)?;
    Ok(any)
}

/// What a collection has of a key of a handler: its keys begin with handler, generation and key.
async fn of_key(
    engine: &dyn Engine,
    collection: Documents,
    handler: &str,
    key: Uuid,
) -> Result<Vec<Document>, EngineError> {
    let (prefix, key) = (format!("{handler}/"), key.to_string());
    let (mut found, mut after) = (Vec::new(), prefix.clone());
    loop {
        let query = DocumentsQuery {
            collection,
            group: None,
            due_by: None,
            heads_only: false,
            after: Some(after),
            limit: AT_ONCE,
        };
        let page = engine.documents(&query).await?;
        let last = page.last().map(|last| last.key.clone());
        let more = page.len() >= AT_ONCE as usize;
        let own = page
            .into_iter()
            .filter(|document| document.key.split('/').nth(2) == Some(&key));
        found.extend(own.filter(|document| document.key.starts_with(&prefix)));
        match last {
            Some(last) if more && last.starts_with(&prefix) => after = last,
            _ => return Ok(found),
        }
    }
}

/// Handler, generation and key, of which a group's name consists.
pub(super) fn place(group: &str) -> Option<(&str, Generation, Uuid)> {
    let mut parts = group.rsplitn(3, '/');
    let (key, generation) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((parts.next()?, generation, key))
}

/// What an operator is shown of a document.
fn shown(document: &Document) -> DeadLetter {
    let mut parts = document.group.rsplitn(3, '/');
    let key = parts.next().and_then(|key| key.parse().ok());
    let (key, handler) = (key.unwrap_or_default(), parts.nth(1).unwrap_or_default());
    if let Ok(refused) = RefusedCommand::deserialize(&document.body) {
        return refused.shown(handler, key);
    }
    let letter = queue::letter(document).ok();
    let envelope = letter.as_ref().and_then(|one| one.message.envelope().ok());
    let kind = envelope.as_ref().map(Envelope::versioned_kind);
    let unreadable = || Some(format!("it cannot be read: {}", document.body));
    DeadLetter {
        handler: handler.to_owned(),
        key,
        position: document.position,
        sequence: envelope.as_ref().map(|envelope| envelope.sequence),
        kind: kind.unwrap_or_else(|| "unreadable".to_owned()),
        attempts: letter.as_ref().map_or(0, |letter| letter.attempts),
        since: letter
            .as_ref()
            .map_or_else(|| Timestamp::constant(0), |letter| letter.since),
        failure: letter.map_or_else(unreadable, |letter| letter.failure),
    }
}
