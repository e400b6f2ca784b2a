//! Messages that could not be handled, for operators: to be listed, tried again or discarded.
//!
//! A message that fails blocks its key, the aggregate it is of: later messages of it queue behind,
//! in order. A command that was refused, where its policy says that this matters, blocks nothing:
//! it stands for itself, under its own id. What else stands still, see `stuck`,
//! `gaps` and `outbox` beside this module.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

use super::blocked_queue;
use super::command::{self, RefusedCommand};
use super::contention::into_engine_error;
use super::event_handler::HandlerContext;
use super::handler_state::HandlerState;
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
    /// Its position in the queue of its key, from 0.
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
pub enum QueueStatus {
    /// All of it was handled; the key is free.
    Empty,
    /// A message failed, perhaps another one than before, and why.
    StillFailing(String),
    /// The running service goes on with it.
    UnderWay,
}

/// Why nothing was done about a dead letter.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
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
    let mut dead_letters = Vec::new();
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
            let dead_letter = shown(document);
            if handler.is_none_or(|handler| handler == dead_letter.handler) {
                dead_letters.push(dead_letter);
            }
        }
        match page.last() {
            Some(last) if page.len() >= AT_ONCE as usize => after = last.key.clone(),
            _ => return Ok(dead_letters),
        }
    }
}

/// Tries the first message of a key again, and then those behind it.
pub(super) async fn retry(
    context: &HandlerContext,
    key: Uuid,
) -> Result<QueueStatus, DeadLetterError> {
    if command::retry_refused(context, key).await? || release::release(context, key).await? {
        return Ok(work_off(context, key).await?);
    }
    Err(nothing(context, key))
}

/// Gives up the first message of a key, and then tries those behind it.
pub(super) async fn discard(
    context: &HandlerContext,
    key: Uuid,
) -> Result<QueueStatus, DeadLetterError> {
    let mid_topic = mid_topic(context).await?;
    if command::discard_refused(context, key).await?
        || release::discard_head(context, &mid_topic, key).await?
    {
        return Ok(work_off(context, key).await?);
    }
    Err(nothing(context, key))
}

async fn work_off(context: &HandlerContext, key: Uuid) -> Result<QueueStatus, EngineError> {
    let mid_topic = mid_topic(context).await?;
    release::work_off(context, &mid_topic, key).await
}

/// The partitions whose earlier messages had gone by when a handler began.
pub(super) async fn mid_topic(context: &HandlerContext) -> Result<BTreeSet<u32>, EngineError> {
    let state = HandlerState::load(&*context.runtime.engine, context.descriptor.id).await?;
    let generation_state = state
        .as_ref()
        .filter(|_| context.descriptor.projection.is_none())
        .and_then(|(state, _)| state.generation(context.generation));
    Ok(generation_state
        .map(|generation_state| generation_state.mid_topic())
        .unwrap_or_default())
}

fn nothing(context: &HandlerContext, key: Uuid) -> DeadLetterError {
    DeadLetterError::Nothing {
        handler: context.descriptor.id.to_owned(),
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
pub(super) fn parse_group(group: &str) -> Option<(&str, Generation, Uuid)> {
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
    let queued = blocked_queue::queued_message(document).ok();
    let envelope = queued.as_ref().and_then(|one| one.message.envelope().ok());
    let kind = envelope.as_ref().map(Envelope::versioned_kind);
    let unreadable = || Some("it cannot be read".to_owned());
    DeadLetter {
        handler: handler.to_owned(),
        key,
        position: document.position,
        sequence: envelope.as_ref().map(|envelope| envelope.sequence),
        kind: kind.unwrap_or_else(|| "unreadable".to_owned()),
        attempts: queued.as_ref().map_or(0, |queued| queued.attempts),
        since: queued
            .as_ref()
            .map_or_else(|| Timestamp::constant(0), |queued| queued.since),
        failure: queued.map_or_else(unreadable, |queued| queued.failure),
    }
}
