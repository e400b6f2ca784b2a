//! What a run of messages does, folded into one write set: all targets are read first, then every
//! message is decided on what those before it left, and all is written at once.

mod missing;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use prometheus::IntCounterVec;
use uuid::Uuid;

use super::applied_sequence::{EventPosition, Verdict, decide};
use super::blocked_queue::{BlockedQueue, QueuedMessage};
use super::event_handler::{HandlerContext, HandlerWrites};
use super::handler_error::HandlerError;
use super::key_state::KeyState;
use super::message::Message;
use super::metrics;
use super::parked::ParkedReason;
use super::recovery::RecoveryRequest;
use crate::erasure::Erasure;
use platform_contract::envelope::{Change, Envelope, partition_of};
use platform_contract::value::Timestamp;
use platform_ports::engine::{DocumentWrite, Documents, EngineError, Found, Peek, WriteSet};

pub(super) static FORKS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_forks_total",
        "Events whose sequence another event had before: their source has lost commits.",
    )
});

/// A run of messages, or a part of the work on one key.
pub(super) struct Batch<'a> {
    context: &'a HandlerContext,
    /// Partitions whose earlier messages had gone by when the handler began.
    mid_topic: &'a BTreeSet<u32>,
    /// What else there was when it was opened.
    peek: Peek,
    keys: BTreeMap<Uuid, KeyState>,
    documents: Vec<DocumentWrite>,
    requests: Vec<RecoveryRequest>,
    unfinished: bool,
}

/// What a batch comes to.
pub(super) struct FoldedBatch {
    /// What has to be written; the caller adds offsets.
    pub write: WriteSet,
    /// What to ask for once that is done.
    pub requests: Vec<RecoveryRequest>,
    /// Whether a message has to be taken up again at once, for the rest of its effects.
    pub unfinished: bool,
}

impl<'a> Batch<'a> {
    /// A batch over these aggregates; of others it knows nothing.
    pub async fn open(
        context: &'a HandlerContext,
        mid_topic: &'a BTreeSet<u32>,
        aggregates: &BTreeSet<Uuid>,
    ) -> Result<Self, EngineError> {
        let engine = &context.runtime.engine;
        let ids: Vec<Uuid> = aggregates.iter().copied().collect();
        let rows = async {
            match context.descriptor.projection {
                Some(schema) => engine.load_each(schema, context.generation, &ids).await,
                None => Ok(Vec::new()),
            }
        };
        let mut collections = vec![Documents::Parked, Documents::Blocks];
        if context.descriptor.projection.is_none() {
            // What a policy makes of an event may be half done.
            collections.push(Documents::Cursors);
        }
        let (applied_sequences, peek, rows) = tokio::try_join!(
            engine.applied_sequences(context.descriptor.id, context.generation, &ids),
            engine.peek(&collections),
            rows,
        )?;
        let parked = peek.holds(Documents::Parked);
        let blocked = peek.holds(Documents::Blocks);
        let mut applied_sequences: BTreeMap<_, _> = applied_sequences.into_iter().collect();
        let mut rows = rows.into_iter();
        let mut keys = BTreeMap::new();
        for id in ids {
            let applied = applied_sequences.remove(&id);
            let row = rows.next().unwrap_or(Found::Nothing);
            keys.insert(
                id,
                KeyState::load(context, id, applied, row, parked, blocked).await?,
            );
        }
        Ok(Self {
            context,
            mid_topic,
            peek,
            keys,
            documents: Vec::new(),
            requests: Vec::new(),
            unfinished: false,
        })
    }

    /// What is known of an aggregate.
    pub fn key(&mut self, aggregate: Uuid) -> &mut KeyState {
        self.keys.entry(aggregate).or_default()
    }

    /// Handles a message. After an error the batch is as it was before.
    pub async fn add(
        &mut self,
        message: &Message,
        envelope: &Envelope,
    ) -> Result<(), HandlerError> {
        let (aggregate, position) = (envelope.subject, EventPosition::from(envelope));
        let applied = self.key(aggregate).applied;
        let verdict = decide(applied, self.is_mid_topic(aggregate), position);
        self.act(verdict, message, envelope).await?;
        if !matches!(verdict, Verdict::Duplicate | Verdict::Fork) {
            self.erase_deleted(envelope);
        }
        Ok(())
    }

    async fn act(
        &mut self,
        verdict: Verdict,
        message: &Message,
        envelope: &Envelope,
    ) -> Result<(), HandlerError> {
        let (aggregate, position) = (envelope.subject, EventPosition::from(envelope));
        match verdict {
            Verdict::Duplicate => Ok(()),
            Verdict::Fork => {
                self.fork(envelope);
                Ok(())
            }
            Verdict::Snapshot if self.context.descriptor.projection.is_none() => {
                self.state_told(aggregate, position.sequence);
                Ok(())
            }
            _ if self.key(aggregate).queue.is_some() => {
                self.append(aggregate, message, envelope.time);
                Ok(())
            }
            Verdict::Gap(from) => self.gap(message, envelope, from).await,
            Verdict::Next | Verdict::Baseline | Verdict::Snapshot => {
                self.effect(message, envelope).await
            }
        }
    }

    /// Gives up a message that cannot be handled: it blocks its key.
    pub fn give_up(&mut self, aggregate: Uuid, message: Message, failure: String, attempts: u32) {
        let now = self.peek.now;
        let recorded = message.envelope().map_or(now, |envelope| envelope.time);
        let new = || BlockedQueue::new(self.context, aggregate, recorded);
        let key = self.keys.entry(aggregate).or_default();
        let queue = key.queue.get_or_insert_with(new);
        queue.append(QueuedMessage {
            message,
            failure: Some(failure),
            attempts,
            since: now,
        });
        // A deletion that has come already is not heard of again when that message is.
        if let Some(deletion) = key.parked.deletion() {
            self.erase_deleted(&deletion);
        }
    }

    /// Records that what the handler holds of an aggregate is to be erased, where a message says that it was
    /// deleted.
    fn erase_deleted(&mut self, envelope: &Envelope) {
        let descriptor = &self.context.descriptor;
        if envelope.change == Change::Deleted && descriptor.personal {
            let erasure = Erasure::Handler {
                handler: descriptor.id.to_owned(),
                generation: self.context.generation,
                aggregate: envelope.subject,
                sequence: envelope.sequence,
            };
            self.documents.push(erasure.record());
        }
    }

    /// What all of it comes to.
    pub fn finish(self) -> FoldedBatch {
        let mut write = WriteSet {
            documents: self.documents,
            ..WriteSet::default()
        };
        for (aggregate, key) in self.keys {
            key.finish(self.context, aggregate, &mut write);
        }
        FoldedBatch {
            write,
            requests: self.requests,
            unfinished: self.unfinished,
        }
    }

    async fn effect(&mut self, message: &Message, envelope: &Envelope) -> Result<(), HandlerError> {
        let aggregate = envelope.subject;
        match self.handle(envelope).await {
            Ok(writes) if writes.unfinished => {
                self.merge(aggregate, writes);
                self.unfinished = true;
                self.park(message, envelope, ParkedReason::Unfinished).await
            }
            Ok(writes) => {
                self.merge(aggregate, writes);
                let key = self.key(aggregate);
                key.applied = Some(EventPosition::from(envelope).applied());
                key.parked.remove_through(envelope.sequence);
                match self.drain(aggregate).await {
                    // The one that waits fails on its own account, when its turn comes.
                    Ok(_) | Err(HandlerError::Poison(_) | HandlerError::NewerVersion(_)) => Ok(()),
                    Err(transient) => Err(transient),
                }
            }
            Err(HandlerError::NewerVersion(why)) => {
                self.park(message, envelope, ParkedReason::NewerVersion(why))
                    .await
            }
            Err(error) => Err(error),
        }
    }

    async fn handle(&mut self, envelope: &Envelope) -> Result<HandlerWrites, HandlerError> {
        let context = self.context;
        let key = self.keys.entry(envelope.subject).or_default();
        let handler = &context.handler;
        handler
            .handle(context, envelope, &key.row, &self.peek)
            .await
    }

    fn merge(&mut self, aggregate: Uuid, writes: HandlerWrites) {
        self.documents.extend(writes.documents);
        if let Some(row) = writes.row {
            self.key(aggregate).set_row(row);
        }
    }

    fn fork(&mut self, envelope: &Envelope) {
        let handler = self.context.descriptor.id;
        FORKS.with_label_values(&[handler]).inc();
        tracing::error!(
            handler,
            aggregate = %envelope.subject,
            sequence = envelope.sequence,
            event = %envelope.id,
            "fork: another event had this sequence before; the source has lost commits"
        );
        if self.context.descriptor.projection.is_some() {
            self.requests
                .push(RecoveryRequest::Snapshot(envelope.subject));
        }
    }

    fn append(&mut self, aggregate: Uuid, message: &Message, since: Timestamp) {
        if let Some(queue) = &mut self.key(aggregate).queue {
            queue.append(QueuedMessage {
                message: message.clone(),
                failure: None,
                attempts: 0,
                since,
            });
        }
    }

    fn is_mid_topic(&self, aggregate: Uuid) -> bool {
        let partition = partition_of(aggregate, self.context.runtime.partitions);
        self.mid_topic.contains(&partition)
    }
}
