//! Snapshots of what the service owns: of one aggregate, or of all.

use uuid::Uuid;

use super::aggregate::AggregateState;
use super::open_request::NextStep;
use super::step::{Step, StepOutput};
use platform_contract::envelope::Control;
use platform_ports::engine::{Check, EngineError, Find, Found, OutboxEvent, Stored};

impl Step<'_> {
    /// A snapshot of one aggregate.
    pub(super) async fn snapshot_of(&self, id: Uuid) -> Result<StepOutput, EngineError> {
        let mut output = StepOutput::then(NextStep::Nothing);
        match self.engine().load(self.aggregate.schema, 0, id).await? {
            Found::Nothing => {}
            Found::Deleted(version) => self.add_snapshot(&mut output, id, version, None).await?,
            Found::Live(row) => {
                self.add_snapshot(&mut output, id, row.version, Some(row))
                    .await?
            }
        }
        Ok(output)
    }

    pub(super) async fn snapshots(&self, after: Option<String>) -> Result<StepOutput, EngineError> {
        let find = Find {
            schema: self.aggregate.schema,
            generation: 0,
            equals: Vec::new(),
            range: None,
            order: &[],
            after,
            limit: self.limit,
        };
        let page = self.engine().find(&find).await?;
        let mut output =
            StepOutput::then(page.next.map_or(NextStep::Deleted(None), NextStep::Rows));
        for row in page.rows {
            self.add_snapshot(&mut output, row.id, row.version, Some(row))
                .await?;
        }
        Ok(output)
    }

    pub(super) async fn snapshots_of_deleted(
        &self,
        after: Option<Uuid>,
    ) -> Result<StepOutput, EngineError> {
        let schema = self.aggregate.schema;
        let deleted = self.engine().deleted(schema, 0, after, self.limit).await?;
        let last = deleted.last().map(|(id, _)| *id);
        let next = last.map_or(NextStep::Markers, |last| NextStep::Deleted(Some(last)));
        let mut output = StepOutput::then(next);
        for (id, version) in deleted {
            self.add_snapshot(&mut output, id, version, None).await?;
        }
        Ok(output)
    }

    /// Adds a snapshot, on condition that it is still true when it is written: so it takes its
    /// place among the events of its key.
    async fn add_snapshot(
        &self,
        output: &mut StepOutput,
        id: Uuid,
        version: u64,
        row: Option<Stored>,
    ) -> Result<(), EngineError> {
        output.checks.push(Check::Version {
            schema: self.aggregate.schema,
            generation: 0,
            id,
            version,
        });
        let before = (id, version.saturating_sub(1));
        let events = self
            .engine()
            .event_log(self.aggregate.name, Some(before), 1);
        let last = events.await?.into_iter().next();
        let last = last.filter(|event| event.aggregate_id == id && event.sequence == version);
        let state = AggregateState {
            id,
            version,
            members: row.map(|row| self.aggregate.published(row)),
            last_event: last.map(|event| event.id),
        };
        let event = self
            .aggregate
            .snapshot(self.runtime, self.request, self.now, state);
        output.events.push(event);
        Ok(())
    }

    /// Says in every partition that all snapshots stand before. The relay lets a marker out only
    /// when nothing waits before it in its partition.
    pub(super) fn snapshots_complete(&self) -> StepOutput {
        let marker = Control::SnapshotComplete {
            request: self.request,
            aggregate_type: self.aggregate.name.to_owned(),
        };
        let mut output = StepOutput::then(NextStep::Nothing);
        for partition in 0..self.runtime.partitions {
            let id = self.marker_id(partition);
            output.events.push(OutboxEvent {
                id,
                aggregate_type: self.aggregate.name.to_owned(),
                aggregate_id: id,
                sequence: 0,
                kind: marker.versioned_kind(),
                topic: self.aggregate.topic.to_owned(),
                partition,
                logged: false,
                wire: self.marker(&marker, partition),
            });
        }
        output
    }
}
