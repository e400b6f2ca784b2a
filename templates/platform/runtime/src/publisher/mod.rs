//! Answers to recovery requests of other services for what this one owns: snapshots, events once more,
//! whole replays.
//!
//! Requests arrive on `<system>.<context>.commands` (see [`crate::recovery_request`]). Each becomes a
//! document that says how far it has come, so that it is done once, and goes on after a crash.
//! Snapshots and repeated events go through the outbox as all messages do, in the order of their key;
//! a replay is copied from the event log straight into a topic of its own.

mod aggregate;
mod error;
mod event_log;
mod open_request;
mod request_consumer;
mod snapshots;
mod step;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::error::PublisherError;
use self::open_request::{NextStep, OpenRequest};
use self::request_consumer::RequestConsumer;
use self::step::{Step, StepOutput};
use crate::Runtime;
use crate::recovery_request::commands_topic;
use platform_contract::value::Timestamp;
use platform_ports::broker::{PublishOutcome, Topic};
use platform_ports::engine::{CommitError, DocumentWrite, WriteSet};

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

/// The pause between two cleanups.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(600);

/// Answers recovery requests for what a service owns.
pub struct SnapshotPublisher {
    runtime: Arc<Runtime>,
    owned: Vec<PublishedAggregate>,
    retention: Duration,
    cleaned_up: Option<Instant>,
}

/// How far the open requests have come.
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
            cleaned_up: None,
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
        let mut consumer = RequestConsumer::join(Arc::clone(&self.runtime)).await?;
        let mut wait_ms = 0;
        loop {
            consumer.accept_next(wait_ms).await?;
            wait_ms = match self.advance_all().await? {
                Progress::Idle => WAIT_MS,
                Progress::HeldUp => HELD_UP_MS,
                Progress::Done => 0,
            };
            self.clean_up().await?;
        }
    }

    /// One step of every request under way, if no other process of the service is at it.
    async fn advance_all(&self) -> Result<Progress, PublisherError> {
        let engine = &self.runtime.engine;
        let requests = open_request::list(engine.as_ref()).await?;
        if requests.is_empty() {
            return Ok(Progress::Idle);
        }
        let lease = engine.lease("owner", self.runtime.instance, LEASE_MS).await;
        if !lease.map_err(CommitError::from)? {
            return Ok(Progress::HeldUp);
        }
        let mut progress = Progress::Done;
        for open in &requests {
            let depth = engine.outbox_depth().await.map_err(CommitError::from)?;
            if depth.rows >= OUTBOX_ENOUGH {
                return Ok(Progress::HeldUp);
            }
            if let Err(error) = self.advance(open).await {
                let request = &open.state.request;
                self.runtime.outages.failed(
                    &error,
                    || tracing::warn!(%error, ?request, "a request is held up"),
                );
                progress = Progress::HeldUp;
                if requests.len() >= open_request::AT_ONCE as usize {
                    self.postpone(open).await?;
                }
            }
        }
        Ok(progress)
    }

    /// Puts a request that is held up behind the others.
    async fn postpone(&self, request: &OpenRequest) -> Result<(), CommitError> {
        let now = self.runtime.engine.now().await?;
        let postponed = vec![request.postponed(now)];
        match self.commit(postponed, StepOutput::default()).await {
            // It went on in the meantime.
            Err(CommitError::Conflict) => Ok(()),
            outcome => outcome,
        }
    }

    /// One step of a request, as large as others let it be.
    async fn advance(&self, open: &OpenRequest) -> Result<(), PublisherError> {
        let request = &open.state.request;
        let known = request
            .aggregate_type()
            .and_then(|name| self.owned.iter().find(|owned| owned.name == name));
        let now = self.runtime.engine.now().await.map_err(CommitError::from)?;
        let (Some(aggregate), Some(id)) = (known, request.request()) else {
            tracing::warn!(?request, "nothing like that is owned here");
            let done = open.advanced(NextStep::Nothing, now);
            return Ok(self.commit(vec![done], StepOutput::default()).await?);
        };
        for limit in PAGES {
            let step = Step {
                runtime: &self.runtime,
                aggregate,
                request: id,
                now,
                limit,
            };
            if self.take(&step, open).await? {
                break;
            }
        }
        Ok(())
    }

    /// Takes a step; false when others changed what it had read.
    async fn take(&self, step: &Step<'_>, open: &OpenRequest) -> Result<bool, PublisherError> {
        let mut output = step.run(&open.state).await.map_err(CommitError::from)?;
        self.publish(&mut output).await?;
        let advanced = vec![open.advanced(output.next.clone(), step.now)];
        let repeats = output.checks.is_empty();
        match self.commit(advanced.clone(), output).await {
            Err(CommitError::Conflict) if repeats && step.limit == 1 => {
                // An event that still waits in the outbox need not be sent again.
                Ok(self
                    .commit(advanced, StepOutput::default())
                    .await
                    .map(|()| true)?)
            }
            Err(CommitError::Conflict) => Ok(false),
            outcome => Ok(outcome.map(|()| true)?),
        }
    }

    /// Publishes what goes to the broker at once.
    async fn publish(&self, output: &mut StepOutput) -> Result<(), PublisherError> {
        let Some((topic, messages)) = output.published.take() else {
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

    async fn commit(
        &self,
        documents: Vec<DocumentWrite>,
        output: StepOutput,
    ) -> Result<(), CommitError> {
        let write = WriteSet {
            checks: output.checks,
            events: output.events,
            documents,
            ..WriteSet::default()
        };
        let emits = !write.events.is_empty();
        self.runtime.engine.commit(write).await?;
        if emits {
            self.runtime.outbox_wake_up.send();
        }
        Ok(())
    }

    /// Now and then, deletes what is too old.
    async fn clean_up(&mut self) -> Result<(), CommitError> {
        if self
            .cleaned_up
            .is_some_and(|at| at.elapsed() < CLEANUP_INTERVAL)
        {
            return Ok(());
        }
        self.cleaned_up = Some(Instant::now());
        let engine = &self.runtime.engine;
        let now = engine.now().await?;
        let retention = i64::try_from(self.retention.as_micros()).unwrap_or(i64::MAX);
        let before = now.as_microseconds().saturating_sub(retention);
        if let Some(before) = Timestamp::from_microseconds(before) {
            engine.trim_event_log(before).await?;
        }
        let old = open_request::expired(engine.as_ref(), now).await?;
        match self.commit(old, StepOutput::default()).await {
            // Another process cleans up as well.
            Err(CommitError::Conflict) => Ok(()),
            outcome => outcome,
        }
    }
}
