//! The release of a blocked key: its queue is worked off in order, and the key is free with it.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use super::applied_sequence::{EventPosition, Verdict, decide};
use super::batch::Batch;
use super::blocked_queue::{self, BlockedKey, QueuedMessage, put_blocked_key};
use super::contention::{Contention, commit};
use super::dead_letters::QueueStatus;
use super::event_handler::HandlerContext;
use super::handler_error::{HandlerError, NotCommitted};
use super::recovery::{self, RecoveryRequest};
use super::wake_ups::WakeUps;
use platform_ports::engine::{
    AppliedSequence, Check, Document, DocumentWrite, Documents, Engine, EngineError,
    SequenceAdvance, WriteSet,
};

/// What the consumer may change at the same time.
const QUEUE: &str = "the queue";

/// Works the queue of a key off, until it is empty or a message fails.
pub(super) async fn work_off(
    context: &HandlerContext,
    mid_topic: &BTreeSet<u32>,
    aggregate: Uuid,
) -> Result<QueueStatus, EngineError> {
    let group = context.group(aggregate);
    let engine = &*context.runtime.engine;
    let mut contention = Contention::over(QUEUE);
    loop {
        let Some((blocked_key, version)) = blocked_queue::blocked_key(engine, &group).await? else {
            return Ok(QueueStatus::Empty);
        };
        let Some((document, queued)) = blocked_queue::head(engine, &group).await? else {
            if unblock(engine, &group, version).await? {
                return Ok(QueueStatus::Empty);
            }
            contention.lost().await?;
            continue;
        };
        let head = QueueHead {
            group: &group,
            blocked_key,
            version,
            document,
        };
        match head.handle(context, mid_topic, &queued).await? {
            HeadResult::Done => contention.won(),
            HeadResult::Failed(why) if head.fail(context, queued, &why).await? => {
                return Ok(QueueStatus::StillFailing(why));
            }
            HeadResult::Conflict | HeadResult::Failed(_) => contention.lost().await?,
        }
    }
}

/// Notes that an operator releases the queue of a key; whether there is one.
pub(super) async fn release(
    context: &HandlerContext,
    aggregate: Uuid,
) -> Result<bool, EngineError> {
    let group = context.group(aggregate);
    let engine = &*context.runtime.engine;
    let mut contention = Contention::over(QUEUE);
    loop {
        let Some((blocked_key, version)) = blocked_queue::blocked_key(engine, &group).await? else {
            return Ok(false);
        };
        let released = BlockedKey {
            released: true,
            ..blocked_key
        };
        let released = vec![put_blocked_key(&group, &released, version)];
        if commit(engine, WriteSet::of_documents(released)).await? {
            return Ok(true);
        }
        contention.lost().await?;
    }
}

/// Gives up the first message of a queue: the applied sequence moves over it, as far as its sequence can be
/// told, and a projection asks for the state it now lacks. Whether there was one.
pub(super) async fn discard_head(
    context: &HandlerContext,
    mid_topic: &BTreeSet<u32>,
    aggregate: Uuid,
) -> Result<bool, EngineError> {
    let group = context.group(aggregate);
    let engine = &*context.runtime.engine;
    let mut contention = Contention::over(QUEUE);
    loop {
        let Some((blocked_key, version)) = blocked_queue::blocked_key(engine, &group).await? else {
            return Ok(false);
        };
        let released = BlockedKey {
            released: true,
            ..blocked_key
        };
        let released = vec![put_blocked_key(&group, &released, version)];
        let mut write = WriteSet::of_documents(released);
        if let Some((document, queued)) = blocked_queue::head(engine, &group).await? {
            write.documents.push(delete(&document));
            pass_over(context, mid_topic, aggregate, &queued, &mut write).await?;
        }
        if commit(engine, write).await? {
            return Ok(true);
        }
        contention.lost().await?;
    }
}

/// Moves the applied sequence over a message that is given up.
async fn pass_over(
    context: &HandlerContext,
    mid_topic: &BTreeSet<u32>,
    aggregate: Uuid,
    queued: &QueuedMessage,
    write: &mut WriteSet,
) -> Result<(), EngineError> {
    let engine = &*context.runtime.engine;
    let (handler, generation) = (context.descriptor.id, context.generation);
    // What cannot be read has no sequence; when it was an event, the next one shows the gap.
    let Ok(envelope) = queued.message.envelope() else {
        return Ok(());
    };
    let applied_sequences = engine
        .applied_sequences(handler, generation, &[aggregate])
        .await?;
    let applied = applied_sequences.first().map(|(_, applied)| *applied);
    let partition =
        platform_contract::envelope::partition_of(aggregate, context.runtime.partitions);
    let verdict = decide(
        applied,
        mid_topic.contains(&partition),
        EventPosition::from(&envelope),
    );
    if !matches!(verdict, Verdict::Next | Verdict::Baseline) {
        return Ok(());
    }
    write.applied_sequences.push(SequenceAdvance {
        handler: handler.to_owned(),
        generation,
        aggregate,
        from: applied.map(|applied| applied.sequence),
        // Without its id, so that a snapshot of the same sequence is still of use.
        to: AppliedSequence {
            sequence: envelope.sequence,
            event: None,
        },
    });
    let cursor = engine
        .document(Documents::Cursors, &context.cursor_key(&envelope))
        .await?;
    write
        .documents
        .extend(cursor.map(|cursor| DocumentWrite::Delete {
            collection: Documents::Cursors,
            key: cursor.key,
            expected: cursor.version,
        }));
    if context.descriptor.projection.is_some() {
        let request = recovery::recorded(context, RecoveryRequest::Snapshot(aggregate));
        write.documents.push(request);
    }
    Ok(())
}

/// The first message of a queue, under its lock.
struct QueueHead<'a> {
    group: &'a str,
    blocked_key: BlockedKey,
    version: u64,
    document: Document,
}

enum HeadResult {
    Done,
    Conflict,
    Failed(String),
}

impl QueueHead<'_> {
    /// Handles the message as the consumer would, and takes it out of the queue.
    async fn handle(
        &self,
        context: &HandlerContext,
        mid_topic: &BTreeSet<u32>,
        queued: &QueuedMessage,
    ) -> Result<HeadResult, EngineError> {
        let envelope = match queued.message.envelope() {
            Ok(envelope) => envelope,
            Err(error) => return Ok(HeadResult::Failed(error.to_string())),
        };
        let aggregates = BTreeSet::from([envelope.subject]);
        let mut batch = Batch::open(context, mid_topic, &aggregates).await?;
        batch.key(envelope.subject).queue = None;
        match batch.add(&queued.message, &envelope).await {
            Ok(()) => {}
            Err(HandlerError::Transient(error)) => return Err(error),
            Err(HandlerError::Poison(why) | HandlerError::NewerVersion(why)) => {
                return Ok(HeadResult::Failed(why));
            }
        }
        let mut write = batch.finish().write;
        write.documents.push(delete(&self.document));
        write.documents.push(self.lock());
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
                Ok(HeadResult::Done)
            }
            Err(NotCommitted::Conflict) => Ok(HeadResult::Conflict),
            Err(NotCommitted::Failed(HandlerError::Transient(error))) => Err(error),
            Err(NotCommitted::Failed(
                HandlerError::Poison(why) | HandlerError::NewerVersion(why),
            )) => Ok(HeadResult::Failed(why)),
        }
    }

    /// Notes that the message failed again, and holds the queue; whether nobody was faster.
    async fn fail(
        &self,
        context: &HandlerContext,
        queued: QueuedMessage,
        why: &str,
    ) -> Result<bool, EngineError> {
        let failed = QueuedMessage {
            failure: Some(why.to_owned()),
            attempts: queued.attempts + 1,
            ..queued
        };
        let held = BlockedKey {
            released: false,
            ..self.blocked_key.clone()
        };
        let document = Document {
            body: json!(failed),
            ..self.document.clone()
        };
        let write = WriteSet::of_documents(vec![
            DocumentWrite::Put {
                collection: Documents::DeadLetters,
                expected: self.document.version,
                document,
            },
            put_blocked_key(self.group, &held, self.version),
        ]);
        commit(&*context.runtime.engine, write).await
    }

    fn lock(&self) -> DocumentWrite {
        put_blocked_key(self.group, &self.blocked_key, self.version)
    }
}

/// Frees the key if the queue is empty at that instant; whether it was.
async fn unblock(engine: &dyn Engine, group: &str, version: u64) -> Result<bool, EngineError> {
    let write = WriteSet {
        checks: vec![Check::EmptyGroup {
            collection: Documents::DeadLetters,
            group: group.to_owned(),
        }],
        documents: vec![DocumentWrite::Delete {
            collection: Documents::Blocks,
            key: group.to_owned(),
            expected: version,
        }],
        ..WriteSet::default()
    };
    commit(engine, write).await
}

fn delete(document: &Document) -> DocumentWrite {
    DocumentWrite::Delete {
        collection: Documents::DeadLetters,
        key: document.key.clone(),
        expected: document.version,
    }
}
