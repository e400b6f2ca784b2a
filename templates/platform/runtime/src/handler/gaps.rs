//! Messages that wait for others before them, for operators.
//!
//! What is missing is asked for, until its owner has answered with the aggregate's state: then it has the
//! events no more. A projection takes the state. A policy or an effect cannot: what it should have done
//! because of events that are gone nobody can tell, so it waits, and is listed, until somebody decides.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::batch::Batch;
use super::contention::Contention;
use super::dead_letters::{self, DeadLetter, DeadLetterError};
use super::event_handler::HandlerContext;
use super::handler_error::{HandlerError, NotCommitted};
use super::heads::heads;
use super::parked::{self, ParkedMessage, ParkedReason};
use super::recovery::{self, RecoveryError, RecoveryRequest};
use super::wake_ups::WakeUps;
use platform_contract::envelope::Envelope;
use platform_ports::engine::{Document, Documents, Engine, EngineError};

/// The first message of every key that waits, unless it waits behind a dead letter, or just for its turn.
pub(super) async fn list(
    engine: &dyn Engine,
    handlers: &BTreeSet<&str>,
) -> Result<Vec<DeadLetter>, EngineError> {
    let mut dead_letters = Vec::new();
    for document in heads(engine, Documents::Parked, "").await? {
        dead_letters.extend(shown(engine, &document, handlers).await?);
    }
    Ok(dead_letters)
}

async fn shown(
    engine: &dyn Engine,
    document: &Document,
    handlers: &BTreeSet<&str>,
) -> Result<Option<DeadLetter>, EngineError> {
    let Some((handler, generation, key)) = dead_letters::parse_group(&document.group) else {
        return Ok(None);
    };
    let parked_message = parked::parked_message(document);
    let first = document.position.cast_unsigned();
    let blocks = engine.document(Documents::Blocks, &document.group).await?;
    let applied_sequences = engine
        .applied_sequences(handler, generation, &[key])
        .await?;
    let next = applied_sequences
        .first()
        .map_or(1, |(_, applied)| applied.sequence + 1);
    let gone = !handlers.contains(handler);
    let why = match parked_message.reason {
        _ if blocks.is_some() => return Ok(None),
        _ if gone => format!("there is no handler `{handler}` in this program"),
        ParkedReason::NewerVersion(why) => format!("it waits for an upgrade: {why}"),
        ParkedReason::Gap if first > next => {
            format!("{next} is missing before it, and was asked for")
        }
        ParkedReason::Lost | ParkedReason::SnapshotInstead => format!(
            "{next} is missing before it: neither the event log of its owner nor the state it tells can \
             bring it back"
        ),
        ParkedReason::Gap | ParkedReason::Unfinished => return Ok(None),
    };
    let envelope = parked_message.message.envelope().ok();
    let kind = envelope.as_ref().map(Envelope::versioned_kind);
    Ok(Some(DeadLetter {
        handler: handler.to_owned(),
        key,
        position: 0,
        kind: kind.unwrap_or_else(|| "unreadable".to_owned()),
        sequence: Some(first),
        failure: Some(why),
        attempts: 0,
        since: parked_message.since,
    }))
}

/// Whether messages of a key wait.
pub(super) async fn waits(context: &HandlerContext, key: Uuid) -> Result<bool, EngineError> {
    Ok(head(context, key).await?.is_some())
}

async fn head(
    context: &HandlerContext,
    key: Uuid,
) -> Result<Option<(u64, ParkedMessage)>, EngineError> {
    let parked = parked::ParkedMessages::load(context, key).await?;
    let head = parked.head();
    Ok(head.map(|(sequence, message)| (sequence, message.clone())))
}

/// Asks once more for what is missing before the messages of a key; whether any wait.
pub(super) async fn retry(context: &HandlerContext, key: Uuid) -> Result<bool, DeadLetterError> {
    if !waits(context, key).await? {
        return Ok(false);
    }
    let engine = &context.runtime.engine;
    let (handler, generation) = (context.descriptor.id, context.generation);
    let applied_sequences = engine
        .applied_sequences(handler, generation, &[key])
        .await?;
    let next = applied_sequences
        .first()
        .map_or(1, |(_, applied)| applied.sequence + 1);
    match recovery::send(context, RecoveryRequest::Resend(key, next)).await {
        Ok(()) => Ok(true),
        Err(RecoveryError::Engine(error)) => Err(error.into()),
        Err(RecoveryError::Broker(error)) => Err(error.into()),
    }
}

/// Gives up what is missing before the messages of a key, or the first of them when nothing is, and goes
/// on with those that wait; whether any did.
pub(super) async fn discard(context: &HandlerContext, key: Uuid) -> Result<bool, EngineError> {
    let mid_topic = dead_letters::mid_topic(context).await?;
    let mut contention = Contention::over("the key");
    loop {
        let keys = BTreeSet::from([key]);
        let mut batch = Batch::open(context, &mid_topic, &keys).await?;
        if !batch.pass_over(key) {
            return Ok(false);
        }
        match batch.drain(key).await {
            // The one that waits fails on its own account, when its turn comes.
            Ok(_) | Err(HandlerError::Poison(_) | HandlerError::NewerVersion(_)) => {}
            Err(HandlerError::Transient(error)) => return Err(error),
        }
        let write = batch.finish().write;
        let wake_ups = WakeUps::of(&write);
        match context
            .runtime
            .engine
            .commit(write)
            .await
            .map_err(Into::into)
        {
            Ok(()) => {
                wake_ups.send(&context.runtime);
                return Ok(true);
            }
            Err(NotCommitted::Conflict) => contention.lost().await?,
            Err(NotCommitted::Failed(HandlerError::Transient(error))) => return Err(error),
            Err(NotCommitted::Failed(
                HandlerError::Poison(why) | HandlerError::NewerVersion(why),
            )) => {
                return Err(EngineError::Corrupt(why));
            }
        }
    }
}
