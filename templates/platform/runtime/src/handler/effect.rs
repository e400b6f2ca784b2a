//! Effects: something done in the outside world because of an event.
//!
//! The applied sequence moves over the event in the write that makes a job of it; [`super::effect_worker`] does the
//! jobs.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::command::PendingCommand;
use super::event_handler::{EventHandler, HandlerContext, HandlerDescriptor, HandlerWrites};
use super::handler_error::{HandlerError, guarded, panic_message};
use super::message::Message;
use super::{Attempt, Attempts, Effect, ErasedOutcome};
use platform_contract::FollowUp;
use platform_contract::envelope::{DecodeError, Envelope, decode, emptied, is_personal};
use platform_contract::value::Timestamp;
use platform_contract::{AggregateType, Event, Recorded};
use platform_ports::engine::{Document, DocumentWrite, Documents, EngineError, Found, Peek};

/// What a document of [`Documents::Jobs`] says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Job {
    /// The effect.
    pub handler: String,
    /// The event.
    pub message: Message,
    /// What its outcome comes back as, but for the command itself.
    pub follow_up: PendingCommand,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was first tried, by the database's clock.
    pub first: Option<Timestamp>,
    /// What became of the last attempt; absent while it runs.
    pub last: Option<String>,
}

impl Job {
    /// What a document says.
    pub fn read(document: &Document) -> Result<Self, EngineError> {
        Self::deserialize(&document.body)
            .map_err(|error| EngineError::Corrupt(format!("job {}: {error}", document.key)))
    }
}

/// An effect as the consumer sees it.
pub(super) struct EffectHandler<E>(PhantomData<fn() -> E>);

impl<E> EffectHandler<E> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<E: Effect> EventHandler for EffectHandler<E> {
    fn descriptor(&self) -> HandlerDescriptor {
        type Of<E> = <<E as Effect>::On as Event>::Of;
        HandlerDescriptor {
            id: E::HANDLER,
            topic: <Of<E> as AggregateType>::TOPIC,
            owner: <Of<E> as AggregateType>::CONTEXT,
            aggregate_type: <Of<E> as AggregateType>::NAME,
            projection: None,
            personal: is_personal::<Of<E>>(),
            emptied: emptied::<Of<E>>,
            before_commit: "effect.before-commit",
        }
    }

    async fn handle(
        &self,
        context: &HandlerContext,
        envelope: &Envelope,
        _: &Found,
        peek: &Peek,
    ) -> Result<HandlerWrites, HandlerError> {
        if envelope.kind != E::On::TYPE {
            return Ok(HandlerWrites::default());
        }
        // What cannot be read now cannot be read later: it is this message's fault, not the job's.
        decode::<E::On>(envelope)?;
        Ok(HandlerWrites {
            documents: vec![job::<E>(context, envelope, peek.now)],
            ..HandlerWrites::default()
        })
    }
}

/// The key that every attempt hands to the provider, and the job's own: of event and handler.
fn idempotency_key(context: &HandlerContext, event: Uuid, handler: &str) -> Uuid {
    let name = match context.generation {
        0 => handler.to_owned(),
        // A replay that was asked for does what it does again, so under another key.
        generation => format!("{handler}/{generation}"),
    };
    Uuid::new_v5(&event, name.as_bytes())
}

fn job<E: Effect>(context: &HandlerContext, envelope: &Envelope, now: Timestamp) -> DocumentWrite {
    let job = Job {
        handler: E::HANDLER.to_owned(),
        message: Message::restating(
            envelope,
            context.descriptor.topic,
            context.runtime.partitions,
        ),
        follow_up: PendingCommand::because_of(context, envelope, "", now),
        attempts: 0,
        first: None,
        last: None,
    };
    DocumentWrite::Put {
        collection: Documents::Jobs,
        expected: 0,
        document: Document {
            key: idempotency_key(context, envelope.id, E::HANDLER).to_string(),
            group: format!("{}/{}", E::HANDLER, envelope.subject),
            position: envelope.sequence.cast_signed(),
            due: Some(now),
            version: 0,
            body: json!(job),
        },
    }
}

/// An effect as its worker sees it.
#[async_trait]
pub(super) trait EffectRunner: Send + Sync {
    /// How it is tried.
    fn attempts(&self) -> Attempts;

    /// One attempt, bounded in time; a panic in it is a failed one.
    async fn attempt(
        &self,
        event: &Envelope,
        attempt: Attempt,
    ) -> Result<ErasedOutcome, DecodeError>;

    /// What to say when attempts have run out.
    fn gave_up(&self, event: &Envelope, why: &str) -> Result<Option<FollowUp>, HandlerError>;
}

/// An effect that the service has registered.
pub(super) struct RegisteredEffect<E>(pub Arc<E>);

#[async_trait]
impl<E: Effect> EffectRunner for RegisteredEffect<E> {
    fn attempts(&self) -> Attempts {
        E::ATTEMPTS
    }

    async fn attempt(
        &self,
        event: &Envelope,
        attempt: Attempt,
    ) -> Result<ErasedOutcome, DecodeError> {
        let event: Recorded<E::On> = decode(event)?;
        let effect = Arc::clone(&self.0);
        // A task of its own, so that a panic ends nothing else.
        let mut task = tokio::spawn(async move { effect.attempt(&event, &attempt).await });
        let limit = Duration::from_millis(E::ATTEMPTS.timeout_ms);
        Ok(match tokio::time::timeout(limit, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(ended)) => ErasedOutcome::Retry(panicked(ended)),
            Err(_) => {
                task.abort();
                ErasedOutcome::Retry(format!("it took longer than {} ms", limit.as_millis()))
            }
        })
    }

    fn gave_up(&self, event: &Envelope, why: &str) -> Result<Option<FollowUp>, HandlerError> {
        let event: Recorded<E::On> = decode(event)?;
        guarded(|| self.0.gave_up(&event, why))
    }
}

fn panicked(ended: tokio::task::JoinError) -> String {
    match ended.try_into_panic() {
        Ok(panic) => format!("it panicked: {}", panic_message(&*panic)),
        Err(_) => "it was cancelled".to_owned(),
    }
}
