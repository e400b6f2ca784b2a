//! What a run of messages does, folded into one write set: all targets are read first, then every
//! message is decided on what those before it left, and all is written at once.

mod missing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use prometheus::IntCounterVec;
use uuid::Uuid;

use super::applied_sequence::{Place, Verdict, decide};
use super::ask::Ask;
use super::key::Key;
use super::message::Message;
use super::metrics;
use super::parked::{Waiting, Why};
use super::queue::{Letter, Queue};
use super::reactor::{Failure, Reaction, Scope};
use platform_contract::envelope::{Envelope, partition_of};
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
    scope: &'a Scope,
    /// Partitions whose earlier messages had gone by when the handler began.
    mid_topic: &'a BTreeSet<u32>,
    /// What else there was when it was opened.
    peek: Peek,
    keys: BTreeMap<Uuid, Key>,
    documents: Vec<DocumentWrite>,
    asks: Vec<Ask>,
    unfinished: bool,
}

/// What a batch comes to.
pub(super) struct Folded {
    /// What has to be written; the caller adds offsets.
    pub write: WriteSet,
    /// What to ask for once that is done.
    pub asks: Vec<Ask>,
    /// Whether a message has to be taken up again at once, for the rest of its effects.
    pub unfinished: bool,
}

impl<'a> Batch<'a> {
    /// A batch over these aggregates; of others it knows nothing.
    pub async fn open(
        scope: &'a Scope,
        mid_topic: &'a BTreeSet<u32>,
        aggregates: &BTreeSet<Uuid>,
    ) -> Result<Self, EngineError> {
        let engine = &scope.runtime.engine;
        let ids: Vec<Uuid> = aggregates.iter().copied().collect();
        let rows = async {
            match scope.about.projection {
                Some(schema) => engine.load_each(schema, scope.generation, &ids).await,
                None => Ok(Vec::new()),
            }
        };
        let mut collections = vec![Documents::Parked, Documents::Blocks];
        if scope.about.projection.is_none() {
            // What a policy makes of an event may be half done.
            collections.push(Documents::Cursors);
        }
        let (applied_sequences, peek, rows) = tokio::try_join!(
            engine.applied_sequences(scope.about.handler, scope.generation, &ids),
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
                Key::load(scope, id, applied, row, parked, blocked).await?,
            );
        }
        Ok(Self {
            scope,
            mid_topic,
            peek,
            keys,
            documents: Vec::new(),
            asks: Vec::new(),
            unfinished: false,
        })
    }

    /// What is known of an aggregate.
    pub fn key(&mut self, aggregate: Uuid) -> &mut Key {
        self.keys.entry(aggregate).or_default()
    }

    /// Handles a message. After an error the batch is as it was before.
    pub async fn add(&mut self, message: &Message, envelope: &Envelope) -> Result<(), Failure> {
        let (aggregate, place) = (envelope.subject, Place::from(envelope));
        let applied = self.key(aggregate).applied;
        match decide(applied, self.is_mid_topic(aggregate), place) {
            Verdict::Duplicate => Ok(()),
            Verdict::Fork => {
                self.fork(envelope);
                Ok(())
            }
            Verdict::Snapshot if self.scope.about.projection.is_none() => {
                self.state_told(aggregate, place.sequence);
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

    /// Takes up what waits for an aggregate as far as that is possible now; whether anything was.
    ///
    /// An error is the first message's; the batch is then as it was before.
    pub async fn drain(&mut self, aggregate: Uuid) -> Result<bool, Failure> {
        let mut moved = false;
        loop {
            let key = self.key(aggregate);
            let Some((sequence, waiting)) = key.parked.head() else {
                return Ok(moved);
            };
            let waiting = waiting.clone();
            if key.queue.is_some() {
                return Ok(moved);
            }
            match self.take_up(aggregate, sequence, waiting).await {
                Ok(Step::On) => moved = true,
                Ok(Step::Unfinished) => return Ok(true),
                Ok(Step::Waits) => return Ok(moved),
                Err(_) if moved => return Ok(true),
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Gives up a message that cannot be handled: it blocks its key.
    pub fn give_up(&mut self, aggregate: Uuid, message: Message, failure: String, attempts: u32) {
        let now = self.peek.now;
        let recorded = message.envelope().map_or(now, |envelope| envelope.time);
        let new = || Queue::new(self.scope, aggregate, recorded);
        let key = self.keys.entry(aggregate).or_default();
        let queue = key.queue.get_or_insert_with(new);
        queue.append(Letter {
            message,
            failure: Some(failure),
            attempts,
            since: now,
        });
    }

    /// Gives up the first message that waits for an aggregate.
    pub fn give_up_head(&mut self, aggregate: Uuid, failure: String) {
        let parked = &mut self.key(aggregate).parked;
        let head = parked.head().map(|(sequence, _)| sequence);
        if let Some(waiting) = head.and_then(|sequence| parked.remove(sequence)) {
            self.give_up(aggregate, waiting.message, failure, 1);
        }
    }

    /// What all of it comes to.
    pub fn finish(self) -> Folded {
        let mut write = WriteSet {
            documents: self.documents,
            ..WriteSet::default()
        };
        for (aggregate, key) in self.keys {
            key.finish(self.scope, aggregate, &mut write);
        }
        Folded {
            write,
            asks: self.asks,
            unfinished: self.unfinished,
        }
    }

    async fn effect(&mut self, message: &Message, envelope: &Envelope) -> Result<(), Failure> {
        let aggregate = envelope.subject;
        match self.react(envelope).await {
            Ok(reaction) if reaction.unfinished => {
                self.merge(aggregate, reaction);
                self.unfinished = true;
                self.park(message, envelope, Why::Unfinished).await
            }
            Ok(reaction) => {
                self.merge(aggregate, reaction);
                let key = self.key(aggregate);
                key.applied = Some(Place::from(envelope).applied());
                key.parked.remove_through(envelope.sequence);
                match self.drain(aggregate).await {
                    // The one that waits fails on its own account, when its turn comes.
                    Ok(_) | Err(Failure::Poison(_) | Failure::Newer(_)) => Ok(()),
                    Err(passing) => Err(passing),
                }
            }
            Err(Failure::Newer(why)) => self.park(message, envelope, Why::NewerVersion(why)).await,
            Err(failure) => Err(failure),
        }
    }

    async fn take_up(
        &mut self,
        aggregate: Uuid,
        sequence: u64,
        waiting: Waiting,
    ) -> Result<Step, Failure> {
        let envelope = waiting.message.envelope()?;
        let place = Place::from(&envelope);
        let applied = self.key(aggregate).applied;
        match decide(applied, self.is_mid_topic(aggregate), place) {
            Verdict::Gap(_) => return Ok(Step::Waits),
            Verdict::Duplicate => {}
            Verdict::Fork => self.fork(&envelope),
            // It stands for events, up to its own.
            Verdict::Snapshot
                if waiting.is_state()
                    && applied.is_none_or(|applied| applied.sequence < sequence) =>
            {
                return Ok(Step::Waits);
            }
            Verdict::Snapshot if waiting.is_state() => {}
            Verdict::Next | Verdict::Baseline | Verdict::Snapshot => {
                match self.react(&envelope).await {
                    Err(Failure::Newer(_)) => return Ok(Step::Waits),
                    Err(failure) => return Err(failure),
                    Ok(reaction) => {
                        let unfinished = reaction.unfinished;
                        self.merge(aggregate, reaction);
                        if unfinished {
                            return Ok(Step::Unfinished);
                        }
                        self.key(aggregate).applied = Some(place.applied());
                    }
                }
            }
        }
        self.key(aggregate).parked.remove(sequence);
        Ok(Step::On)
    }

    async fn react(&mut self, envelope: &Envelope) -> Result<Reaction, Failure> {
        let scope = self.scope;
        let key = self.keys.entry(envelope.subject).or_default();
        let reactor = &scope.reactor;
        reactor.react(scope, envelope, &key.row, &self.peek).await
    }

    fn merge(&mut self, aggregate: Uuid, reaction: Reaction) {
        self.documents.extend(reaction.documents);
        if let Some(row) = reaction.row {
            self.key(aggregate).set_row(row);
        }
    }

    fn fork(&mut self, envelope: &Envelope) {
        let handler = self.scope.about.handler;
        FORKS.with_label_values(&[handler]).inc();
        tracing::error!(
            handler,
            aggregate = %envelope.subject,
            sequence = envelope.sequence,
            event = %envelope.id,
            "fork: another event had this sequence before; the source has lost commits"
        );
        if self.scope.about.projection.is_some() {
            self.asks.push(Ask::Snapshot(envelope.subject));
        }
    }

    async fn park(
        &mut self,
        message: &Message,
        envelope: &Envelope,
        why: Why,
    ) -> Result<(), Failure> {
        let waiting = Waiting {
            message: message.clone(),
            why,
            since: envelope.time,
        };
        let (scope, aggregate) = (self.scope, envelope.subject);
        let parked = &mut self.key(aggregate).parked;
        Ok(parked
            .put(scope, aggregate, envelope.sequence, waiting)
            .await?)
    }

    fn append(&mut self, aggregate: Uuid, message: &Message, since: Timestamp) {
        if let Some(queue) = &mut self.key(aggregate).queue {
            queue.append(Letter {
                message: message.clone(),
                failure: None,
                attempts: 0,
                since,
            });
        }
    }

    fn is_mid_topic(&self, aggregate: Uuid) -> bool {
        let partition = partition_of(aggregate, self.scope.runtime.partitions);
        self.mid_topic.contains(&partition)
    }
}

/// How far the work on a waiting message came.
enum Step {
    /// It is done with.
    On,
    /// Part of its effects is still to come.
    Unfinished,
    /// Its turn has not come.
    Waits,
}
