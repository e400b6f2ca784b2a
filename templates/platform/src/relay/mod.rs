//! Carries messages from the outbox to the broker.
//!
//! A pass reads the oldest messages of a shard, publishes them, and deletes what the broker has
//! acknowledged: of each key the messages up to the first one that was not taken. Every pass begins
//! at the first message there is, so nothing is skipped for having been committed late. Several
//! relays on one shard do double work, which a lease avoids, but no harm: each publishes every key
//! from its first unsent message on, and readers pass over what they have had.

mod back_off;
mod heartbeat;
mod metrics;
mod plan;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use self::back_off::BackOff;
use self::heartbeat::Heartbeats;
use self::plan::{Plan, Settled};
use crate::broker::BrokerError;
use crate::engine::EngineError;
use crate::hold;
use crate::lease::Lease;
use crate::runtime::Runtime;

/// How many messages one pass publishes at most.
const BATCH: usize = 500;

/// How long a relay has its shard without renewing, in milliseconds.
const LEASE_MS: u64 = 2_000;

/// The pause after a pass that found something, when nobody rings.
const SHORTEST: Duration = Duration::from_millis(2);

/// The longest pause between passes; commits of this process ring, those of others do not.
const LONGEST: Duration = Duration::from_millis(50);

/// The longest pause after a failure.
const BACK_OFF: Duration = Duration::from_secs(2);

/// The pause between two looks at how much waits, for operators.
const OBSERVATION: Duration = Duration::from_secs(1);

/// How long a relay goes on publishing when its service shuts down.
const DRAIN: Duration = Duration::from_secs(5);

/// A part of the outbox: the partitions that leave `number` when divided by `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub number: u32,
    /// How many shards there are: as many as the engine divides the outbox into.
    pub of: u32,
}

impl Shard {
    /// The only one, where the outbox is not divided.
    pub const WHOLE: Self = Self { number: 0, of: 1 };

    /// All parts of an outbox that is divided into so many.
    pub fn all(of: u32) -> impl Iterator<Item = Self> {
        (0..of).map(move |number| Self { number, of })
    }

    /// Whether a partition is in it.
    fn has(self, partition: u32) -> bool {
        partition.checked_rem(self.of) == Some(self.number)
    }
}

/// Carries the messages of one shard.
pub struct Relay {
    runtime: Arc<Runtime>,
    shard: Shard,
    heartbeats: Heartbeats,
    back_off: BackOff,
    shutdown: watch::Receiver<bool>,
    pause: Duration,
    lease: Lease,
    observed: Option<Instant>,
    /// Messages that the last pass found and could not publish: the next has to look past them.
    blocked: usize,
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

impl Relay {
    /// A relay for one shard of a service; `topics` are those of the aggregates it owns, which get
    /// its heartbeats.
    pub fn new(runtime: Arc<Runtime>, shard: Shard, topics: &[String]) -> Self {
        let partitions: Vec<_> = (0..runtime.partitions)
            .filter(|partition| shard.has(*partition))
            .collect();
        Self {
            heartbeats: Heartbeats::new(&runtime, topics, &partitions),
            back_off: BackOff::default(),
            shutdown: runtime.shutdown.clone(),
            runtime,
            shard,
            pause: SHORTEST,
            lease: Lease::new(format!("relay/{}", shard.number), LEASE_MS),
            observed: None,
            blocked: 0,
        }
    }

    /// Works until the service shuts down, and then until the outbox is empty, or it takes too long.
    pub async fn run(mut self) {
        while !*self.shutdown.borrow() {
            self.turn().await;
            self.rest().await;
        }
        self.drain().await;
    }

    /// One pass, when the shard is this relay's; afterwards the pause says when to come again.
    async fn turn(&mut self) {
        let outcome = match self.lease.hold(&self.runtime).await {
            Ok(true) => self.pass().await,
            Ok(false) => {
                self.pause = LONGEST;
                return;
            }
            Err(error) => Err(error.into()),
        };
        self.pause = match outcome {
            Ok(0) => self.longer(LONGEST),
            Ok(_) => SHORTEST,
            Err(error) => {
                tracing::warn!(%error, shard = self.shard.number, "the relay is held up");
                self.longer(BACK_OFF)
            }
        };
    }

    fn longer(&self, longest: Duration) -> Duration {
        (self.pause * 3 / 2).min(longest)
    }

    /// Waits for the bell, the end of the pause or the end of the service.
    async fn rest(&mut self) {
        let held_up = self.pause > LONGEST;
        tokio::select! {
            () = self.runtime.outbox_bell.notified(), if !held_up => {}
            () = tokio::time::sleep(self.pause) => {}
            _ = self.shutdown.changed() => {}
        }
    }

    /// Reads, publishes, deletes, and says how fresh the partitions now are; how many messages left
    /// the outbox.
    async fn pass(&mut self) -> Result<usize, PassError> {
        let engine = Arc::clone(&self.runtime.engine);
        // Before the read: what is committed later is not promised by the heartbeat.
        let as_of = engine.now().await?;
        let limit = BATCH + self.blocked;
        let limit_rows = u32::try_from(limit).unwrap_or(u32::MAX);
        let rows = engine.outbox(self.shard.number, limit_rows).await?;
        let complete = rows.len() < limit;
        let mut plan = Plan::new(rows, &self.back_off.waiting(Instant::now()));
        let settled = self.publish(&plan).await?;
        self.back_off.update(settled.failed, Instant::now());
        plan.acknowledged(&settled.acknowledged);
        self.blocked = plan.waiting();
        metrics::waiting(self.blocked);
        if complete {
            let beats = self.heartbeats.at(as_of, &plan.undrained());
            self.runtime.broker.publish(&beats).await?;
        }
        if self.observed.is_none_or(|at| at.elapsed() >= OBSERVATION) {
            self.observed = Some(Instant::now());
            metrics::depth(engine.outbox_depth().await?, as_of);
        }
        Ok(settled.acknowledged.len())
    }

    async fn publish(&self, plan: &Plan) -> Result<Settled, PassError> {
        let publications = plan.publications();
        if publications.is_empty() {
            return Ok(Settled::default());
        }
        hold::at("relay.before-publish").await;
        let outcomes = self.runtime.broker.publish(&publications).await?;
        let settled = plan.settle(outcomes);
        metrics::count(&settled);
        hold::at("relay.before-acknowledge").await;
        let engine = &self.runtime.engine;
        if !settled.acknowledged.is_empty() {
            engine.acknowledge(&settled.acknowledged).await?;
        }
        for (id, why) in &settled.refused {
            tracing::error!(%id, why, "the broker refuses a message; its key is blocked");
            engine.refuse(*id, Some(why)).await?;
        }
        Ok(settled)
    }

    /// Publishes what is left, and gives the shard back.
    async fn drain(&mut self) {
        let started = Instant::now();
        while self.lease.is_held() && started.elapsed() < DRAIN {
            match self.pass().await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the outbox is not drained; its messages wait in it");
                    break;
                }
            }
        }
        if let Err(error) = self.lease.release(&self.runtime).await {
            tracing::debug!(%error, "the lease of the relay runs out by itself");
        }
    }
}
