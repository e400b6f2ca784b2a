//! How a run of messages, of one partition or several, is handled: all of it in one transaction if that
//! can be, else the good prefix, and the message that fails alone.

mod missing;
mod progress;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use uuid::Uuid;

use super::batch::{Batch, FoldedBatch};
use super::contention::Contention;
use super::event_handler::HandlerContext;
use super::handler_error::{HandlerError, NotCommitted};
use super::handler_state::HandlerState;
use super::message::{Content, Message};
use super::recovery::RecentRequests;
use super::wake_ups::WakeUps;
use platform_contract::value::Timestamp;
use platform_ports::engine::EngineError;
use platform_ports::fail_point;

/// How often a message is tried before it goes to the dead letters.
const ATTEMPTS: u32 = 3;
/// The pause between two attempts at a message.
const PAUSE: Duration = Duration::from_millis(50);
/// What others may change while a run is read and decided.
const ROWS: &str = "the same rows";

/// What handles the messages of a generation, several runs at a time.
#[derive(Clone)]
pub(super) struct MessageProcessor {
    pub context: HandlerContext,
    /// Partitions whose earlier messages had gone by when the handler began.
    pub mid_topic: BTreeSet<u32>,
    /// Partitions that wait for the answer to a request.
    pub filling: BTreeSet<u32>,
    /// What tells topics from others under their names.
    pub topic_ids: BTreeMap<(String, u32), String>,
    /// Whether what waits is to be looked after at once: a message has to be taken up again for the rest
    /// of its effects, or a partition is complete.
    pub unfinished: Arc<AtomicBool>,
    recent: Arc<Mutex<RecentRequests>>,
}

/// A message with what it turned out to be.
struct DecodedMessage {
    message: Message,
    content: Content,
}

impl DecodedMessage {
    fn aggregate(&self) -> Uuid {
        match &self.content {
            Content::Envelope(envelope) => envelope.subject,
            _ => self.message.aggregate(),
        }
    }
}

/// How many messages of a run were handled, or what is wrong with it.
enum RunResult {
    /// So many, from the first on.
    Done(usize),
    /// The first one is at fault.
    Poison(String),
    /// One of so many is at fault.
    OneOf(usize),
}

impl MessageProcessor {
    /// One without partitions.
    pub fn new(context: HandlerContext) -> Self {
        Self {
            context,
            mid_topic: BTreeSet::new(),
            filling: BTreeSet::new(),
            topic_ids: BTreeMap::new(),
            unfinished: Arc::default(),
            recent: Arc::default(),
        }
    }

    /// Learns from the database what it needs to know of its generation.
    pub async fn refresh(&mut self) -> Result<(), EngineError> {
        let (context, engine) = (&self.context, &self.context.runtime.engine);
        let state = HandlerState::load(&**engine, context.descriptor.id).await?;
        if let Some((state, _)) = state
            && let Some(generation_state) = state.generation(context.generation)
        {
            if context.descriptor.projection.is_none() {
                self.mid_topic = generation_state.mid_topic();
            }
            let awaited = generation_state.awaited.as_ref();
            self.filling = awaited.map_or_else(BTreeSet::new, |awaited| awaited.missing.clone());
        }
        Ok(())
    }

    /// Handles messages, of which those of each partition are in order. `next`, the offset to go on with
    /// in each partition, moves over those that are done with, also when an error ends it: something
    /// transient, to be tried again later.
    pub async fn process(
        &self,
        messages: Vec<Message>,
        next: &mut BTreeMap<u32, i64>,
    ) -> Result<(), EngineError> {
        let decoded = |message: Message| DecodedMessage {
            content: message.content(),
            message,
        };
        let all: Vec<DecodedMessage> = messages.into_iter().map(decoded).collect();
        let (mut rest, mut size, mut attempts) = (&all[..], all.len(), 0);
        while let Some(first) = rest.first() {
            let part = &rest[..size.clamp(1, rest.len())];
            let done = match self.attempt(part).await? {
                RunResult::Done(done) => done,
                RunResult::OneOf(many) => {
                    size = many / 2;
                    continue;
                }
                RunResult::Poison(why) => {
                    attempts += 1;
                    if attempts < ATTEMPTS {
                        size = 1;
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    }
                    self.give_up(first, &why, attempts).await?;
                    1
                }
            };
            for DecodedMessage { message, .. } in &rest[..done] {
                next.insert(message.partition, message.offset + 1);
            }
            rest = &rest[done..];
            (size, attempts) = (rest.len(), 0);
        }
        Ok(())
    }

    /// Tries a run as a whole; what stands before the first message that fails is committed.
    async fn attempt(&self, part: &[DecodedMessage]) -> Result<RunResult, EngineError> {
        let mut contention = Contention::over(ROWS);
        loop {
            let mut batch = self.open(part).await?;
            let (mut done, mut as_of) = (0, BTreeMap::new());
            for read in part {
                match self.add(&mut batch, read, &mut as_of).await {
                    Ok(()) => done += 1,
                    Err(HandlerError::Transient(error)) => return Err(error),
                    Err(HandlerError::Poison(why) | HandlerError::NewerVersion(why))
                        if done == 0 =>
                    {
                        return Ok(RunResult::Poison(why));
                    }
                    Err(_) => break,
                }
            }
            let mut folded = batch.finish();
            folded.write.offsets = self.offsets(&part[..done], &as_of);
            let completed = self.completed(&part[..done]).await?;
            let told = completed.is_some();
            folded.write.documents.extend(completed);
            match self.commit(folded).await {
                Ok(()) => {
                    self.unfinished.fetch_or(told, Ordering::Relaxed);
                    if told {
                        self.context.runtime.generations_wake_up.notify_one();
                    }
                    return Ok(RunResult::Done(done));
                }
                Err(NotCommitted::Conflict) => contention.lost().await?,
                Err(NotCommitted::Failed(HandlerError::Transient(error))) => return Err(error),
                Err(NotCommitted::Failed(
                    HandlerError::Poison(why) | HandlerError::NewerVersion(why),
                )) => {
                    return Ok(if done == 1 {
                        RunResult::Poison(why)
                    } else {
                        RunResult::OneOf(done)
                    });
                }
            }
        }
    }

    async fn open(&self, part: &[DecodedMessage]) -> Result<Batch<'_>, EngineError> {
        let aggregates = part
            .iter()
            .filter(|read| matches!(read.content, Content::Envelope(_) | Content::Unreadable(_)))
            .map(DecodedMessage::aggregate)
            .collect();
        Batch::open(&self.context, &self.mid_topic, &aggregates).await
    }

    async fn add(
        &self,
        batch: &mut Batch<'_>,
        read: &DecodedMessage,
        as_of: &mut BTreeMap<u32, Timestamp>,
    ) -> Result<(), HandlerError> {
        match &read.content {
            Content::Envelope(envelope) if self.is_lacking(envelope) => {
                batch.owner_lacks(&read.message, envelope).await
            }
            Content::Envelope(envelope) => batch.add(&read.message, envelope).await,
            Content::Unreadable(why) => Err(HandlerError::Poison(why.clone())),
            Content::Heartbeat(time) => {
                // Before its snapshots are complete, a partition cannot tell what it lacks.
                let partition = read.message.partition;
                if !self.filling.contains(&partition) {
                    let latest = as_of.entry(partition).or_insert(*time);
                    *latest = (*time).max(*latest);
                }
                Ok(())
            }
            Content::RequestComplete(_) | Content::Ignored => Ok(()),
        }
    }

    /// Sends a message to the dead letters, where it blocks its key.
    async fn give_up(
        &self,
        read: &DecodedMessage,
        why: &str,
        attempts: u32,
    ) -> Result<(), EngineError> {
        let aggregate = read.aggregate();
        tracing::error!(
            handler = self.context.descriptor.id,
            %aggregate,
            offset = read.message.offset,
            why,
            "a message could not be handled; it blocks its key until somebody retries or discards it"
        );
        let mut contention = Contention::over(ROWS);
        loop {
            let mut batch = self.open(std::slice::from_ref(read)).await?;
            batch.give_up(aggregate, read.message.clone(), why.to_owned(), attempts);
            let mut folded = batch.finish();
            folded.write.offsets.push(self.offset(&read.message, None));
            match self.commit(folded).await {
                Ok(()) => return Ok(()),
                Err(NotCommitted::Conflict) => contention.lost().await?,
                Err(NotCommitted::Failed(error)) => return Err(into_transient(error)),
            }
        }
    }

    async fn commit(&self, folded: FoldedBatch) -> Result<(), NotCommitted> {
        let FoldedBatch {
            write,
            requests,
            unfinished,
        } = folded;
        let effects = !(write.saves.is_empty() && write.documents.is_empty());
        if effects {
            fail_point::reach(self.context.descriptor.before_commit).await;
        }
        let wake_ups = WakeUps::of(&write);
        self.context.runtime.engine.commit(write).await?;
        if effects {
            fail_point::reach("consumer.after-effect").await;
        }
        wake_ups.send(&self.context.runtime);
        self.unfinished.fetch_or(unfinished, Ordering::Relaxed);
        self.request(requests).await;
        Ok(())
    }
}

/// An error after which it is tried again, whatever it is.
fn into_transient(error: HandlerError) -> EngineError {
    match error {
        HandlerError::Transient(error) => error,
        HandlerError::Poison(why) | HandlerError::NewerVersion(why) => EngineError::HeldUp(why),
    }
}
