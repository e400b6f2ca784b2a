//! Where a handler reads on when a partition becomes its own, and what it does when that is gone.

use std::sync::LazyLock;

use prometheus::IntCounterVec;
use uuid::Uuid;

use super::contention::commit;
use super::event_handler::HandlerContext;
use super::generation_state::{AwaitedRequest, GenerationState, StartOffset};
use super::handler_state::HandlerState;
use super::metrics;
use super::recovery::{self, RecoveryRequest};
use platform_ports::broker::{Assignment, BrokerError, Topic};
use platform_ports::engine::{EngineError, OffsetAdvance, WriteSet};
use platform_ports::outage::{Cause, Dependency};

pub(super) static RESYNCHRONISED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_resynchronised_total",
        "Partitions whose next messages were gone, so that the owner had to be asked for its state.",
    )
});

/// Why a handler cannot read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The generation is not kept any more.
    #[error("the generation is not kept any more")]
    Retired,
}

impl Cause for ReadError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Engine(error) => error.cause(),
            Self::Broker(error) => error.cause(),
            Self::Retired => None,
        }
    }
}

/// Records where a handler begins, unless that is on record: at the end of its topic as it is now. A
/// projection asks for the state of everything besides.
pub(super) async fn begin(context: &HandlerContext) -> Result<HandlerState, ReadError> {
    let (runtime, descriptor) = (&context.runtime, &context.descriptor);
    if let Some((state, _)) = HandlerState::load(&*runtime.engine, descriptor.id).await? {
        return Ok(state);
    }
    let topic = Topic {
        name: descriptor.topic.to_owned(),
        partitions: runtime.partitions,
    };
    runtime.broker.ensure_topics(&[topic]).await?;
    let partitions = runtime.broker.partitions(descriptor.topic).await?;
    let mut generation_state = GenerationState::at_end(descriptor.topic, &partitions);
    if descriptor.projection.is_some() {
        generation_state = generation_state.awaiting(Uuid::now_v7());
    }
    let state = HandlerState::new(runtime.partitions, generation_state);
    let engine = &*runtime.engine;
    let write = WriteSet::of_documents(vec![state.put(descriptor.id, 0)]);
    if commit(engine, write).await? {
        return Ok(state);
    }
    let theirs = HandlerState::load(engine, descriptor.id).await?;
    theirs.map(|(state, _)| state).ok_or(ReadError::Retired)
}

/// The places to read these partitions from.
pub(super) async fn positions(
    context: &HandlerContext,
    assignments: &[Assignment],
) -> Result<Vec<i64>, ReadError> {
    let engine = &context.runtime.engine;
    let stored = engine
        .offsets(context.descriptor.id, context.generation)
        .await?;
    let (state, _) = HandlerState::load(&**engine, context.descriptor.id)
        .await?
        .ok_or(ReadError::Retired)?;
    let generation_state = state
        .generation(context.generation)
        .ok_or(ReadError::Retired)?;
    let mut positions = Vec::with_capacity(assignments.len());
    for assignment in assignments {
        let stored = stored.iter().find(|offset| {
            offset.topic == assignment.topic && offset.partition == assignment.partition
        });
        positions.push(match generation_state.position(stored, assignment) {
            Some(next) => next,
            None => resynchronise(context, assignment).await?,
        });
    }
    Ok(positions)
}

/// What should be read next is gone. A projection goes on at the end and asks for the state of
/// everything; it counts as unfilled until that is complete. A policy or an effect reads what there
/// is and asks too, since snapshots tell of events that never came, which are then asked for.
pub(super) async fn resynchronise(
    context: &HandlerContext,
    assignment: &Assignment,
) -> Result<i64, ReadError> {
    let handler = context.descriptor.id;
    RESYNCHRONISED.with_label_values(&[handler]).inc();
    tracing::error!(
        handler,
        topic = assignment.topic,
        partition = assignment.partition,
        "what should be read next is gone; asking the owner for its state"
    );
    let projection = context.descriptor.projection.is_some();
    let next = if projection {
        assignment.end
    } else {
        assignment.start
    };
    let changed = HandlerState::change(&*context.runtime.engine, handler, |state| {
        let generation_state = state.generations.get_mut(&context.generation)?;
        let start = StartOffset {
            topic_id: assignment.topic_id.clone(),
            offset: next,
        };
        generation_state.starts.insert(assignment.partition, start);
        let mut write = WriteSet {
            offsets: vec![moved(context, assignment, next)],
            ..WriteSet::default()
        };
        if projection {
            await_again(generation_state, assignment.partition);
        } else {
            write
                .documents
                .push(recovery::recorded(context, RecoveryRequest::AllSnapshots));
        }
        Some(((), write))
    })
    .await?;
    changed.ok_or(ReadError::Retired)?;
    Ok(next)
}

/// The partition waits for a new answer; the others go on waiting if they did.
fn await_again(generation_state: &mut GenerationState, partition: u32) {
    let mut missing = match generation_state.awaited.take() {
        Some(awaited) => awaited.missing,
        None => Default::default(),
    };
    missing.insert(partition);
    generation_state.awaited = Some(AwaitedRequest {
        request: Uuid::now_v7(),
        missing,
    });
}

fn moved(context: &HandlerContext, assignment: &Assignment, next: i64) -> OffsetAdvance {
    OffsetAdvance {
        handler: context.descriptor.id.to_owned(),
        generation: context.generation,
        topic: assignment.topic.clone(),
        partition: assignment.partition,
        topic_id: assignment.topic_id.clone(),
        next,
        as_of: None,
    }
}
