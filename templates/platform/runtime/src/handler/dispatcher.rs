//! Hands the commands of policies and effects to their units of work.
//!
//! The unit of work deletes the command's document, so it is done exactly once, whoever else tries.
//! Only the first command of each handler and target is taken at a time, so their order is kept. A
//! lease lets one process do all of it; nothing but double work depends on that.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use prometheus::IntCounterVec;
use tokio::task::JoinSet;

use super::causality::ReplicasByTopic;
use super::command::{PendingCommand, RefusedCommand};
use super::due;
use super::event_handler::HandlersById;
use super::execution::{carry_out, write};
use super::failing::{failed, give_up, postpone};
use super::metrics;
use crate::lease::Lease;
use crate::{Executed, Refused, Runtime};
use platform_contract::value::Timestamp;
use platform_ports::engine::{Document, DocumentWrite, Documents, DocumentsQuery, EngineError};

/// How many commands are under way at a time: what is committed together asks the disk once.
const AT_ONCE: u32 = 64;
/// The pause after a failure, or while another process hands commands over.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long the lease is kept when nothing is due any more, so that whoever gets a command next takes
/// it at once.
const KEPT: Duration = Duration::from_secs(1);
/// How soon the next round is while one waits for replicas.
const SOON: Duration = Duration::from_millis(50);
/// How long the lease lasts.
const LEASE_MS: u64 = 5_000;
/// The shortest pause of a command that waits for replicas.
const SHORTEST_WAIT_MS: u64 = 25;
/// The longest pause of a command that waits for replicas.
const LONGEST_WAIT_MS: u64 = 1_000;

pub(super) static EXECUTED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_commands_executed_total",
        "Commands of policies and effects that took effect.",
    )
});
pub(super) static REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter(
        "microdb_commands_refused_total",
        "Commands of policies and effects that were refused.",
    )
});

/// Hands commands over until the service shuts down; those under way are finished first.
pub(super) async fn dispatch(
    runtime: Arc<Runtime>,
    replicas: Arc<ReplicasByTopic>,
    handlers: Arc<HandlersById>,
) {
    let mut shutdown = runtime.shutdown.clone();
    let mut lease = Lease::new("commands", LEASE_MS);
    let mut moved = Instant::now();
    while !*shutdown.borrow() {
        let wait = match round(&runtime, &replicas, &handlers, &mut lease).await {
            Ok(DispatchRound::Busy) => {
                moved = Instant::now();
                continue;
            }
            Ok(DispatchRound::Waiting) => Some(SOON),
            Ok(DispatchRound::Idle(next)) if lease.is_held() => {
                let kept = KEPT.saturating_sub(moved.elapsed());
                if kept.is_zero() {
                    give_back(&mut lease, &runtime).await;
                    next
                } else {
                    next.map_or(Some(kept), |next| Some(next.min(kept)))
                }
            }
            Ok(DispatchRound::Idle(next)) => next,
            Err(error) => {
                runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, "commands could not be handed over"),
                );
                Some(INTERVAL)
            }
        };
        tokio::select! {
            () = runtime.commands_wake_up.notified() => {}
            () = due::wait(wait) => {}
            _ = shutdown.wait_for(|down| *down) => {}
        }
    }
    give_back(&mut lease, &runtime).await;
}

async fn give_back(lease: &mut Lease, runtime: &Runtime) {
    if let Err(error) = lease.release(runtime).await {
        tracing::debug!(%error, "the lease of commands runs out by itself");
    }
}

/// What a round of handing over came to.
enum DispatchRound {
    /// There may be more to do at once.
    Busy,
    /// A command waits for replicas.
    Waiting,
    /// Nothing is due, or another process hands it over; how long until something is, if ever.
    Idle(Option<Duration>),
}

/// Hands over what is due.
async fn round(
    runtime: &Arc<Runtime>,
    replicas: &Arc<ReplicasByTopic>,
    handlers: &Arc<HandlersById>,
    lease: &mut Lease,
) -> Result<DispatchRound, EngineError> {
    let engine = &runtime.engine;
    let peek = engine.peek(&[Documents::Commands]).await?;
    if !peek.holds(Documents::Commands) {
        return Ok(DispatchRound::Idle(None));
    }
    let now = peek.now;
    let query = DocumentsQuery {
        collection: Documents::Commands,
        group: None,
        due_by: Some(now),
        heads_only: true,
        after: None,
        limit: AT_ONCE,
    };
    let due = engine.documents(&query).await?;
    if due.is_empty() {
        let next = due::next(&**engine, Documents::Commands, now).await?;
        return Ok(DispatchRound::Idle(next));
    }
    // Last, so that nothing is written as long as there is nothing to do.
    if !lease.hold(runtime).await? {
        return Ok(DispatchRound::Idle(Some(INTERVAL)));
    }
    let mut under_way = JoinSet::new();
    for document in due {
        let (runtime, replicas) = (Arc::clone(runtime), Arc::clone(replicas));
        let handlers = Arc::clone(handlers);
        under_way
            .spawn(async move { hand_over(&runtime, &replicas, &handlers, document, now).await });
    }
    let (mut moved, mut waiting, mut failed) = (false, false, None);
    while let Some(ended) = under_way.join_next().await {
        match ended {
            Ok(Ok(HandedOver::Done)) => moved = true,
            Ok(Ok(HandedOver::Waits)) => waiting = true,
            Ok(Ok(HandedOver::Failed)) => {}
            // The others are not given up for it.
            Ok(Err(error)) => failed = Some(error),
            Err(panic) => tracing::error!(%panic, "what hands over a command panicked"),
        }
    }
    match (failed, moved, waiting) {
        (Some(error), ..) => Err(error),
        (None, true, _) => Ok(DispatchRound::Busy),
        (None, false, true) => Ok(DispatchRound::Waiting),
        (None, false, false) => {
            let next = due::next(&**engine, Documents::Commands, now).await?;
            Ok(DispatchRound::Idle(next))
        }
    }
}

/// What became of a command.
pub(super) enum HandedOver {
    /// It is done with.
    Done,
    /// It waits for replicas.
    Waits,
    /// It could not be carried out, and is tried again later.
    Failed,
}

async fn hand_over(
    runtime: &Arc<Runtime>,
    replicas: &ReplicasByTopic,
    handlers: &Arc<HandlersById>,
    document: Document,
    now: Timestamp,
) -> Result<HandedOver, EngineError> {
    let pending = match PendingCommand::read(&document) {
        Ok(pending) => pending,
        Err(error) => return give_up(runtime, document, None, error.to_string()).await,
    };
    match replicas.have_reached(runtime, &pending, now).await {
        Ok(true) => {}
        Ok(false) => {
            let waited = now.millis_since(pending.since);
            let pause = (waited / 4).clamp(SHORTEST_WAIT_MS, LONGEST_WAIT_MS);
            postpone(runtime, document, pending, now.plus_millis(pause)).await?;
            return Ok(HandedOver::Waits);
        }
        Err(error) => return failed(runtime, document, pending, now, error.into()).await,
    }
    match carry_out(runtime, handlers, &document, &pending, now).await {
        Ok(Some(Executed::Done { .. })) => EXECUTED.with_label_values(&[&pending.handler]).inc(),
        Ok(None) => {}
        Ok(Some(Executed::Refused(refused))) => {
            was_refused(runtime, &document, &pending, refused).await?;
        }
        Err(why) => return failed(runtime, document, pending, now, why).await,
    }
    Ok(HandedOver::Done)
}

/// Counts a refusal, and writes why into the dead letter that its unit of work has left, if any.
async fn was_refused(
    runtime: &Runtime,
    document: &Document,
    pending: &PendingCommand,
    refused: Refused,
) -> Result<(), EngineError> {
    REFUSED.with_label_values(&[&pending.handler]).inc();
    tracing::info!(
        handler = pending.handler,
        command = pending.command,
        target = ?pending.target,
        refusal = refused.name,
        detail = refused.detail,
        "a command was refused"
    );
    let Some(id) = document.key.parse().ok().filter(|_| pending.keep_refusals) else {
        return Ok(());
    };
    let explained = RefusedCommand {
        pending: pending.clone(),
        position: document.position,
        refused: Some(refused),
    };
    let put = DocumentWrite::Put {
        collection: Documents::DeadLetters,
        expected: 1,
        document: explained.document(id),
    };
    write(runtime, vec![put]).await
}
