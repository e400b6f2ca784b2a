//! The event log, sent once more: the events of one aggregate, or a replay of all.

use std::collections::HashSet;

use uuid::Uuid;

use super::open_request::NextStep;
use super::step::{Step, StepOutput};
use crate::recovery_request::replay_topic;
use platform_contract::envelope::Control;
use platform_ports::broker::{Publication, Topic};
use platform_ports::engine::{DISCARDED, Documents, DocumentsQuery, EngineError};

/// How many discarded events are known at most.
const MOST_DISCARDED: u32 = 10_000;

impl Step<'_> {
    /// The events from a sequence on; a snapshot when the log no longer has them.
    pub(super) async fn resend_first(
        &self,
        id: Uuid,
        from: u64,
    ) -> Result<StepOutput, EngineError> {
        let after = (id, from.saturating_sub(1));
        let first = self
            .engine()
            .event_log(self.aggregate.name, Some(after), 1)
            .await?;
        let discarded = self.discarded().await?;
        let there = first.first().is_some_and(|event| {
            (event.aggregate_id, event.sequence) == (id, after.1 + 1)
                && !discarded.contains(&event.id)
        });
        if there {
            self.resend(id, after.1).await
        } else {
            self.snapshot_of(id).await
        }
    }

    pub(super) async fn resend(&self, id: Uuid, after: u64) -> Result<StepOutput, EngineError> {
        let log = self
            .engine()
            .event_log(self.aggregate.name, Some((id, after)), self.limit);
        let mut events = log.await?;
        events.retain(|event| event.aggregate_id == id);
        let discarded = self.discarded().await?;
        match events
            .iter()
            .position(|event| discarded.contains(&event.id))
        {
            Some(0) => return self.snapshot_of(id).await,
            Some(first) => events.truncate(first),
            None => {}
        }
        let last = events.last().map(|event| event.sequence);
        let mut output =
            StepOutput::then(last.map_or(NextStep::Nothing, |last| NextStep::Log(id, last)));
        output.events = events;
        for event in &mut output.events {
            // It is in the log already.
            event.logged = false;
        }
        Ok(output)
    }

    pub(super) async fn replay(
        &self,
        after: Option<(Uuid, u64)>,
    ) -> Result<StepOutput, EngineError> {
        let log = self
            .engine()
            .event_log(self.aggregate.name, after, self.limit)
            .await?;
        let next = log.last().map_or(NextStep::Markers, |last| {
            NextStep::Log(last.aggregate_id, last.sequence)
        });
        let mut output = StepOutput::then(next);
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
        output.published = Some((topic.clone(), publications.collect()));
        Ok(output)
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

    pub(super) fn replay_complete(&self) -> StepOutput {
        let request = self.request;
        let topic = self.replay_topic();
        let marker = Control::ReplayComplete { request };
        let publications = (0..self.runtime.partitions).map(|partition| Publication {
            topic: topic.name.clone(),
            partition,
            key: self.marker_id(partition).to_string(),
            wire: self.marker(&marker, partition),
        });
        let mut output = StepOutput::then(NextStep::Nothing);
        output.published = Some((topic.clone(), publications.collect()));
        output
    }

    fn replay_topic(&self) -> Topic {
        Topic {
            name: replay_topic(self.aggregate.topic, self.request),
            partitions: self.runtime.partitions,
        }
    }
}
