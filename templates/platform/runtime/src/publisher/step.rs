//! One step of a recovery request: what it reads, and what is written because of it.

use uuid::Uuid;

use super::aggregate::PublishedAggregate;
use super::open_request::{NextStep, RequestState};
use crate::Runtime;
use platform_contract::envelope::{Control, Wire};
use platform_contract::value::Timestamp;
use platform_ports::broker::{Publication, Topic};
use platform_ports::engine::{Check, Engine, EngineError, OutboxEvent};

/// What is written because of a step.
#[derive(Default)]
pub struct StepOutput {
    /// What must still hold.
    pub checks: Vec<Check>,
    /// Messages for the outbox.
    pub events: Vec<OutboxEvent>,
    /// Messages that go to the broker at once, and the topic made for them.
    pub published: Option<(Topic, Vec<Publication>)>,
    /// What comes next.
    pub next: NextStep,
}

/// A step about to be taken.
pub struct Step<'a> {
    /// The service.
    pub runtime: &'a Runtime,
    /// The aggregate.
    pub aggregate: &'a PublishedAggregate,
    /// The request.
    pub request: Uuid,
    /// The time of the step.
    pub now: Timestamp,
    /// How many rows or events it takes at most.
    pub limit: u32,
}

impl Step<'_> {
    /// Reads what the step needs.
    ///
    /// # Errors
    /// When the engine cannot answer.
    pub async fn run(&self, state: &RequestState) -> Result<StepOutput, EngineError> {
        match (&state.request, &state.next) {
            (
                Control::SnapshotRequest {
                    aggregate: Some(id),
                    ..
                },
                _,
            ) => self.snapshot_of(*id).await,
            (Control::SnapshotRequest { .. }, NextStep::Start) => self.snapshots(None).await,
            (Control::SnapshotRequest { .. }, NextStep::Rows(after)) => {
                self.snapshots(Some(after.clone())).await
            }
            (Control::SnapshotRequest { .. }, NextStep::Deleted(after)) => {
                self.snapshots_of_deleted(*after).await
            }
            (Control::SnapshotRequest { .. }, NextStep::Markers) => Ok(self.snapshots_complete()),
            (
                Control::ResendRequest {
                    aggregate, from, ..
                },
                NextStep::Start,
            ) => self.resend_first(*aggregate, *from).await,
            (Control::ResendRequest { .. }, NextStep::Log(aggregate, sequence)) => {
                self.resend(*aggregate, *sequence).await
            }
            (Control::ReplayRequest { .. }, NextStep::Start) => self.replay(None).await,
            (Control::ReplayRequest { .. }, NextStep::Log(aggregate, sequence)) => {
                self.replay(Some((*aggregate, *sequence))).await
            }
            (Control::ReplayRequest { .. }, NextStep::Markers) => Ok(self.replay_complete()),
            _ => Ok(StepOutput::then(NextStep::Nothing)),
        }
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        self.runtime.engine.as_ref()
    }

    pub(super) fn marker_id(&self, partition: u32) -> Uuid {
        Uuid::new_v5(&self.request, &partition.to_be_bytes())
    }

    /// A message of the runtime that goes into every partition, as it goes into this one.
    pub(super) fn marker(&self, marker: &Control, partition: u32) -> Wire {
        let id = self.marker_id(partition);
        marker.to_wire(id, &self.runtime.source(), self.now)
    }
}

impl StepOutput {
    /// Nothing but what comes next.
    pub(super) fn then(next: NextStep) -> Self {
        Self {
            next,
            ..Self::default()
        }
    }
}
