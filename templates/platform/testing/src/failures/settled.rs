//! Whether a service has nothing left to do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::TestResult;
use super::peers::PeerAggregate;
use super::program::PATIENCE;
use super::world::World;
use platform_ports::engine::{AppliedSequence, Documents, OutboxEvent};
use platform_runtime::handler::HandlerStatus;

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(40);
/// How many events of a log are read at a time.
const PAGE: u32 = 500;

/// What must be empty, and what waits in it.
const WORK: [(Documents, &str); 5] = [
    (Documents::Commands, "commands wait"),
    (Documents::Jobs, "effects wait"),
    (Documents::Cursors, "policies or requests are half done"),
    (Documents::Parked, "messages wait for one before them"),
    (Documents::Blocks, "keys are blocked"),
];

/// Whose events are waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EventScope {
    /// Everybody's.
    All,
    /// The service's own.
    Own,
}

impl World {
    /// Waits until nothing is left to be done.
    pub async fn until_settled(&self) -> TestResult {
        self.until_settled_but(&BTreeSet::new()).await
    }

    /// Waits until nothing is left to be done, except about these aggregates of others.
    ///
    /// Work moves on in single transactions, so what is in motion may be missed by
    /// one look, but not by two with the same state.
    pub async fn until_settled_but(&self, stuck: &BTreeSet<Uuid>) -> TestResult {
        self.until_done(EventScope::All, stuck).await
    }

    /// Waits until nothing is left to be done that does not need others.
    pub async fn until_own_settled(&self) -> TestResult {
        self.until_done(EventScope::Own, &BTreeSet::new()).await
    }

    async fn until_done(&self, scope: EventScope, stuck: &BTreeSet<Uuid>) -> TestResult {
        let started = Instant::now();
        let mut before = None;
        loop {
            match self.left(scope, stuck).await? {
                None => {
                    let state = self.state().await?;
                    if before.as_ref() == Some(&state) {
                        return Ok(());
                    }
                    before = Some(state);
                }
                Some(left) if started.elapsed() > PATIENCE => {
                    return Err(format!("waited in vain: {left}").into());
                }
                Some(_) => before = None,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What is left to be done, if anything.
    async fn left(&self, scope: EventScope, stuck: &BTreeSet<Uuid>) -> TestResult<Option<String>> {
        if self.engine.outbox_depth().await?.rows > 0 {
            return Ok(Some("events wait to be published".to_owned()));
        }
        for (collection, waits) in WORK {
            let excused = matches!(collection, Documents::Parked | Documents::Blocks);
            if (stuck.is_empty() || !excused) && self.engine.count(collection).await? > 0 {
                return Ok(Some(waits.to_owned()));
            }
        }
        let Some(statuses) = self.status().await? else {
            return Ok(Some("handlers have not begun".to_owned()));
        };
        for handler in statuses
            .iter()
            .filter(|one| scope == EventScope::All || self.is_own(one))
        {
            if let Some(left) = self.unheard(handler, stuck).await? {
                return Ok(Some(format!("`{}` {left}", handler.handler)));
            }
        }
        Ok(None)
    }

    /// How far the handlers are; `None` while one has not begun.
    pub async fn status(&self) -> TestResult<Option<Vec<HandlerStatus>>> {
        let handlers = &self.subject.service.handlers;
        Ok(handlers.status(&*self.engine).await?)
    }

    /// What a handler has not heard yet, if anything.
    async fn unheard(
        &self,
        handler: &HandlerStatus,
        stuck: &BTreeSet<Uuid>,
    ) -> TestResult<Option<String>> {
        if !handler.complete {
            return Ok(Some("is not filled".to_owned()));
        }
        let lasts = self.lasts(handler).await?;
        let applied_sequences = self.applied_sequences(handler, lasts.keys()).await?;
        for (aggregate, last) in &lasts {
            let reached = applied_sequences
                .get(aggregate)
                .is_some_and(|applied| applied.sequence >= *last);
            let origin = *last == 1 && self.is_origin(*aggregate);
            if !reached && !origin && !stuck.contains(aggregate) {
                return Ok(Some(format!("has not heard all of {aggregate}")));
            }
        }
        if self.is_own(handler) {
            return Ok(None);
        }
        let unread = !self.has_read(handler).await?;
        Ok(unread.then(|| "has not read its topic to the end".to_owned()))
    }

    /// Whether a handler hears its own service.
    fn is_own(&self, handler: &HandlerStatus) -> bool {
        handler.owner == self.subject.service.context
    }

    /// Whether the first event of an aggregate was there before the first start: whether handlers
    /// hear it depends on who is first.
    pub fn is_origin(&self, aggregate: Uuid) -> bool {
        let mut rows = self.subject.examples.rows.iter();
        rows.any(|row| row.id == aggregate)
    }

    /// The last sequence of every aggregate that a handler hears of.
    pub async fn lasts(&self, handler: &HandlerStatus) -> TestResult<BTreeMap<Uuid, u64>> {
        if self.is_own(handler) {
            let log = self.log(handler.aggregate_type).await?.into_iter();
            return Ok(log
                .map(|event| (event.aggregate_id, event.sequence))
                .collect());
        }
        let aggregates = self.peers.aggregates().await;
        let heard = aggregates
            .iter()
            .filter(|(_, one)| one.topic == handler.topic);
        let last = |(id, one): (&Uuid, &PeerAggregate)| Some((*id, one.events.last()?.sequence));
        Ok(heard.filter_map(last).collect())
    }

    /// How far a handler has come with these aggregates.
    pub async fn applied_sequences(
        &self,
        handler: &HandlerStatus,
        aggregates: impl Iterator<Item = &Uuid>,
    ) -> TestResult<BTreeMap<Uuid, AppliedSequence>> {
        let ids: Vec<Uuid> = aggregates.copied().collect();
        let applied_sequences =
            self.engine
                .applied_sequences(handler.handler, handler.generation, &ids);
        Ok(applied_sequences.await?.into_iter().collect())
    }

    /// Whether a handler has read all that is in its topic.
    async fn has_read(&self, handler: &HandlerStatus) -> TestResult<bool> {
        let (id, generation) = (handler.handler, handler.generation);
        let read = self.engine.offsets(id, generation).await?;
        let partitions = self.broker.partitions(handler.topic).await?;
        Ok(partitions.iter().all(|partition| {
            partition.end == partition.start
                || read.iter().any(|read| {
                    read.topic == partition.topic
                        && read.partition == partition.partition
                        && read.topic_id == partition.topic_id
                        && read.next >= partition.end
                })
        }))
    }

    /// The events that the service has recorded of a kind of aggregate, in order.
    pub async fn log(&self, aggregate_type: &str) -> TestResult<Vec<OutboxEvent>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.engine.event_log(aggregate_type, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            after = Some((last.aggregate_id, last.sequence));
            all.extend(page);
        }
    }
}
