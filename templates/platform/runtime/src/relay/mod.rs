//! Carries messages from the outbox to the broker.
//!
//! A pass reads the oldest messages of a shard, publishes them, and deletes what the broker has
//! acknowledged: of each key the messages up to the first one that was not taken. Every pass begins
//! at the first message there is, so nothing is skipped for having been committed late. Several
//! relays on one shard do double work, which a lease avoids, but no harm: each publishes every key
//! from its first unsent message on, and readers pass over what they have had.
//!
//! The database works while the broker does: what earlier passes published is deleted, many messages
//! together, and where more waits than a pass takes, the next pass's messages are read at the same time,
//! all that there are but those. They are used if the broker takes all that are on their way.

mod back_off;
mod heartbeat;
mod metrics;
mod plan;
mod schedule;
mod shard;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use uuid::Uuid;

use self::back_off::BackOff;
pub use self::heartbeat::HeartbeatTopic;
use self::heartbeat::Heartbeats;
use self::plan::Plan;
use self::schedule::{Next, SHORTEST};
pub use self::shard::Shard;
use crate::Runtime;
use crate::task;
use crate::wake_up::WakeUpReceiver;
use platform_contract::envelope::Control;
use platform_contract::value::Timestamp;
use platform_ports::broker::{BrokerError, Publication, PublishOutcome};
use platform_ports::engine::{EngineError, OutboxRow};
use platform_ports::fail_point;
use platform_ports::outage::{Cause, Dependency};

/// How many messages one pass publishes at most.
pub const BATCH: usize = 2_000;

/// How many bytes a batch is to have at most, if its messages are as large as those before.
const BYTES: usize = 8 << 20;

/// How many messages a relay publishes at most before it knows how large they are.
const FIRST: usize = 100;

/// How many published messages are deleted together, where more come all the time.
const DELETION: usize = 256;

/// The pause between two looks at how much waits, for operators.
const OBSERVATION: Duration = Duration::from_secs(1);

/// Carries the messages of one shard.
pub struct Relay {
    runtime: Arc<Runtime>,
    shard: Shard,
    heartbeats: Heartbeats,
    back_off: BackOff,
    shutdown: watch::Receiver<bool>,
    wake_up: WakeUpReceiver,
    next: Next,
    pause: Duration,
    /// When there was last something to publish.
    moved: Instant,
    /// Whether another relay may have the shard.
    shared: bool,
    observed: Option<Instant>,
    /// How many messages the next batch has at most.
    limit: usize,
    /// Messages that the last pass found and could not publish: the next has to look past them.
    blocked: usize,
    /// What the next pass has to publish, where it was read already.
    ahead: Option<Batch>,
    /// Messages that the broker has, and that are still to be deleted.
    published: Vec<Uuid>,
}

/// The oldest messages of a shard.
struct Batch {
    /// The database's time before they were read, where it was asked for: what is committed later is
    /// not promised by the heartbeat.
    as_of: Option<Timestamp>,
    rows: Vec<OutboxRow>,
    /// Whether nothing else waited.
    complete: bool,
}

/// Why a pass came to nothing.
#[derive(Debug, thiserror::Error)]
enum PassError {
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The broker failed.
    #[error(transparent)]
    Broker(#[from] BrokerError),
}

impl Cause for PassError {
    fn cause(&self) -> Option<Dependency> {
        match self {
            Self::Engine(error) => error.cause(),
            Self::Broker(error) => error.cause(),
        }
    }
}

impl Relay {
    /// A relay for one shard of a service; `heartbeats` are the topics of the aggregates it owns
    /// that others have replicas of.
    pub fn new(runtime: Arc<Runtime>, shard: Shard, heartbeats: &[HeartbeatTopic]) -> Self {
        metrics::declare();
        let partitions: Vec<_> = (0..runtime.partitions)
            .filter(|partition| shard.has(*partition))
            .collect();
        Self {
            heartbeats: Heartbeats::new(&runtime, heartbeats, &partitions),
            back_off: BackOff::default(),
            shutdown: runtime.shutdown.clone(),
            wake_up: runtime.outbox_wake_up.subscribe(),
            runtime,
            shard,
            next: Next::Pass,
            pause: SHORTEST,
            moved: Instant::now(),
            shared: true,
            observed: None,
            limit: FIRST,
            blocked: 0,
            ahead: None,
            published: Vec::new(),
        }
    }

    /// Publishes what waits, deletes it, and says how fresh the partitions now are; how many messages
    /// the broker has taken.
    async fn pass(&mut self) -> Result<usize, PassError> {
        let batch = match self.ahead.take() {
            Some(batch) => batch,
            None => {
                let limit = self.limit + self.blocked;
                self.reading(self.published.clone(), limit).await?
            }
        };
        let mut plan = Plan::new(batch.rows, &self.back_off.waiting(Instant::now()));
        let publications = plan.publications();
        self.limit = limit_after(&publications).unwrap_or(self.limit);
        let mut known = plan.ids();
        // What is held up is read again in any case, and all with it.
        let goes_on = !batch.complete && publications.len() == known.len();
        known.extend(&self.published);
        let deletes = publications.is_empty() || self.published.len() >= DELETION;
        let (ahead, outcomes) = tokio::join!(
            self.meanwhile(deletes, goes_on.then_some(known)),
            self.publish(&publications)
        );
        if deletes && ahead.is_ok() {
            self.published.clear();
        }
        let outcomes = outcomes?;
        let answers = publications.iter().zip(&outcomes);
        for (answer, _) in answers.filter(|(one, outcome)| is_taken_answer(one, outcome)) {
            self.heartbeats.hasten(answer);
        }
        let outcome = plan.settle(outcomes);
        metrics::count(&outcome);
        self.back_off.update(outcome.failed, Instant::now());
        self.published.extend(&outcome.acknowledged);
        self.refuse(&outcome.refused).await?;
        plan.acknowledged(&outcome.acknowledged);
        self.blocked = plan.waiting();
        metrics::waiting(self.blocked);
        // What was not taken comes before anything else, so it is read again.
        self.ahead = ahead?.filter(|_| self.blocked == 0);
        if let Some(as_of) = batch.as_of {
            if batch.complete {
                let heartbeats = self.heartbeats.at(as_of, &plan.undrained());
                self.runtime.broker.publish(&heartbeats).await?;
            }
            if self.observes() {
                self.observe(as_of).await?;
            }
        }
        Ok(outcome.acknowledged.len())
    }

    /// What the database does while the broker has a batch: it deletes what was published, and reads on
    /// beyond these messages, each where that is asked for.
    async fn meanwhile(
        &self,
        deletes: bool,
        known: Option<Vec<Uuid>>,
    ) -> Result<Option<Batch>, EngineError> {
        let reading = known.map(|known| tokio::spawn(self.reading(known, self.limit)));
        if deletes {
            self.acknowledge().await?;
        }
        match reading {
            Some(reading) => task::result(reading.await).transpose(),
            None => Ok(None),
        }
    }

    /// Reads the oldest messages but those that are known.
    fn reading(
        &self,
        known: Vec<Uuid>,
        limit: usize,
    ) -> impl Future<Output = Result<Batch, EngineError>> + use<> {
        let (runtime, shard) = (Arc::clone(&self.runtime), self.shard.number);
        let asks = self.observes() || self.heartbeats.are_due();
        async move {
            let as_of = match asks {
                true => Some(runtime.engine.now().await?),
                false => None,
            };
            let rows = u32::try_from(limit).unwrap_or(u32::MAX);
            let rows = runtime.engine.outbox_beyond(shard, &known, rows).await?;
            Ok(Batch {
                as_of,
                complete: rows.len() < limit,
                rows,
            })
        }
    }

    /// Whether it is time to look at how much waits.
    fn observes(&self) -> bool {
        self.observed.is_none_or(|at| at.elapsed() >= OBSERVATION)
    }

    /// Looks at how much waits.
    async fn observe(&mut self, now: Timestamp) -> Result<u64, EngineError> {
        self.observed = Some(Instant::now());
        let depth = self.runtime.engine.outbox_depth().await?;
        metrics::depth(depth, now);
        Ok(depth.rows)
    }

    async fn publish(
        &self,
        publications: &[Publication],
    ) -> Result<Vec<PublishOutcome>, BrokerError> {
        if publications.is_empty() {
            return Ok(Vec::new());
        }
        fail_point::reach("relay.before-publish").await;
        let outcomes = self.runtime.broker.publish(publications).await?;
        fail_point::reach("relay.before-acknowledge").await;
        Ok(outcomes)
    }

    async fn refuse(&self, refused: &[(Uuid, String)]) -> Result<(), EngineError> {
        for (id, why) in refused {
            tracing::error!(%id, why, "the broker refuses a message; its key is blocked");
            self.runtime.engine.refuse(*id, Some(why)).await?;
        }
        Ok(())
    }

    async fn acknowledge(&self) -> Result<(), EngineError> {
        match self.published.as_slice() {
            [] => Ok(()),
            published => self.runtime.engine.acknowledge(published).await,
        }
    }
}

/// Whether the broker has a message of the runtime's own: a partition is complete with it.
fn is_taken_answer(message: &Publication, outcome: &PublishOutcome) -> bool {
    *outcome == PublishOutcome::Acknowledged && Control::is(&message.wire)
}

/// How many messages a batch may have after these.
fn limit_after(publications: &[Publication]) -> Option<usize> {
    let size: usize = publications.iter().map(Publication::size).sum();
    let mean = size.checked_div(publications.len())?;
    Some((BYTES / mean.max(1)).clamp(1, BATCH))
}
