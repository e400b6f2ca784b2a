//! How a run of messages, of one partition or several, is handled: all of it in one transaction if that can be, else the good
//! prefix, and the message that fails alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use super::ask::{self, Ask, Asked};
use super::batch::{Batch, Folded};
use super::bells::Bells;
use super::contention::Contention;
use super::generations::State;
use super::message::{Content, Message};
use super::reactor::{Failure, NotCommitted, Scope};
use platform_contract::envelope::Envelope;
use platform_contract::value::Timestamp;
use platform_ports::engine::{DocumentWrite, EngineError, OffsetAdvance};
use platform_ports::fail_point;

/// How often a message is tried before it goes to the dead letters.
const ATTEMPTS: u32 = 3;
/// The pause between two attempts at a message.
const PAUSE: Duration = Duration::from_millis(50);
/// What others may change while a run is read and decided.
const ROWS: &str = "the same rows";

/// What handles the messages of a generation, several runs at a time.
#[derive(Clone)]
pub(super) struct Runner {
    pub scope: Scope,
    /// Partitions whose earlier messages had gone by when the handler began.
    pub mid_topic: BTreeSet<u32>,
    /// Partitions that wait for the answer to a request.
    pub filling: BTreeSet<u32>,
    /// What tells topics from others under their names.
    pub topic_ids: BTreeMap<(String, u32), String>,
    /// Whether what waits is to be looked after at once: a message has to be taken up again for the rest
    /// of its effects, or a partition is complete.
    pub unfinished: Arc<AtomicBool>,
    asked: Arc<Mutex<Asked>>,
}

/// A message with what it turned out to be.
struct Read {
    message: Message,
    content: Content,
}

impl Read {
    fn aggregate(&self) -> Uuid {
        match &self.content {
            Content::Of(envelope) => envelope.subject,
            _ => self.message.aggregate(),
        }
    }
}

/// How many messages of a run were handled, or what is wrong with it.
enum Tried {
    /// So many, from the first on.
    Done(usize),
    /// The first one is at fault.
    Poison(String),
    /// One of so many is at fault.
    OneOf(usize),
}

impl Runner {
    /// A runner without partitions.
    pub fn new(scope: Scope) -> Self {
        Self {
            scope,
            mid_topic: BTreeSet::new(),
            filling: BTreeSet::new(),
            topic_ids: BTreeMap::new(),
            unfinished: Arc::default(),
            asked: Arc::default(),
        }
    }

    /// Learns from the database what it needs to know of its generation.
    pub async fn refresh(&mut self) -> Result<(), EngineError> {
        let (scope, engine) = (&self.scope, &self.scope.runtime.engine);
        let state = State::load(&**engine, scope.about.handler).await?;
        if let Some((state, _)) = state
            && let Some(begun) = state.begun(scope.generation)
        {
            if scope.about.projection.is_none() {
                self.mid_topic = begun.mid_topic();
            }
            let awaited = begun.awaited.as_ref();
            self.filling = awaited.map_or_else(BTreeSet::new, |awaited| awaited.missing.clone());
        }
        Ok(())
    }

    /// Handles messages, of which those of each partition are in order. `next`, the offset to go on with
    /// in each partition, moves over those that are done with, also when an error ends it: something
    /// passing, to be tried again later.
    pub async fn run(
        &self,
        messages: Vec<Message>,
        next: &mut BTreeMap<u32, i64>,
    ) -> Result<(), EngineError> {
        let read = |message: Message| Read {
            content: message.content(),
            message,
        };
        let all: Vec<Read> = messages.into_iter().map(read).collect();
        let (mut rest, mut size, mut attempts) = (&all[..], all.len(), 0);
        while let Some(first) = rest.first() {
            let part = &rest[..size.clamp(1, rest.len())];
            let done = match self.attempt(part).await? {
                Tried::Done(done) => done,
                Tried::OneOf(many) => {
                    size = many / 2;
                    continue;
                }
                Tried::Poison(why) => {
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
            for Read { message, .. } in &rest[..done] {
                next.insert(message.partition, message.offset + 1);
            }
            rest = &rest[done..];
            (size, attempts) = (rest.len(), 0);
        }
        Ok(())
    }

    /// Tries a run as a whole; what stands before the first message that fails is committed.
    async fn attempt(&self, part: &[Read]) -> Result<Tried, EngineError> {
        let mut contention = Contention::over(ROWS);
        loop {
            let mut batch = self.open(part).await?;
            let (mut done, mut as_of) = (0, BTreeMap::new());
            for read in part {
                match self.add(&mut batch, read, &mut as_of).await {
                    Ok(()) => done += 1,
                    Err(Failure::Passing(error)) => return Err(error),
                    Err(Failure::Poison(why) | Failure::Newer(why)) if done == 0 => {
                        return Ok(Tried::Poison(why));
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
                        self.scope.runtime.generations_wake_up.notify_one();
                    }
                    return Ok(Tried::Done(done));
                }
                Err(NotCommitted::Conflict) => contention.lost().await?,
                Err(NotCommitted::Failed(Failure::Passing(error))) => return Err(error),
                Err(NotCommitted::Failed(Failure::Poison(why) | Failure::Newer(why))) => {
                    return Ok(if done == 1 {
                        Tried::Poison(why)
                    } else {
                        Tried::OneOf(done)
                    });
                }
            }
        }
    }

    async fn open(&self, part: &[Read]) -> Result<Batch<'_>, EngineError> {
        let aggregates = part
            .iter()
            .filter(|read| matches!(read.content, Content::Of(_) | Content::Unreadable(_)))
            .map(Read::aggregate)
            .collect();
        Batch::open(&self.scope, &self.mid_topic, &aggregates).await
    }

    async fn add(
        &self,
        batch: &mut Batch<'_>,
        read: &Read,
        as_of: &mut BTreeMap<u32, Timestamp>,
    ) -> Result<(), Failure> {
        match &read.content {
            Content::Of(envelope) if self.is_lacking(envelope) => {
                batch.owner_lacks(&read.message, envelope).await
            }
            Content::Of(envelope) => batch.add(&read.message, envelope).await,
            Content::Unreadable(why) => Err(Failure::Poison(why.clone())),
            Content::AsOf(time) => {
                // Before its snapshots are complete, a partition cannot tell what it lacks.
                let partition = read.message.partition;
                if !self.filling.contains(&partition) {
                    let latest = as_of.entry(partition).or_insert(*time);
                    *latest = (*time).max(*latest);
                }
                Ok(())
            }
            Content::Complete(_) | Content::Nothing => Ok(()),
        }
    }

    /// The write that notes which partitions have answered a request that was waited for.
    async fn completed(&self, done: &[Read]) -> Result<Option<DocumentWrite>, EngineError> {
        let answers = done.iter().filter_map(|read| match read.content {
            Content::Complete(request) => Some((request, read.message.partition)),
            _ => None,
        });
        let answers: Vec<_> = answers.collect();
        if answers.is_empty() {
            return Ok(None);
        }
        let handler = self.scope.about.handler;
        let engine = &self.scope.runtime.engine;
        let Some((mut state, version)) = State::load(&**engine, handler).await? else {
            return Ok(None);
        };
        let Some(begun) = state.generations.get_mut(&self.scope.generation) else {
            return Ok(None);
        };
        let mut awaited = false;
        for (request, partition) in answers {
            awaited |= begun.answered(request, partition);
        }
        Ok(awaited.then(|| state.put(handler, version)))
    }

    /// Sends a message to the dead letters, where it blocks its key.
    async fn give_up(&self, read: &Read, why: &str, attempts: u32) -> Result<(), EngineError> {
        let aggregate = read.aggregate();
        tracing::error!(
            handler = self.scope.about.handler,
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
                Err(NotCommitted::Failed(failure)) => return Err(passing(failure)),
            }
        }
    }

    /// Goes on with what waits for an aggregate; whether anything could be done.
    pub async fn drain(&self, aggregate: Uuid) -> Result<bool, EngineError> {
        let mut contention = Contention::over(ROWS);
        loop {
            let aggregates = BTreeSet::from([aggregate]);
            let mut batch = Batch::open(&self.scope, &self.mid_topic, &aggregates).await?;
            let mut failed = None;
            match batch.drain(aggregate).await {
                Ok(true) => {}
                Ok(false) => {
                    let missing = batch.missing(aggregate);
                    self.ask_again(aggregate, missing).await;
                    return Ok(false);
                }
                Err(Failure::Passing(error)) => return Err(error),
                Err(Failure::Poison(why) | Failure::Newer(why)) => failed = Some(why),
            }
            if let Some(why) = failed {
                batch.give_up_head(aggregate, why);
            }
            match self.commit(batch.finish()).await {
                Ok(()) => return Ok(true),
                Err(NotCommitted::Conflict) => contention.lost().await?,
                Err(NotCommitted::Failed(failure)) => return Err(passing(failure)),
            }
        }
    }

    async fn ask_again(&self, aggregate: Uuid, missing: Option<u64>) {
        if let Some(from) = missing {
            self.ask(vec![Ask::Resend(aggregate, from)]).await;
        }
    }

    async fn commit(&self, folded: Folded) -> Result<(), NotCommitted> {
        let Folded {
            write,
            asks,
            unfinished,
        } = folded;
        let effects = !(write.saves.is_empty() && write.documents.is_empty());
        if effects {
            fail_point::reach(self.scope.about.before_commit).await;
        }
        let bells = Bells::of(&write);
        self.scope.runtime.engine.commit(write).await?;
        if effects {
            fail_point::reach("consumer.after-effect").await;
        }
        bells.ring(&self.scope.runtime);
        self.unfinished.fetch_or(unfinished, Ordering::Relaxed);
        self.ask(asks).await;
        Ok(())
    }

    /// Asks for what is missing; what is not asked for now is when the gap is looked at again.
    async fn ask(&self, asks: Vec<Ask>) {
        for ask in asks {
            let ask = match ask {
                Ask::Resend(aggregate, from) if !self.is_filling(aggregate) => {
                    let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
                    asked.gap(&self.scope, aggregate, from)
                }
                Ask::Resend(..) => None,
                Ask::Snapshot(_) | Ask::Everything => Some((Uuid::now_v7(), ask)),
            };
            if let Some((request, ask)) = ask
                && let Err(error) = ask::send_as(&self.scope, request, ask).await
            {
                let handler = self.scope.about.handler;
                self.scope.runtime.outages.failed(
                    &error,
                    || tracing::warn!(handler, %error, "what is missing could not be asked for"),
                );
            }
        }
    }

    /// Whether a policy or an effect is told a state because it asked for events.
    fn is_lacking(&self, envelope: &Envelope) -> bool {
        if self.scope.about.projection.is_some() || !envelope.is_snapshot() {
            return false;
        }
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_answered(envelope.subject, envelope.causation)
    }

    /// Whether the aggregate's snapshot is on its way anyhow.
    fn is_filling(&self, aggregate: Uuid) -> bool {
        let partition =
            platform_contract::envelope::partition_of(aggregate, self.scope.runtime.partitions);
        self.filling.contains(&partition)
    }

    /// How far these have come in their partitions, and as of when.
    fn offsets(&self, done: &[Read], as_of: &BTreeMap<u32, Timestamp>) -> Vec<OffsetAdvance> {
        let last = done
            .iter()
            .map(|read| (read.message.partition, &read.message));
        let last: BTreeMap<u32, &Message> = last.collect();
        let offset = |(number, last)| self.offset(last, as_of.get(&number).copied());
        last.into_iter().map(offset).collect()
    }

    fn offset(&self, last: &Message, as_of: Option<Timestamp>) -> OffsetAdvance {
        let place = (last.topic.clone(), last.partition);
        OffsetAdvance {
            handler: self.scope.about.handler.to_owned(),
            generation: self.scope.generation,
            topic_id: self.topic_ids.get(&place).cloned().unwrap_or_default(),
            topic: place.0,
            partition: place.1,
            next: last.offset + 1,
            as_of,
        }
    }
}

/// A failure that is to be tried again, whatever it is.
fn passing(failure: Failure) -> EngineError {
    match failure {
        Failure::Passing(error) => error,
        Failure::Poison(why) | Failure::Newer(why) => EngineError::HeldUp(why),
    }
}
