//! The owner's side of what other services ask for: snapshots, events once more, whole replays.
//!
//! Requests arrive on `<system>.<context>.commands` (see [`crate::requests`]). Each becomes a
//! document that says how far it has come, so that it is done once, and goes on after a crash.
//! Snapshots and repeated events take the way of all messages, through the outbox, in the order of
//! their key; a replay is copied from the event log straight into a topic of its own.

mod aggregate;
mod intake;
mod step;
mod work;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::intake::{Intake, IntakeError};
use self::step::{Step, Stepping};
use self::work::{Next, Opened};
use crate::Runtime;
use crate::recovery_request::commands_topic;
use platform_contract::value::Timestamp;
use platform_ports::broker::{BrokerError, PublishOutcome, Topic};
use platform_ports::engine::{CommitError, DocumentWrite, WriteSet};
use platform_ports::outage::{Cause, Dependency};

pub use aggregate::PublishedAggregate;

/// How long events stay in the log unless the service says otherwise. Longer than the week a broker
/// keeps messages by default: what is asked for again is mostly gone from there. Beyond it, gaps
/// are closed by snapshots.
pub const EVENT_LOG_RETENTION: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How many rows or events a step takes; fewer, down to the last, as long as others change them in
/// between.
const PAGES: [u32; 4] = [100, 20, 4, 1];

/// From how many waiting messages on the outbox is left to those who do business.
const OUTBOX_ENOUGH: u64 = 1_000;

/// How long one process works on requests without renewing, in milliseconds.
const LEASE_MS: u64 = 5_000;

/// How long requests are waited for, in milliseconds, when none is under way; those that another process
/// has left are found afterwards.
const WAIT_MS: u64 = 5_000;

/// The same when some are, but cannot go on now.
const HELD_UP_MS: u64 = 50;

/// The pause after a failure.
const BACK_OFF: Duration = Duration::from_secs(1);

/// The pause between two times of tidying up.
const TIDYING: Duration = Duration::from_secs(600);

/// Answers the requests for what a service owns.
pub struct SnapshotPublisher {
    runtime: Arc<Runtime>,
    owned: Vec<PublishedAggregate>,
    retention: Duration,
    tidied: Option<Instant>,
}

/// Why requests are held up. They go on later.
#[derive(Debug, thiserror::Error)]
enum PublisherError {
    /// The way in.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The engine.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The broker.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The broker did not take a message of a replay.
    #[error("the broker did not take a message of a replay: {0:?}")]
    NotTaken(PublishOutcome),
}

impl Cause for PublisherError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Intake(IntakeError::GroupMember(error)) => error.cause(),
            Self::Intake(IntakeError::Commit(error)) | Self::Commit(error) => error.cause(),
            Self::Broker(error) => error.cause(),
            Self::NotTaken(PublishOutcome::Failed(_)) => Some(Dependency::Broker),
            Self::NotTaken(PublishOutcome::Refused(_) | PublishOutcome::Acknowledged) => None,
        }
    }
}

/// How much was done.
enum Progress {
    /// Nothing is under way.
    Idle,
    /// Something is, but it has to wait.
    HeldUp,
    /// Something went on.
    Done,
}

impl SnapshotPublisher {
    /// For these aggregates of a service, whose event log is kept for `retention`
    /// ([`EVENT_LOG_RETENTION`]).
    pub fn new(runtime: Arc<Runtime>, owned: Vec<PublishedAggregate>, retention: Duration) -> Self {
        Self {
            runtime,
            owned,
            retention,
            tidied: None,
        }
    }

    /// Works until the service shuts down.
    pub async fn run(mut self) {
        let mut shutdown = self.runtime.shutdown.clone();
        while !*shutdown.borrow() {
            let held_up = tokio::select! {
                Err(error) = self.serve() => Some(error),
                _ = shutdown.changed() => None,
            };
            if let Some(error) = held_up {
                self.runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, "requests of other services are held up"),
                );
                tokio::select! {
                    () = tokio::time::sleep(BACK_OFF) => {}
                    _ = shutdown.changed() => {}
                }
            }
        }
    }

    /// Accepts requests and works on them, until something fails. It may be given up at any await:
    /// what is not committed is done again.
    async fn serve(&mut self) -> Result<(), PublisherError> {
        let name = commands_topic(self.runtime.system, self.runtime.context);
        let partitions = self.runtime.partitions;
        let broker = &self.runtime.broker;
        broker.ensure_topics(&[Topic { name, partitions }]).await?;
        let mut intake = Intake::join(Arc::clone(&self.runtime)).await?;
        let mut wait_ms = 0;
        loop {
            intake.take(wait_ms).await?;
            wait_ms = match self.work().await? {
                Progress::Idle => WAIT_MS,
                Progress::HeldUp => HELD_UP_MS,
                Progress::Done => 0,
            };
            self.tidy().await?;
        }
    }

    /// One step of every request under way, if no other process of the service is at it.
    async fn work(&self) -> Result<Progress, PublisherError> {
        let engine = &self.runtime.engine;
        let open = work::open(engine.as_ref()).await?;
        if open.is_empty() {
            return Ok(Progress::Idle);
        }
        let lease = engine.lease("owner", self.runtime.instance, LEASE_MS).await;
        if !lease.map_err(CommitError::from)? {
            return Ok(Progress::HeldUp);
        }
        let mut progress = Progress::Done;
        for opened in &open {
            let depth = engine.outbox_depth().await.map_err(CommitError::from)?;
            if depth.rows >= OUTBOX_ENOUGH {
                return Ok(Progress::HeldUp);
            }
            if let Err(error) = self.go_on(opened).await {
                let request = &opened.work.request;
                self.runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, ?request, "a request is held up"),
                );
                progress = Progress::HeldUp;
                if open.len() >= work::AT_ONCE as usize {
                    self.let_others_go_first(opened).await?;
                }
            }
        }
        Ok(progress)
    }

    /// Puts a request that is held up behind those that wait for a place.
    async fn let_others_go_first(&self, opened: &Opened) -> Result<(), CommitError> {
        let now = self.runtime.engine.now().await?;
        let postponed = vec![opened.postponed(now)];
        match self.commit(postponed, Step::default()).await {
            // It went on in the meantime.
            Err(CommitError::Conflict) => Ok(()),
            outcome => outcome,
        }
    }

    /// One step of a request, as large as others let it be.
    async fn go_on(&self, opened: &Opened) -> Result<(), PublisherError> {
        let request = &opened.work.request;
        let known = request
            .aggregate_type()
            .and_then(|name| self.owned.iter().find(|owned| owned.name == name));
        let now = self.runtime.engine.now().await.map_err(CommitError::from)?;
        let (Some(owned), Some(id)) = (known, request.request()) else {
            tracing::warn!(?request, "nothing like that is owned here");
            let done = opened.advanced(Next::Nothing, now);
            return Ok(self.commit(vec![done], Step::default()).await?);
        };
        for limit in PAGES {
            let stepping = Stepping {
                runtime: &self.runtime,
                owned,
                request: id,
                now,
                limit,
            };
            if self.take(&stepping, opened).await? {
                break;
            }
        }
        Ok(())
    }

    /// Takes a step; false when others changed what it had read.
    async fn take(&self, stepping: &Stepping<'_>, opened: &Opened) -> Result<bool, PublisherError> {
        let mut step = stepping
            .step(&opened.work)
            .await
            .map_err(CommitError::from)?;
        self.publish(&mut step).await?;
        let advanced = vec![opened.advanced(step.next.clone(), stepping.now)];
        let repeats = step.checks.is_empty();
        match self.commit(advanced.clone(), step).await {
            Err(CommitError::Conflict) if repeats && stepping.limit == 1 => {
                // An event that still waits in the outbox need not be sent again.
                Ok(self
                    .commit(advanced, Step::default())
                    .await
                    .map(|()| true)?)
            }
            Err(CommitError::Conflict) => Ok(false),
            outcome => Ok(outcome.map(|()| true)?),
        }
    }

    /// Publishes what goes to the broker at once.
    async fn publish(&self, step: &mut Step) -> Result<(), PublisherError> {
        let Some((topic, messages)) = step.published.take() else {
            return Ok(());
        };
        let broker = &self.runtime.broker;
        broker.ensure_topics(&[topic]).await?;
        let outcomes = broker.publish(&messages).await?;
        let mut failed = outcomes.into_iter();
        match failed.find(|outcome| *outcome != PublishOutcome::Acknowledged) {
            Some(outcome) => Err(PublisherError::NotTaken(outcome)),
            None => Ok(()),
        }
    }

    async fn commit(&self, documents: Vec<DocumentWrite>, step: Step) -> Result<(), CommitError> {
        let write = WriteSet {
            checks: step.checks,
            events: step.events,
            documents,
            ..WriteSet::default()
        };
        let rings = !write.events.is_empty();
        self.runtime.engine.commit(write).await?;
        if rings {
            self.runtime.outbox_wake_up.send();
        }
        Ok(())
    }

    /// Now and then, deletes what is too old.
    async fn tidy(&mut self) -> Result<(), CommitError> {
        if self.tidied.is_some_and(|at| at.elapsed() < TIDYING) {
            return Ok(());
        }
        self.tidied = Some(Instant::now());
        let engine = &self.runtime.engine;
        let now = engine.now().await?;
        let retention = i64::try_from(self.retention.as_micros()).unwrap_or(i64::MAX);
        let before = now.as_microseconds().saturating_sub(retention);
        if let Some(before) = Timestamp::from_microseconds(before) {
            engine.trim_event_log(before).await?;
        }
        let old = work::forget(engine.as_ref(), now).await?;
        match self.commit(old, Step::default()).await {
            // Another process tidies up as well.
            Err(CommitError::Conflict) => Ok(()),
            outcome => outcome,
        }
    }
}
