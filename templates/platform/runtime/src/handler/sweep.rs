//! What a handler looks after between messages: what waits, what was asked for in vain, queues that
//! an operator has let go; and its metrics.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use prometheus::IntGaugeVec;
use serde::Deserialize;
use uuid::Uuid;

use super::ask::{self, Ask, AskError};
use super::generations::State;
use super::metrics;
use super::parked;
use super::partition::{Ends, Partition};
use super::queue::Block;
use super::reactor::Scope;
use super::release;
use super::replica;
use super::run::Runner;
use platform_contract::envelope::{Control, partition_of};
use platform_ports::broker::Delivery;
use platform_ports::engine::{Documents, DocumentsQuery, EngineError};

/// How often a handler is measured while it reads.
const MEASURED: Duration = Duration::from_secs(1);
/// How often while it reads nothing.
const AT_REST: Duration = Duration::from_secs(10);
/// How often a handler that is not filled asks again.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// How many steps are taken for one key before others have their turn.
const STEPS: u32 = 20;

pub(super) static WAITING: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_parked_keys",
        "Aggregates with messages that wait, for one before them or for an upgrade.",
    )
});
pub(super) static BLOCKED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_blocked_keys",
        "Aggregates blocked by a message that could not be handled.",
    )
});
pub(super) static LAG: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_consumer_lag",
        "Messages but heartbeats that the handler has not handled for a second or longer, of the partitions that this process reads.",
    )
});
pub(super) static FILLED: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    metrics::gauge(
        "microdb_projection_filled",
        "1 when the projection has got all it has to show.",
    )
});

/// What a handler has looked after, and when it is to again.
#[derive(Debug)]
pub(super) struct Sweeper {
    /// Whether there may be something to look after.
    called: bool,
    asked: Option<Instant>,
    measured: Option<Instant>,
    /// Whether it has read anything since it was measured, or lags behind.
    moves: bool,
    ends: Ends,
}

impl Default for Sweeper {
    /// One that has not looked yet.
    fn default() -> Self {
        Self {
            called: true,
            asked: None,
            measured: None,
            moves: false,
            ends: Ends::default(),
        }
    }
}

impl Sweeper {
    /// Lets it look after what waits.
    pub const fn call(&mut self) {
        self.called = true;
    }

    /// Notes what the handler has got to read.
    pub fn reads(&mut self, deliveries: &[Delivery]) {
        let is_beat = |delivery: &Delivery| Control::is_heartbeat(&delivery.wire);
        self.moves |= !deliveries.iter().all(is_beat);
    }

    /// How long until a handler that reads these partitions is to be measured.
    pub fn due_in(&self, partitions: &BTreeMap<u32, Partition>) -> Duration {
        if partitions.is_empty() {
            // Those are measured who read.
            return AT_REST;
        }
        let pause = if self.moves { MEASURED } else { AT_REST };
        let since = self.measured.map_or(pause, |at| at.elapsed());
        pause.saturating_sub(since)
    }

    /// Looks, and measures, when it is time; whether there is more to do at once.
    pub async fn sweep(
        &mut self,
        runner: &mut Runner,
        partitions: &BTreeMap<u32, Partition>,
    ) -> bool {
        if partitions.is_empty() {
            self.measured = None;
            return false;
        }
        if self.due_in(partitions).is_zero() {
            (self.measured, self.moves) = (Some(Instant::now()), false);
            if let Err(error) = self.measure(&runner.scope, partitions).await {
                let handler = runner.scope.about.handler;
                tracing::debug!(handler, %error, "the handler could not be measured");
            }
        }
        if !self.called && !runner.unfinished.load(Ordering::Relaxed) {
            return false;
        }
        self.called = false;
        match self.look(runner, partitions).await {
            Ok(busy) => {
                runner.unfinished.store(busy, Ordering::Relaxed);
                busy
            }
            Err(error) => {
                let handler = runner.scope.about.handler;
                runner.scope.runtime.outages.failed(
                    &error,
                    || tracing::warn!(handler, %error, "what waits could not be looked after"),
                );
                false
            }
        }
    }

    async fn look(
        &mut self,
        runner: &mut Runner,
        partitions: &BTreeMap<u32, Partition>,
    ) -> Result<bool, AskError> {
        let scope = runner.scope.clone();
        runner.refresh().await?;
        let busy = drain(runner, partitions).await?;
        release_queues(runner).await?;
        if scope.runtime.engine.count(Documents::Cursors).await? > 0 {
            ask::send_recorded(&scope).await?;
        }
        self.ask_for_everything(&scope).await?;
        Ok(busy)
    }

    /// Asks for what a generation waits for, under the same id until it comes.
    async fn ask_for_everything(&mut self, scope: &Scope) -> Result<(), AskError> {
        let (engine, handler) = (&scope.runtime.engine, scope.about.handler);
        let Some((state, _)) = State::load(&**engine, handler).await? else {
            return Ok(());
        };
        let lately = self.asked.is_some_and(|at| at.elapsed() < ASK_AGAIN);
        let begun = state.begun(scope.generation);
        let awaited = begun.and_then(|begun| begun.awaited.as_ref());
        let Some(awaited) = awaited.filter(|one| !one.missing.is_empty() && !lately) else {
            return Ok(());
        };
        self.asked = Some(Instant::now());
        if scope.about.projection.is_some() {
            ask::send_as(scope, awaited.request, Ask::Everything).await
        } else {
            ask::publish(
                scope,
                &platform_contract::envelope::Control::ReplayRequest {
                    request: awaited.request,
                    aggregate_type: scope.about.aggregate_type.to_owned(),
                },
            )
            .await
        }
    }

    /// Sets the handler's gauges, when this is the generation that counts.
    async fn measure(
        &mut self,
        scope: &Scope,
        partitions: &BTreeMap<u32, Partition>,
    ) -> Result<(), EngineError> {
        let (engine, handler) = (&scope.runtime.engine, scope.about.handler);
        let Some((state, _)) = State::load(&**engine, handler).await? else {
            return Ok(());
        };
        let Some(begun) = state
            .begun(scope.generation)
            .filter(|_| state.active == scope.generation)
        else {
            return Ok(());
        };
        if scope.about.projection.is_some() {
            FILLED
                .with_label_values(&[handler])
                .set(begun.is_complete().into());
            replica::measure_age(scope).await?;
        }
        match scope.runtime.broker.partitions(&begun.topic).await {
            Ok(now) => {
                let lag = self.ends.lag(partitions, now);
                LAG.with_label_values(&[handler]).set(lag);
                self.moves |= lag > 0;
            }
            Err(error) => tracing::debug!(handler, %error, "the lag could not be measured"),
        }
        Ok(())
    }
}

/// Takes up what waits, of the partitions that this process reads.
async fn drain(
    runner: &Runner,
    partitions: &BTreeMap<u32, Partition>,
) -> Result<bool, EngineError> {
    let scope = runner.scope.clone();
    let mut keys = Vec::new();
    if scope.runtime.engine.count(Documents::Parked).await? > 0 {
        keys = parked::keys(&scope).await?;
    }
    let number = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    WAITING
        .with_label_values(&[scope.about.handler])
        .set(number);
    let mine = |key: &Uuid| {
        let partition = partition_of(*key, scope.runtime.partitions);
        partitions.contains_key(&partition)
    };
    let mut busy = false;
    for key in keys.into_iter().filter(mine) {
        for step in 1..=STEPS {
            match runner.drain(key).await {
                Ok(true) => busy |= step == STEPS,
                Ok(false) => break,
                Err(error @ EngineError::Unavailable(_)) => return Err(error),
                // It stops no other.
                Err(error) => {
                    tracing::error!(%key, %error, "what waits for a key cannot be taken up");
                    break;
                }
            }
        }
    }
    Ok(busy)
}

/// Goes on with queues that an operator has let go, if he could not see it through.
async fn release_queues(runner: &Runner) -> Result<(), EngineError> {
    let scope = &runner.scope;
    let mut blocked = 0;
    for block in blocks(scope).await? {
        blocked += 1;
        if block.released {
            release::work_off(scope, &runner.mid_topic, block.aggregate).await?;
        }
    }
    BLOCKED
        .with_label_values(&[scope.about.handler])
        .set(blocked);
    Ok(())
}

async fn blocks(scope: &Scope) -> Result<Vec<Block>, EngineError> {
    let engine = &scope.runtime.engine;
    if engine.count(Documents::Blocks).await? == 0 {
        return Ok(Vec::new());
    }
    let query = DocumentsQuery {
        collection: Documents::Blocks,
        group: Some(scope.about.handler.to_owned()),
        due_by: None,
        heads_only: false,
        after: None,
        limit: 10_000,
    };
    let mut blocks = Vec::new();
    for document in engine.documents(&query).await? {
        let block = Block::deserialize(&document.body)
            .map_err(|error| EngineError::Corrupt(format!("{}: {error}", document.key)))?;
        blocks.extend(Some(block).filter(|block| block.generation == scope.generation));
    }
    Ok(blocks)
}
