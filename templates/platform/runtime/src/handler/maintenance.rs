//! The maintenance of a handler between messages: it takes up what waits, asks again for what did not
//! come, works off queues that an operator has released; and measures itself.

pub(super) mod gauges;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde::Deserialize;
use uuid::Uuid;

use self::gauges::{BLOCKED, WAITING};
use super::blocked_queue::BlockedKey;
use super::event_handler::HandlerContext;
use super::handler_state::HandlerState;
use super::parked;
use super::partition::{EndOffsets, Partition};
use super::processor::MessageProcessor;
use super::recovery::{self, RecoveryError, RecoveryRequest};
use super::release;
use platform_contract::envelope::{Control, partition_of};
use platform_ports::broker::Delivery;
use platform_ports::engine::{Documents, DocumentsQuery, EngineError};

/// How often a handler is measured while it reads.
const MEASURED: Duration = Duration::from_secs(1);
/// How often while it reads nothing.
const AT_REST: Duration = Duration::from_secs(10);
/// How often a handler that is not filled asks again.
const REQUEST_AGAIN: Duration = Duration::from_secs(5);
/// How many steps are taken for one key before others have their turn.
const STEPS: u32 = 20;

/// When a handler was maintained, and when it is to be again.
#[derive(Debug)]
pub(super) struct Maintenance {
    /// Whether there may be something to look after.
    demanded: bool,
    requested: Option<Instant>,
    measured: Option<Instant>,
    /// Whether it has read anything since it was measured, or lags behind.
    moves: bool,
    ends: EndOffsets,
}

impl Default for Maintenance {
    /// One that has not run yet.
    fn default() -> Self {
        Self {
            demanded: true,
            requested: None,
            measured: None,
            moves: false,
            ends: EndOffsets::default(),
        }
    }
}

impl Maintenance {
    /// Lets it run the next time.
    pub const fn demand(&mut self) {
        self.demanded = true;
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

    /// Runs, and measures, when it is time; whether there is more to do at once.
    pub async fn run(
        &mut self,
        processor: &mut MessageProcessor,
        partitions: &BTreeMap<u32, Partition>,
    ) -> bool {
        if partitions.is_empty() {
            self.measured = None;
            return false;
        }
        if self.due_in(partitions).is_zero() {
            (self.measured, self.moves) = (Some(Instant::now()), false);
            if let Err(error) = self.measure(&processor.context, partitions).await {
                let handler = processor.context.descriptor.id;
                tracing::debug!(handler, %error, "the handler could not be measured");
            }
        }
        if !self.demanded && !processor.unfinished.load(Ordering::Relaxed) {
            return false;
        }
        self.demanded = false;
        match self.maintain(processor, partitions).await {
            Ok(busy) => {
                processor.unfinished.store(busy, Ordering::Relaxed);
                busy
            }
            Err(error) => {
                let handler = processor.context.descriptor.id;
                processor.context.runtime.outages.failed(
                    &error,
                    || tracing::warn!(handler, %error, "what waits could not be looked after"),
                );
                false
            }
        }
    }

    async fn maintain(
        &mut self,
        processor: &mut MessageProcessor,
        partitions: &BTreeMap<u32, Partition>,
    ) -> Result<bool, RecoveryError> {
        let context = processor.context.clone();
        processor.refresh().await?;
        let busy = drain(processor, partitions).await?;
        release_queues(processor).await?;
        if context.runtime.engine.count(Documents::Cursors).await? > 0 {
            recovery::send_recorded(&context).await?;
        }
        self.request_awaited(&context).await?;
        Ok(busy)
    }

    /// Asks for what a generation waits for, under the same id until it comes.
    async fn request_awaited(&mut self, context: &HandlerContext) -> Result<(), RecoveryError> {
        let (engine, handler) = (&context.runtime.engine, context.descriptor.id);
        let Some((state, _)) = HandlerState::load(&**engine, handler).await? else {
            return Ok(());
        };
        let recently = self
            .requested
            .is_some_and(|at| at.elapsed() < REQUEST_AGAIN);
        let generation_state = state.generation(context.generation);
        let awaited =
            generation_state.and_then(|generation_state| generation_state.awaited.as_ref());
        let Some(awaited) = awaited.filter(|one| !one.missing.is_empty() && !recently) else {
            return Ok(());
        };
        self.requested = Some(Instant::now());
        if context.descriptor.projection.is_some() {
            recovery::send_as(context, awaited.request, RecoveryRequest::AllSnapshots).await
        } else {
            recovery::publish(
                context,
                &platform_contract::envelope::Control::ReplayRequest {
                    request: awaited.request,
                    aggregate_type: context.descriptor.aggregate_type.to_owned(),
                },
            )
            .await
        }
    }
}

/// Takes up what waits, of the partitions that this process reads.
async fn drain(
    processor: &MessageProcessor,
    partitions: &BTreeMap<u32, Partition>,
) -> Result<bool, EngineError> {
    let context = processor.context.clone();
    let mut keys = Vec::new();
    if context.runtime.engine.count(Documents::Parked).await? > 0 {
        keys = parked::keys(&context).await?;
    }
    let number = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    WAITING
        .with_label_values(&[context.descriptor.id])
        .set(number);
    let mine = |key: &Uuid| {
        let partition = partition_of(*key, context.runtime.partitions);
        partitions.contains_key(&partition)
    };
    let mut busy = false;
    for key in keys.into_iter().filter(mine) {
        for step in 1..=STEPS {
            match processor.drain(key).await {
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

/// Goes on with queues that an operator has released, if he could not see it through.
async fn release_queues(processor: &MessageProcessor) -> Result<(), EngineError> {
    let context = &processor.context;
    let mut blocked = 0;
    for blocked_key in blocked_keys(context).await? {
        blocked += 1;
        if blocked_key.released {
            release::work_off(context, &processor.mid_topic, blocked_key.aggregate).await?;
        }
    }
    BLOCKED
        .with_label_values(&[context.descriptor.id])
        .set(blocked);
    Ok(())
}

async fn blocked_keys(context: &HandlerContext) -> Result<Vec<BlockedKey>, EngineError> {
    let engine = &context.runtime.engine;
    if engine.count(Documents::Blocks).await? == 0 {
        return Ok(Vec::new());
    }
    let query = DocumentsQuery {
        collection: Documents::Blocks,
        group: Some(context.descriptor.id.to_owned()),
        due_by: None,
        heads_only: false,
        after: None,
        limit: 10_000,
    };
    let mut blocked_keys = Vec::new();
    for document in engine.documents(&query).await? {
        let blocked_key = BlockedKey::deserialize(&document.body)
            .map_err(|error| EngineError::Corrupt(format!("{}: {error}", document.key)))?;
        blocked_keys.extend(
            Some(blocked_key).filter(|blocked_key| blocked_key.generation == context.generation),
        );
    }
    Ok(blocked_keys)
}
