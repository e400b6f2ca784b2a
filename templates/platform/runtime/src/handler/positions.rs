//! Where a handler reads on when a partition becomes its own, and what it does when that is gone.

use std::sync::LazyLock;

use prometheus::IntCounterVec;
use uuid::Uuid;

use super::ask::{self, Ask};
use super::contention::commit;
use super::generations::{Awaited, Begun, Start, State};
use super::metrics;
use super::reactor::Scope;
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
pub(super) async fn begin(scope: &Scope) -> Result<State, ReadError> {
    let (runtime, about) = (&scope.runtime, &scope.about);
    if let Some((state, _)) = State::load(&*runtime.engine, about.handler).await? {
        return Ok(state);
    }
    let topic = Topic {
        name: about.topic.to_owned(),
        partitions: runtime.partitions,
    };
    runtime.broker.ensure_topics(&[topic]).await?;
    let partitions = runtime.broker.partitions(about.topic).await?;
    let mut begun = Begun::at_end(about.topic, &partitions);
    if about.projection.is_some() {
        begun = begun.awaiting(Uuid::now_v7());
    }
    let state = State::new(runtime.partitions, begun);
    let engine = &*runtime.engine;
    let write = WriteSet::of_documents(vec![state.put(about.handler, 0)]);
    if commit(engine, write).await? {
        return Ok(state);
    }
    let theirs = State::load(engine, about.handler).await?;
    theirs.map(|(state, _)| state).ok_or(ReadError::Retired)
}

/// The places to read these partitions from.
pub(super) async fn positions(
    scope: &Scope,
    assignments: &[Assignment],
) -> Result<Vec<i64>, ReadError> {
    let engine = &scope.runtime.engine;
    let stored = engine
        .offsets(scope.about.handler, scope.generation)
        .await?;
    let (state, _) = State::load(&**engine, scope.about.handler)
        .await?
        .ok_or(ReadError::Retired)?;
    let begun = state.begun(scope.generation).ok_or(ReadError::Retired)?;
    let mut positions = Vec::with_capacity(assignments.len());
    for assignment in assignments {
        let stored = stored.iter().find(|offset| {
            offset.topic == assignment.topic && offset.partition == assignment.partition
        });
        positions.push(match begun.position(stored, assignment) {
            Some(next) => next,
            None => resynchronise(scope, assignment).await?,
        });
    }
    Ok(positions)
}

/// What should be read next is gone. A projection goes on at the end and asks for the state of
/// everything; it counts as unfilled until that is complete. A policy or an effect reads what there
/// is and asks too, since snapshots tell of events that never came, which are then asked for.
pub(super) async fn resynchronise(
    scope: &Scope,
    assignment: &Assignment,
) -> Result<i64, ReadError> {
    let handler = scope.about.handler;
    RESYNCHRONISED.with_label_values(&[handler]).inc();
    tracing::error!(
        handler,
        topic = assignment.topic,
        partition = assignment.partition,
        "what should be read next is gone; asking the owner for its state"
    );
    let projection = scope.about.projection.is_some();
    let next = if projection {
        assignment.end
    } else {
        assignment.start
    };
    let changed = State::change(&*scope.runtime.engine, handler, |state| {
        let begun = state.generations.get_mut(&scope.generation)?;
        let start = Start {
            topic_id: assignment.topic_id.clone(),
            offset: next,
        };
        begun.starts.insert(assignment.partition, start);
        let mut write = WriteSet {
            offsets: vec![moved(scope, assignment, next)],
            ..WriteSet::default()
        };
        if projection {
            await_again(begun, assignment.partition);
        } else {
            write.documents.push(ask::recorded(scope, Ask::Everything));
        }
        Some(((), write))
    })
    .await?;
    changed.ok_or(ReadError::Retired)?;
    Ok(next)
}

/// The partition waits for a new answer; the others go on waiting if they did.
fn await_again(begun: &mut Begun, partition: u32) {
    let mut missing = match begun.awaited.take() {
        Some(awaited) => awaited.missing,
        None => Default::default(),
    };
    missing.insert(partition);
    begun.awaited = Some(Awaited {
        request: Uuid::now_v7(),
        missing,
    });
}

fn moved(scope: &Scope, assignment: &Assignment, next: i64) -> OffsetAdvance {
    OffsetAdvance {
        handler: scope.about.handler.to_owned(),
        generation: scope.generation,
        topic: assignment.topic.clone(),
        partition: assignment.partition,
        topic_id: assignment.topic_id.clone(),
        next,
        as_of: None,
    }
}
