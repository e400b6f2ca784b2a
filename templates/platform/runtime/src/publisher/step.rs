//! One step of a request: what it reads, and what is written because of it.

use std::collections::HashSet;

use uuid::Uuid;

use super::aggregate::{AggregateState, PublishedAggregate};
use super::work::{Next, Work};
use crate::Runtime;
use crate::recovery_request::replay_topic;
use platform_contract::envelope::Control;
use platform_contract::value::Timestamp;
use platform_ports::broker::{Publication, Topic};
use platform_ports::engine::{
    Check, DISCARDED, Documents, DocumentsQuery, Engine, EngineError, Find, Found, OutboxEvent,
    Stored,
};

/// How many discarded events are known at most.
const MOST_DISCARDED: u32 = 10_000;

/// What a step comes to.
#[derive(Default)]
pub struct Step {
    /// What must still hold.
    pub checks: Vec<Check>,
    /// Messages for the outbox.
    pub events: Vec<OutboxEvent>,
    /// Messages that go to the broker at once, and the topic made for them.
    pub published: Option<(Topic, Vec<Publication>)>,
    /// What comes next.
    pub next: Next,
}

/// A step about to be taken.
pub struct Stepping<'a> {
    /// The service.
    pub runtime: &'a Runtime,
    /// The aggregate.
    pub owned: &'a PublishedAggregate,
    /// The request.
    pub request: Uuid,
    /// The time of the step.
    pub now: Timestamp,
    /// How many rows or events it takes at most.
    pub limit: u32,
}

impl Stepping<'_> {
    /// Reads what the step needs.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn step(&self, work: &Work) -> Result<Step, EngineError> {
        match (&work.request, &work.next) {
            (
                Control::SnapshotRequest {
                    aggregate: Some(id),
                    ..
                },
                _,
            ) => self.one(*id).await,
            (Control::SnapshotRequest { .. }, Next::Start) => self.rows(None).await,
            (Control::SnapshotRequest { .. }, Next::Rows(after)) => {
                self.rows(Some(after.clone())).await
            }
            (Control::SnapshotRequest { .. }, Next::Deleted(after)) => self.deleted(*after).await,
            (Control::SnapshotRequest { .. }, Next::Markers) => Ok(self.complete()),
            (
                Control::ResendRequest {
                    aggregate, from, ..
                },
                Next::Start,
            ) => self.first_events(*aggregate, *from).await,
            (Control::ResendRequest { .. }, Next::Log(aggregate, sequence)) => {
                self.events(*aggregate, *sequence).await
            }
            (Control::ReplayRequest { .. }, Next::Start) => self.replay(None).await,
            (Control::ReplayRequest { .. }, Next::Log(aggregate, sequence)) => {
                self.replay(Some((*aggregate, *sequence))).await
            }
            (Control::ReplayRequest { .. }, Next::Markers) => Ok(self.replayed()),
            _ => Ok(Step::empty(Next::Nothing)),
        }
    }

    fn engine(&self) -> &dyn Engine {
        self.runtime.engine.as_ref()
    }

    /// A snapshot of one aggregate.
    async fn one(&self, id: Uuid) -> Result<Step, EngineError> {
        let mut step = Step::empty(Next::Nothing);
        match self.engine().load(self.owned.schema, 0, id).await? {
            Found::Nothing => {}
            Found::Deleted(version) => self.tell(&mut step, id, version, None).await?,
            Found::Live(row) => self.tell(&mut step, id, row.version, Some(row)).await?,
        }
        Ok(step)
    }

    async fn rows(&self, after: Option<String>) -> Result<Step, EngineError> {
        let find = Find {
            schema: self.owned.schema,
            generation: 0,
            equals: Vec::new(),
            range: None,
            order: &[],
            after,
            limit: self.limit,
        };
        let page = self.engine().find(&find).await?;
        let mut step = Step::empty(page.next.map_or(Next::Deleted(None), Next::Rows));
        for row in page.rows {
            self.tell(&mut step, row.id, row.version, Some(row)).await?;
        }
        Ok(step)
    }

    async fn deleted(&self, after: Option<Uuid>) -> Result<Step, EngineError> {
        let schema = self.owned.schema;
        let deleted = self.engine().deleted(schema, 0, after, self.limit).await?;
        let last = deleted.last().map(|(id, _)| *id);
        let next = last.map_or(Next::Markers, |last| Next::Deleted(Some(last)));
        let mut step = Step::empty(next);
        for (id, version) in deleted {
            self.tell(&mut step, id, version, None).await?;
        }
        Ok(step)
    }

    /// Adds a snapshot, on condition that it is still true when it is written: so it takes its
    /// place among the events of its key.
    async fn tell(
        &self,
        step: &mut Step,
        id: Uuid,
        version: u64,
        row: Option<Stored>,
    ) -> Result<(), EngineError> {
        step.checks.push(Check::Version {
            schema: self.owned.schema,
            generation: 0,
            id,
            version,
        });
        let before = (id, version.saturating_sub(1));
        let events = self.engine().event_log(self.owned.name, Some(before), 1);
        let last = events.await?.into_iter().next();
        let last = last.filter(|event| event.aggregate_id == id && event.sequence == version);
        let state = AggregateState {
            id,
            version,
            members: row.map(|row| self.owned.published(row)),
            last_event: last.map(|event| event.id),
        };
        let event = self
            .owned
            .snapshot(self.runtime, self.request, self.now, state);
        step.events.push(event);
        Ok(())
    }

    /// The events from a sequence on; a snapshot when the log no longer has them.
    async fn first_events(&self, id: Uuid, from: u64) -> Result<Step, EngineError> {
        let after = (id, from.saturating_sub(1));
        let first = self
            .engine()
            .event_log(self.owned.name, Some(after), 1)
            .await?;
        let discarded = self.discarded().await?;
        let there = first.first().is_some_and(|event| {
            (event.aggregate_id, event.sequence) == (id, after.1 + 1)
                && !discarded.contains(&event.id)
        });
        if there {
            self.events(id, after.1).await
        } else {
            self.one(id).await
        }
    }

    async fn events(&self, id: Uuid, after: u64) -> Result<Step, EngineError> {
        let log = self
            .engine()
            .event_log(self.owned.name, Some((id, after)), self.limit);
        let mut events = log.await?;
        events.retain(|event| event.aggregate_id == id);
        let discarded = self.discarded().await?;
        match events
            .iter()
            .position(|event| discarded.contains(&event.id))
        {
            Some(0) => return self.one(id).await,
            Some(first) => events.truncate(first),
            None => {}
        }
        let last = events.last().map(|event| event.sequence);
        let mut step = Step::empty(last.map_or(Next::Nothing, |last| Next::Log(id, last)));
        step.events = events;
        for event in &mut step.events {
            // It is in the log already.
            event.logged = false;
        }
        Ok(step)
    }

    async fn replay(&self, after: Option<(Uuid, u64)>) -> Result<Step, EngineError> {
        let log = self
            .engine()
            .event_log(self.owned.name, after, self.limit)
            .await?;
        let next = log.last().map_or(Next::Markers, |last| {
            Next::Log(last.aggregate_id, last.sequence)
        });
        let mut step = Step::empty(next);
        let topic = self.replay_topic();
        let discarded = self.discarded().await?;
        let sent = log.into_iter();
        let sent = sent.filter(|event| !discarded.contains(&event.id));
        let publications = sent.map(|event| Publication {
            topic: topic.name.clone(),
            partition: event.partition,
            key: event.aggregate_id.to_string(),
            wire: event.wire,
        });
        step.published = Some((topic.clone(), publications.collect()));
        Ok(step)
    }

    /// The events that an operator has taken out of the outbox, since the broker never takes them.
    async fn discarded(&self) -> Result<HashSet<Uuid>, EngineError> {
        let query = DocumentsQuery {
            collection: Documents::Projections,
            group: Some(DISCARDED.to_owned()),
            due_by: None,
            heads_only: false,
            after: None,
            limit: MOST_DISCARDED,
        };
        let documents = self.engine().documents(&query).await?;
        let id = |key: &str| key.strip_prefix(DISCARDED)?.parse().ok();
        let ids = documents.iter().filter_map(|document| id(&document.key));
        Ok(ids.collect())
    }

    fn replayed(&self) -> Step {
        let request = self.request;
        let topic = self.replay_topic();
        let marker = Control::ReplayComplete { request };
        let publications = (0..self.runtime.partitions).map(|partition| Publication {
            topic: topic.name.clone(),
            partition,
            key: self.marker_id(partition).to_string(),
            wire: self.marker(&marker, partition),
        });
        let mut step = Step::empty(Next::Nothing);
        step.published = Some((topic.clone(), publications.collect()));
        step
    }

    fn replay_topic(&self) -> Topic {
        Topic {
            name: replay_topic(self.owned.topic, self.request),
            partitions: self.runtime.partitions,
        }
    }

    /// Says in every partition that all snapshots stand before. The relay lets a marker out only
    /// when nothing waits before it in its partition.
    fn complete(&self) -> Step {
        let marker = Control::SnapshotComplete {
            request: self.request,
            aggregate_type: self.owned.name.to_owned(),
        };
        let mut step = Step::empty(Next::Nothing);
        for partition in 0..self.runtime.partitions {
            let id = self.marker_id(partition);
            step.events.push(OutboxEvent {
                id,
                aggregate_type: self.owned.name.to_owned(),
                aggregate_id: id,
                sequence: 0,
                kind: marker.versioned_kind(),
                topic: self.owned.topic.to_owned(),
                partition,
                logged: false,
                wire: self.marker(&marker, partition),
            });
        }
        step
    }

    fn marker_id(&self, partition: u32) -> Uuid {
        Uuid::new_v5(&self.request, &partition.to_be_bytes())
    }

    fn marker(&self, marker: &Control, partition: u32) -> platform_contract::envelope::Wire {
        let id = self.marker_id(partition);
        marker.to_wire(id, &self.runtime.source(), self.now)
    }
}

impl Step {
    fn empty(next: Next) -> Self {
        Self {
            next,
            ..Self::default()
        }
    }
}
