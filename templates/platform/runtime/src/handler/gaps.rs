//! Messages that wait for others before them, for operators.
//!
//! What is missing is asked for, until its owner has answered with the aggregate's state: then it has the
//! events no more. A projection takes the state. A policy or an effect cannot: what it should have done
//! because of events that are gone nobody can tell, so it waits, and is listed, until somebody decides.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::ask::{self, Ask, AskError};
use super::batch::Batch;
use super::bells::Bells;
use super::contention::Contention;
use super::dead_letters::{self, DeadLetter, LetterError};
use super::heads::heads;
use super::parked::{self, Waiting, Why};
use super::reactor::{Failure, NotCommitted, Scope};
use platform_contract::envelope::Envelope;
use platform_ports::engine::{Document, Documents, Engine, EngineError};

/// The first message of every key that waits, unless it waits behind a dead letter, or just for its turn.
pub(super) async fn list(
    engine: &dyn Engine,
    handlers: &BTreeSet<&str>,
) -> Result<Vec<DeadLetter>, EngineError> {
    let mut letters = Vec::new();
    for document in heads(engine, Documents::Parked, "").await? {
        letters.extend(shown(engine, &document, handlers).await?);
    }
    Ok(letters)
}

async fn shown(
    engine: &dyn Engine,
    document: &Document,
    handlers: &BTreeSet<&str>,
) -> Result<Option<DeadLetter>, EngineError> {
    let Some((handler, generation, key)) = dead_letters::place(&document.group) else {
        return Ok(None);
    };
    let waiting = parked::read(document);
    let first = document.position.cast_unsigned();
    let blocks = engine.document(Documents::Blocks, &document.group).await?;
    let applied_sequences = engine
        .applied_sequences(handler, generation, &[key])
        .await?;
    let next = applied_sequences
        .first()
        .map_or(1, |(_, applied)| applied.sequence + 1);
    let gone = !handlers.contains(handler);
    let why = match waiting.why {
        _ if blocks.is_some() => return Ok(None),
        _ if gone => format!("there is no handler `{handler}` in this program"),
        Why::NewerVersion(why) => format!("it waits for an upgrade: {why}"),
        Why::Gap if first > next => format!("{next} is missing before it, and was asked for"),
        Why::Lost | Why::State => format!(
            "{next} is missing before it: neither the event log of its owner nor the state it tells can \
             bring it back"
        ),
        Why::Gap | Why::Unfinished => return Ok(None),
    };
    let envelope = waiting.message.envelope().ok();
    let kind = envelope.as_ref().map(Envelope::versioned_kind);
    Ok(Some(DeadLetter {
        handler: handler.to_owned(),
        key,
        position: 0,
        kind: kind.unwrap_or_else(|| "unreadable".to_owned()),
        sequence: Some(first),
        failure: Some(why),
        attempts: 0,
        since: waiting.since,
    }))
}

/// Whether messages of a key wait.
pub(super) async fn waits(scope: &Scope, key: Uuid) -> Result<bool, EngineError> {
    Ok(head(scope, key).await?.is_some())
}

async fn head(scope: &Scope, key: Uuid) -> Result<Option<(u64, Waiting)>, EngineError> {
    let parked = parked::Parked::load(scope, key).await?;
    let head = parked.head();
    Ok(head.map(|(sequence, waiting)| (sequence, waiting.clone())))
}

/// Asks once more for what is missing before the messages of a key; whether any wait.
pub(super) async fn retry(scope: &Scope, key: Uuid) -> Result<bool, LetterError> {
    if !waits(scope, key).await? {
        return Ok(false);
    }
    let engine = &scope.runtime.engine;
    let (handler, generation) = (scope.about.handler, scope.generation);
    let applied_sequences = engine
        .applied_sequences(handler, generation, &[key])
        .await?;
    let next = applied_sequences
        .first()
        .map_or(1, |(_, applied)| applied.sequence + 1);
    match ask::send(scope, Ask::Resend(key, next)).await {
        Ok(()) => Ok(true),
        Err(AskError::Engine(error)) => Err(error.into()),
        Err(AskError::Broker(error)) => Err(error.into()),
    }
}

/// Gives up what is missing before the messages of a key, or the first of them when nothing is, and goes
/// on with those that wait; whether any did.
pub(super) async fn discard(scope: &Scope, key: Uuid) -> Result<bool, EngineError> {
    let mid_topic = dead_letters::mid_topic(scope).await?;
    let mut contention = Contention::over("the key");
    loop {
        let keys = BTreeSet::from([key]);
        let mut batch = Batch::open(scope, &mid_topic, &keys).await?;
        if !batch.pass_over(key) {
            return Ok(false);
        }
        match batch.drain(key).await {
            // The one that waits fails on its own account, when its turn comes.
            Ok(_) | Err(Failure::Poison(_) | Failure::Newer(_)) => {}
            Err(Failure::Passing(error)) => return Err(error),
        }
        let write = batch.finish().write;
        let bells = Bells::of(&write);
        match scope.runtime.engine.commit(write).await.map_err(Into::into) {
            Ok(()) => {
                bells.ring(&scope.runtime);
                return Ok(true);
            }
            Err(NotCommitted::Conflict) => contention.lost().await?,
            Err(NotCommitted::Failed(Failure::Passing(error))) => return Err(error),
            Err(NotCommitted::Failed(Failure::Poison(why) | Failure::Newer(why))) => {
                return Err(EngineError::Corrupt(why));
            }
        }
    }
}
